// What the element tells of a line's price and costs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import texts from '../../www/shell/locales/en.js';
import { costsOf, struckOf } from '../../www/shell/view-lines.js';

test('the price without discounts is struck through, unless costs of the line make it less than what is to pay', () => {
  const off = [{ name: 'Off', amount: '12.50' }];
  assert.equal(struckOf({ subtotal: '20.00', payable: '7.50', discounts: off }), '20.00');
  assert.equal(struckOf({ subtotal: '9.00', payable: '10.00', discounts: [] }), undefined);
  assert.equal(struckOf({ subtotal: '20.00', payable: '20.49', discounts: off }), undefined);
  assert.equal(struckOf({ subtotal: '20.00', payable: '20.00', discounts: off }), undefined);
  assert.equal(struckOf({ discounts: off }), undefined);
});

test('the costs of a line are named, since its amount holds them', () => {
  const context = { texts, money: (/** @type {string} */ amount) => `€${amount}` };
  /** @type {any} */
  const snapshot = {
    lines: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
    draft: {
      cartItems: [
        { additionalCosts: { assembly: { price: '25.00' }, giftWrap: { price: '2.50' } } },
        {},
        { additionalCosts: {} },
      ],
    },
  };
  assert.deepEqual([...costsOf(snapshot, context)], [['a', 'Assembly €25.00 · Gift wrap €2.50']]);
  assert.deepEqual([...costsOf({ ...snapshot, draft: {} }, context)], []);
});
