import { defineCheckoutElement } from '/dist/element.js';
import { openCheckout } from '/dist/index.js';
import { gifts, products } from './products.js';
import { currency, isReady, listProducts, make, toPay } from './store.js';

const SHIPPING = '4.90';

const codes = [
  { code: 'XMAS-20-2021', hint: '20 % off all items' },
  { code: 'SHIPFREE', hint: 'free shipping' },
  { code: 'SHOES5', hint: '5 off each pair of shoes' },
  { code: 'VIP', hint: 'asks you to sign in' },
  { code: 'EXPIRED', hint: 'too late' },
  { code: 'SOON', hint: 'too early' },
  { code: 'USEDUP', hint: 'others were quicker' },
  { code: 'NT2K54D9', hint: 'a referral: 5 off for a friend', referral: true },
];

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {import('/dist/index.js').Checkout} */
let checkout;

defineCheckoutElement();
const element = /** @type {any} */ (document.querySelector('cartwright-checkout'));
const bar = byId('bar');
const newOrder = byId('new-order');
const showInProducts = listProducts(byId('products'), products, (item) => checkout.cart.add(item));

for (const { code, hint, referral } of codes) {
  const button = /** @type {HTMLButtonElement} */ (make('button', 'code', code));
  button.type = 'button';
  button.dataset.testid = `code-${code}`;
  button.addEventListener('click', () => {
    if (!isReady(checkout?.getSnapshot())) return;
    if (referral) checkout.referral.set(code);
    else checkout.coupons.add(code);
  });
  byId('codes').append(make('li', '', button, make('span', '', hint)));
}

/** @param {import('/dist/index.js').Checkout} opened */
function show(opened) {
  checkout = opened;
  checkout.subscribe(render);
  element.checkout = checkout;
  render();
}

function render() {
  const snapshot = checkout.getSnapshot();
  if (isReady(snapshot)) prepare(snapshot);
  showInProducts(snapshot);
  const units = snapshot.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  byId('bar-count').textContent = units === 1 ? '1 item' : `${units} items`;
  byId('bar-payable').textContent = toPay(snapshot);
  cartFilled = units > 0 && snapshot.state === 'open';
  showBar();
  newOrder.hidden = snapshot.state === 'open';
}

/**
 * Gives a cart what this shop always gives it: the shipping cost, and pictures, which no server keeps.
 * @param {import('/dist/index.js').Snapshot} snapshot
 */
function prepare(snapshot) {
  if (snapshot.lines.length > 0 && !snapshot.draft.additionalCosts?.shipping) checkout.costs.set('shipping', SHIPPING);
  for (const { id, sku, meta } of snapshot.lines) {
    const image =
      products.find((product) => product.sku === sku)?.image ?? gifts[/** @type {keyof typeof gifts} */ (sku)]?.image;
    if (image && !meta) checkout.cart.update(id, { meta: { image } });
  }
}

let cartFilled = false;
let cartSeen = false;
const showBar = () => {
  bar.hidden = !cartFilled || cartSeen;
};
new IntersectionObserver(
  ([cart]) => {
    cartSeen = cart?.isIntersecting ?? false;
    showBar();
  },
  { rootMargin: '0px 0px -25% 0px' },
).observe(byId('cart'));

newOrder.addEventListener('click', async () => {
  show(await checkout.startNew());
  byId('products-title').focus();
});

show(await openCheckout({ currency }));
