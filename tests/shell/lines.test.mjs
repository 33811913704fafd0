// What the element strikes through in a line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { struckOf } from '../../www/shell/view-lines.js';

test('the price without discounts is struck through, unless costs of the line make it less than what is to pay', () => {
  const off = [{ name: 'Off', amount: '12.50' }];
  assert.equal(struckOf({ subtotal: '20.00', payable: '7.50', discounts: off }), '20.00');
  assert.equal(struckOf({ subtotal: '9.00', payable: '10.00', discounts: [] }), undefined);
  assert.equal(struckOf({ subtotal: '20.00', payable: '20.49', discounts: off }), undefined);
  assert.equal(struckOf({ subtotal: '20.00', payable: '20.00', discounts: off }), undefined);
  assert.equal(struckOf({ discounts: off }), undefined);
});
