import { formatAmount } from '/dist/index.js';
import { cartItem, products } from './products.js';

/** @typedef {import('/dist/index.js').Checkout} Checkout */
/** @typedef {import('/dist/index.js').Snapshot} Snapshot */

/** The currency and the locale of the demo store. */
export const currency = 'EUR';
export const locale = 'en-IE';

/** @param {string} amount */
export const money = (amount) => formatAmount(amount, { currency, locale });

/**
 * What is to be paid, unless that of an earlier cart is all that is known.
 * @param {Snapshot} snapshot
 */
export function toPay({ quote, sync, totals }) {
  const isOnItsWay = sync.attempt === 0 && !['blocked', 'offline'].includes(sync.phase);
  return quote?.current === false && !isOnItsWay ? '—' : money(totals.payable);
}

/**
 * An element with a class and children.
 * @param {string} tag
 * @param {string} className
 * @param {...(Node | string)} children
 */
export function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/**
 * Lists the products with their buttons.
 * @param {HTMLElement} list
 * @param {typeof products} shown
 * @param {(item: ReturnType<typeof cartItem>) => void} add
 * @returns {(snapshot: Snapshot | undefined) => void} shows what is in the cart
 */
export function listProducts(list, shown, add) {
  const buttons = shown.map((product) => {
    const image = /** @type {HTMLImageElement} */ (make('img', ''));
    image.src = product.image;
    image.alt = '';
    image.width = image.height = 240;
    const name = make('h2', '', product.name);
    const button = /** @type {HTMLButtonElement} */ (make('button', 'add', 'Add to cart'));
    button.type = 'button';
    button.disabled = true;
    button.dataset.sku = product.sku;
    button.dataset.testid = `add-${product.sku}`;
    button.setAttribute('aria-label', `Add ${product.name} to cart`);
    button.addEventListener('click', () => add(cartItem(product)));
    const price = make('p', 'product-price', money(product.price));
    list.append(
      make(
        'li',
        'product',
        image,
        make('div', 'product-about', name, make('p', 'product-text', product.text), price, button),
      ),
    );
    return button;
  });
  return (snapshot) => {
    const ready = isReady(snapshot);
    for (const button of buttons) {
      const count = snapshot?.lines
        .filter(({ sku }) => sku === button.dataset.sku)
        .reduce((sum, { quantity }) => sum + quantity, 0);
      button.disabled = !ready;
      if (count) button.dataset.count = String(count);
      else delete button.dataset.count;
    }
  };
}

/**
 * Whether the cart may be filled: an edit before a kept session is read would replace it.
 * @param {Snapshot | undefined} snapshot
 */
export const isReady = (snapshot) =>
  snapshot?.state === 'open' && !['opening', 'closing'].includes(snapshot.sync.phase);
