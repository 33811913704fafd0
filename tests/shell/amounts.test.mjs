import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAmount, isCheckoutError, toMinorUnits } from 'cartwright';

/** @type {[amount: string | number | bigint, currency: string, units: bigint][]} */
const UNITS = [
  ['0', 'EUR', 0n],
  ['-0', 'EUR', 0n],
  ['19.99', 'EUR', 1999n],
  [19.99, 'EUR', 1999n],
  [0.1, 'EUR', 10n],
  [7n, 'EUR', 700n],
  ['0.005', 'EUR', 1n],
  ['0.0049999999999999999', 'EUR', 0n],
  ['-0.005', 'EUR', -1n],
  ['-0.004', 'EUR', 0n],
  ['1.005', 'EUR', 101n],
  [1.005, 'EUR', 101n],
  ['2.675', 'EUR', 268n],
  ['9.999', 'EUR', 1000n],
  ['99.5', 'JPY', 100n],
  ['100', 'JPY', 100n],
  ['1.0005', 'KWD', 1001n],
  ['1e3', 'EUR', 100000n],
  [1e-7, 'EUR', 0n],
  [1e15, 'EUR', 100000000000000000n],
  ['1701411834604692317', 'EUR', 170141183460469231700n],
  ['19.9000000000000000000000000000', 'EUR', 1990n],
];

test('minor units are rounded half up, away from zero, on exact digits', () => {
  for (const [amount, currency, units] of UNITS) {
    assert.equal(toMinorUnits(amount, currency), units, `${amount} ${currency}`);
  }
});

test('amounts are formatted with every digit', () => {
  /** @type {[amount: string | number | bigint, currency: string, locale: string, text: string][]} */
  const texts = [
    ['19.9', 'EUR', 'en', '€19.90'],
    ['1.005', 'EUR', 'en', '€1.01'],
    ['-1.005', 'EUR', 'en', '-€1.01'],
    ['-0.001', 'EUR', 'en', '€0.00'],
    ['99.5', 'JPY', 'en', '¥100'],
    ['0.0005', 'KWD', 'en', 'KWD 0.001'],
    ['123456789012345678.99', 'EUR', 'en', '€123,456,789,012,345,678.99'],
    ['1234.5', 'EUR', 'de', '1.234,50 €'],
  ];
  for (const [amount, currency, locale, text] of texts) {
    assert.equal(formatAmount(amount, { currency, locale }).replace(/\s/g, ' '), text);
  }
});

test('what is no amount is refused with the code of the core', () => {
  /** @type {[amount: unknown, code: string][]} */
  const wrong = [
    ['', 'amount_invalid'],
    ['abc', 'amount_invalid'],
    [' 1', 'amount_invalid'],
    ['+1', 'amount_invalid'],
    ['1.', 'amount_invalid'],
    ['.5', 'amount_invalid'],
    ['1,5', 'amount_invalid'],
    ['0x10', 'amount_invalid'],
    ['1e5000', 'amount_invalid'],
    [Number.NaN, 'amount_invalid'],
    [Number.POSITIVE_INFINITY, 'amount_invalid'],
    [null, 'amount_invalid'],
    [{}, 'amount_invalid'],
    ['1'.repeat(2 ** 20), 'amount_invalid'],
    [0.1 + 0.2, 'amount_inexact'],
    [2 ** 53, 'amount_inexact'],
    ['1e19', 'amount_out_of_range'],
    [10n ** 30n, 'amount_out_of_range'],
    ['1e-21', 'amount_out_of_range'],
    ['1701411834604692318', 'amount_out_of_range'],
  ];
  for (const [amount, code] of wrong) {
    for (const work of [
      () => toMinorUnits(/** @type {any} */ (amount), 'EUR'),
      () => formatAmount(/** @type {any} */ (amount), { currency: 'EUR' }),
    ]) {
      assert.throws(work, (error) => isCheckoutError(error) && error.code === code, `${String(amount).slice(0, 30)}`);
    }
  }
});

test('a wrong currency or locale is named', () => {
  for (const currency of ['eur', 'EURO', '€', '']) {
    assert.throws(() => toMinorUnits(1, currency), { name: 'CheckoutError', code: 'option_invalid' });
  }
  assert.throws(() => formatAmount(1, { currency: 'EUR', locale: 'not a locale' }), {
    code: 'option_invalid',
    path: ['locale'],
  });
});
