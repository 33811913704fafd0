// The element: lines that must compile, and lines that must not.
import type { Snapshot } from 'cartwright';
import { defineCheckoutElement } from 'cartwright/element';
import 'cartwright/element/define';

defineCheckoutElement();
defineCheckoutElement('my-checkout', { defaults: { currency: 'EUR' } });
// @ts-expect-error a tag name is a text
defineCheckoutElement(5);

const element = document.createElement('cartwright-checkout');
element.currency = 'EUR';
element.sessionId = undefined;
const found = document.querySelector('cartwright-checkout');
found?.checkout?.cart.add({ sku: 'A' });
// @ts-expect-error an amount is no checkout
element.checkout = '1.00';

element.addEventListener('cartwright:checkout', (event) => {
  const { snapshot, waitUntil } = event.detail;
  const seen: Snapshot = snapshot;
  waitUntil(fetch(`/pay/${seen.sessionId}`));
  event.preventDefault();
  // @ts-expect-error no such detail
  event.detail.total;
});
element.addEventListener('click', (event) => event.clientX);
element.whenReady().then(({ getSnapshot }) => getSnapshot().lines.length);

const attributes: JSX.IntrinsicElements['cartwright-checkout'] = { currency: 'EUR', 'session-id': 'x' };
// @ts-expect-error attributes are spelt with dashes
attributes.sessionId = 'x';
