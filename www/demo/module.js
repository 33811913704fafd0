import { openCheckout } from '/dist/index.js';
import { products } from './products.js';
import { currency, isReady, listProducts, make, money, toPay } from './store.js';

/** @param {string} id */
const byId = (id) => /** @type {any} */ (document.getElementById(id));

/** @type {Record<string, string>} */
const words = {
  idle: 'Saved',
  offline: 'Offline, your changes are kept',
  waiting: 'Trying again',
  blocked: 'The shop refused this cart',
  opening: 'Loading…',
};

const checkout = await openCheckout({ currency, storageKey: 'module' });

const showInProducts = listProducts(byId('products'), products, (item) => checkout.cart.add(item));

/**
 * @param {string} label
 * @param {string} testId
 * @param {() => void} work
 */
function button(label, testId, work) {
  const node = /** @type {HTMLButtonElement} */ (make('button', '', label));
  node.type = 'button';
  node.dataset.testid = testId;
  node.addEventListener('click', work);
  return node;
}

function render() {
  const { lines, coupons, totals, quote, state, sync } = checkout.getSnapshot();
  showInProducts(checkout.getSnapshot());
  byId('lines').replaceChildren(
    ...lines.map(({ id, name, sku, quantity, payable, subtotal }) =>
      make(
        'li',
        '',
        `${quantity} × ${name ?? sku}`,
        make('span', '', money(payable ?? subtotal ?? '0')),
        button('Remove', 'remove', () => checkout.cart.remove(id)),
      ),
    ),
  );
  byId('coupons').replaceChildren(
    ...coupons.map(({ code, status }) =>
      make(
        'li',
        '',
        `${code}: ${status}`,
        button('Remove', 'coupon-remove', () => checkout.coupons.remove(code)),
      ),
    ),
  );
  byId('coupon-said').textContent = coupons
    .filter(({ status }) => status === 'rejected')
    .map(({ code, reason }) => `${code} was not accepted (${reason}).`)
    .join(' ');
  byId('total').textContent = money(totals.total);
  byId('discount').textContent = money(/[1-9]/.test(totals.discount) ? `-${totals.discount}` : totals.discount);
  byId('payable').textContent = toPay(checkout.getSnapshot());
  byId('order').disabled = !isReady(checkout.getSnapshot()) || lines.length === 0 || !quote?.current;
  byId('said').textContent = state === 'open' ? (words[sync.phase] ?? 'Saving…') : 'Thank you for your order!';
}

byId('coupon-form').addEventListener('submit', (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const result = checkout.coupons.add(byId('coupon').value);
  if (result.ok) byId('coupon').value = '';
  else byId('coupon-said').textContent = result.error.message;
});

byId('order').addEventListener('click', () => {
  checkout.close({ quote: checkout.getSnapshot().quote?.fingerprint }).catch((error) => {
    byId('said').textContent = error.message;
  });
});

checkout.subscribe(render);
render();
