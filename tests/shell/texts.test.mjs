import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CheckoutError, isCheckoutError } from 'cartwright';
import locale from '../../www/shell/locales/en.js';
import { describe, TEXTS } from '../../www/shell/texts.js';
import { rejectionText } from '../../www/shell/wording.js';
import { CODES } from './codes.mjs';

test('every code has a text, and no text is without a code', () => {
  assert.deepEqual(Object.keys(TEXTS).sort(), [...CODES].sort());
});

test('texts are whole sentences with and without figures', () => {
  const figures = { path: ['cartItems', 3, 'quantity'], limit: 100, actual: 101 };
  for (const code of CODES) {
    for (const details of [figures, {}]) {
      const text = describe({ code, ...details });
      assert.match(text, /^[A-Z].*[.]$/, code);
      assert.doesNotMatch(text, /[{}[\]]|undefined|null|NaN|\s\s/, code);
    }
  }
  assert.equal(
    describe({ code: 'coupon_too_long', limit: 100, actual: 101 }),
    'This coupon code is too long: 101 characters, at most 100 are possible.',
  );
  assert.equal(describe({ code: 'value_type', path: ['a', 0] }), 'This value has the wrong type or is missing: a.0.');
});

test('every documented reason has a text of its own, and an unknown one a generic text', () => {
  const rows = readFileSync(new URL('../fixtures/models/reasons.tsv', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const documented = rows.slice(1).map((row) => row.split('\t'));
  const words = (/** @type {boolean} */ exclusion) => [
    ...new Set(
      documented.filter(([where]) => (where === 'campaignExclusionReason') === exclusion).map(([, word]) => word),
    ),
    'unknown',
  ];
  assert.deepEqual(Object.keys(locale.reasons).sort(), words(false).sort());
  assert.deepEqual(Object.keys(locale.exclusions).sort(), words(true).sort());
  for (const text of [...Object.values(locale.reasons), ...Object.values(locale.exclusions)]) {
    assert.match(text, /^[A-Z][^{}]*[.]$/);
  }
  const told = (/** @type {object} */ why) => rejectionText(locale, { code: 'A', ...why });
  const left = { reason: 'CouponPartOfNotTriggeredCampaign', campaignExclusionReason: 'CampaignGaveLowerDiscount' };
  assert.equal(told(left), `A: ${locale.exclusions.CampaignGaveLowerDiscount}`);
  assert.equal(told({ reason: left.reason }), `A: ${locale.reasons.CouponPartOfNotTriggeredCampaign}`);
  assert.equal(told({}), `A: ${locale.reasons.unknown}`);
  for (const word of ['BrandNew', 'constructor', '__proto__']) {
    assert.equal(told({ ...left, campaignExclusionReason: word }), `A: ${locale.exclusions.unknown}`);
    assert.equal(told({ reason: word }), `A: ${locale.reasons.unknown}`);
  }
});

test('values that a shopper or a page gave are shown as they are, and not at length', () => {
  assert.equal(describe({ code: 'line_unknown', actual: '{limit} $& [x]' }), 'There is no such line: {limit} $& [x].');
  assert.ok(describe({ code: 'line_unknown', actual: 'x'.repeat(2 ** 20) }).length < 200);
});

test('an unknown code still gives a text', () => {
  assert.equal(describe({ code: 'new_code' }), 'Refused (new_code).');
  assert.equal(describe({ code: 'constructor' }), 'Refused (constructor).');
});

test('a CheckoutError says all it knows, and is known by its name', () => {
  const cause = new Error('why');
  const error = new CheckoutError('rejected', { status: 400, problem: { message: 'no' }, retryable: false, cause });
  assert.ok(error instanceof Error);
  assert.equal(String(error), 'CheckoutError: The shop refused the request.');
  assert.deepEqual(
    { code: error.code, status: error.status, problem: error.problem, retryable: error.retryable, cause: error.cause },
    { code: 'rejected', status: 400, problem: { message: 'no' }, retryable: false, cause },
  );
  assert.ok(isCheckoutError(error));
  assert.ok(isCheckoutError(Object.assign(new Error('of another copy'), { name: 'CheckoutError', code: 'network' })));
  for (const other of [new Error('x'), { name: 'CheckoutError' }, null, undefined, 'CheckoutError']) {
    assert.equal(isCheckoutError(other), false);
  }
});
