// Sessions of every published shape.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSession } from 'cartwright';
import { openOffline } from './offline.mjs';

/** @param {string} name of an example answer */
const example = (name) => readFileSync(new URL(`../fixtures/api/${name}.json`, import.meta.url), 'utf8');

const ITEM = { name: 'Air Glide', sku: 'SKU1241028', quantity: 1, price: '99.99', position: 0 };

/** What the second form of the model had from its beginning. */
const V2 = {
  id: 6,
  created: '2020-06-10T09:05:27.993483Z',
  integrationId: 'URNGV8294NV',
  applicationId: 322,
  profileId: 'URNGV8294NV',
  couponCodes: ['XMAS-20-2021'],
  referralCode: 'NT2K54D9',
  loyaltyCards: ['loyalty-card-1'],
  state: 'open',
  cartItems: [ITEM],
  additionalCosts: { shipping: { price: '9' } },
  identifiers: ['91.11.156.141'],
  attributes: { ShippingCity: 'Berlin' },
  firstSession: true,
  total: '108.99',
  cartItemTotal: '99.99',
  additionalCostTotal: '9',
  updated: '2020-02-08T14:15:22Z',
};

/** @type {[shape: string, text: string, session: object][]} */
const SHAPES = [
  [
    'V1',
    example('080-v1-session'),
    {
      integrationId: 'URNGV8294NV',
      created: '2020-02-07T08:15:22Z',
      applicationId: 322,
      profileId: 'URNGV8294NV',
      coupon: 'XMAS-20-2021',
      couponCodes: ['XMAS-20-2021'],
      referral: '',
      state: 'closed',
      cartItems: [ITEM],
      identifiers: ['91.11.156.141'],
      total: '99.99',
      attributes: {},
      firstSession: false,
      discounts: { '20% off': '20' },
      updated: '2020-02-08T14:15:22Z',
    },
  ],
  ['V2 of 2022', example('081-v2-session-2022'), V2],
  ['V2 of 2023', example('082-v2-session-2023'), { ...V2, evaluableCampaignIds: [10, 12] }],
  [
    'V2 of January 2025',
    example('083-v2-session-2025-01'),
    { ...V2, storeIntegrationId: 'STORE-001', closurePrediction: 0.8 },
  ],
  [
    'the newest V2',
    `{
      "id": 9007199254740993, "created": "2026-08-01T10:00:00Z", "integrationId": "cart-1", "applicationId": 322,
      "profileId": "P", "storeIntegrationId": "STORE-001", "evaluableCampaignIds": null, "couponCodes": null,
      "referralCode": "", "loyaltyCards": [], "state": "on_hold",
      "cartItems": [{
        "name": "Mug", "sku": "MUG", "quantity": 3, "returnedQuantity": 1, "remainingQuantity": 2, "price": 19.990,
        "weight": 350.5, "position": 0, "attributes": { "engraving": null, "serial": 12345678901234567890 },
        "additionalCosts": { "assembly": { "price": 0.005 } }, "catalogItemID": 9007199254740995,
        "selectedPriceType": "member", "prices": { "base": { "price": 21.000000000000000001 } }, "colour": null
      }],
      "experimentVariantAllocations": [{ "experimentID": 7, "variantID": 8 }],
      "additionalCosts": { "shipping": { "price": 9e0 } }, "identifiers": null, "attributes": { "__proto__": 1 },
      "firstSession": false, "updateCount": 3, "total": 134.99, "cartItemTotal": 59.97, "additionalCostTotal": 9,
      "cartItemAdditionalCostTotal": 0.015, "updated": "2026-08-01T10:05:00Z", "brandNew": [null, 0.10]
    }`,
    {
      id: '9007199254740993',
      created: '2026-08-01T10:00:00Z',
      integrationId: 'cart-1',
      applicationId: 322,
      profileId: 'P',
      storeIntegrationId: 'STORE-001',
      referralCode: '',
      loyaltyCards: [],
      state: 'on_hold',
      cartItems: [
        {
          name: 'Mug',
          sku: 'MUG',
          quantity: 3,
          returnedQuantity: 1,
          remainingQuantity: 2,
          price: '19.99',
          weight: 350.5,
          position: 0,
          attributes: { engraving: null, serial: '12345678901234567890' },
          additionalCosts: { assembly: { price: '0.005' } },
          catalogItemID: '9007199254740995',
          selectedPriceType: 'member',
          prices: { base: { price: '21.000000000000000001' } },
          colour: null,
        },
      ],
      experimentVariantAllocations: [{ experimentID: 7, variantID: 8 }],
      additionalCosts: { shipping: { price: '9' } },
      attributes: JSON.parse('{"__proto__": 1}'),
      firstSession: false,
      updateCount: 3,
      total: '134.99',
      cartItemTotal: '59.97',
      additionalCostTotal: '9',
      cartItemAdditionalCostTotal: '0.015',
      updated: '2026-08-01T10:05:00Z',
      brandNew: [null, 0.1],
    },
  ],
];

for (const [shape, text, session] of SHAPES) {
  test(`${shape} is read with every digit, from text and from what was read before`, () => {
    const read = readSession(text);
    assert.deepEqual(read, session);
    assert.deepEqual(readSession(read), session);
    assert.ok(Object.isFrozen(read) && read.cartItems?.every(Object.isFrozen));
  });

  test(`${shape} that a page brings along is read field by field`, async () => {
    const id = JSON.parse(text).integrationId;
    const answer = `{"customerSession":${text},"effects":[]}`;
    const checkout = await openOffline({ sessionId: id, initial: { answer } });
    const said = Object.entries(JSON.parse(text)).filter(([, value]) => value !== null);
    const read = said.map(([field]) => [field, checkout.session.get(field)]);
    // Reading it once more takes the padding of the currency off.
    assert.deepEqual(readSession(Object.fromEntries(read)), session);
    assert.ok(said.every(([field]) => checkout.session.has(field)));
    assert.equal(checkout.session.get('total'), JSON.parse(text).total.toFixed(2));
    assert.equal(checkout.session.get('discount'), undefined);
    assert.equal(checkout.session.has('discount'), false);
    checkout.dispose();
  });
}

test('an object is read as text is, where its numbers are exact', () => {
  const item = { sku: 'A', quantity: 2n, price: 19.99, catalogItemID: 9007199254740993n };
  assert.deepEqual(readSession({ id: 7, total: '39.980', cartItems: [item], attributes: { serial: 2n ** 64n } }), {
    id: 7,
    total: '39.98',
    cartItems: [{ sku: 'A', quantity: '2', price: '19.99', catalogItemID: '9007199254740993' }],
    attributes: { serial: '18446744073709551616' },
  });
  assert.deepEqual(readSession({}), {});
});

test('the codes of the first form stand where the newer forms have them', () => {
  const codes = (/** @type {object} */ session) => {
    const { couponCodes, referralCode } = readSession(session);
    return { couponCodes, referralCode };
  };
  assert.deepEqual(codes({ coupon: 'C', referral: 'R' }), { couponCodes: ['C'], referralCode: 'R' });
  assert.deepEqual(codes({ coupon: '', referral: '' }), { couponCodes: undefined, referralCode: undefined });
  assert.deepEqual(codes({ coupon: 'C', couponCodes: [] }), { couponCodes: [], referralCode: undefined });
});

test('what cannot be read in an answer is kept as it came', async () => {
  const session = '{"integrationId":"cart-1","total":1e400,"cartItemTotal":"much","discounts":[1]}';
  const initial = { answer: `{"customerSession":${session},"effects":[]}` };
  const checkout = await openOffline({ sessionId: 'cart-1', initial });
  const said = ['total', 'cartItemTotal', 'discounts'].map((field) => checkout.session.get(field));
  assert.deepEqual(said, ['1e400', 'much', [1]]);
  checkout.dispose();
});

test('what was read can be loaded as a draft', async () => {
  const checkout = await openOffline();
  const { state, ...cart } = readSession(example('080-v1-session'));
  assert.equal(state, 'closed');
  assert.ok(checkout.load(cart).ok);
  assert.deepEqual(checkout.get('couponCodes'), ['XMAS-20-2021']);
  assert.deepEqual(checkout.getSnapshot().totals.total, '99.99');
  checkout.dispose();
});

/** @type {[what: unknown, code: string, path: (string | number)[]][]} */
const WRONG = [
  [undefined, 'value_type', []],
  [null, 'value_type', []],
  [5, 'value_type', []],
  ['', 'value_type', []],
  ['nonsense', 'value_type', []],
  ['[]', 'value_type', []],
  ['{"total": 1', 'value_type', []],
  ['{"total": 1-2}', 'value_type', []],
  ['['.repeat(20_000), 'value_type', []],
  [`{"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'value_type', []],
  ['{"id": 1.5}', 'value_type', ['id']],
  ['{"id": "six"}', 'value_type', ['id']],
  ['{"id": [6]}', 'value_type', ['id']],
  ['{"state": 1}', 'value_type', ['state']],
  ['{"firstSession": "yes"}', 'value_type', ['firstSession']],
  ['{"couponCodes": "C"}', 'value_type', ['couponCodes']],
  ['{"couponCodes": ["C", null]}', 'value_type', ['couponCodes', 1]],
  ['{"attributes": []}', 'value_type', ['attributes']],
  ['{"additionalCosts": {"shipping": 9}}', 'value_type', ['additionalCosts', 'shipping']],
  ['{"cartItems": [{"sku": "A"}, 3]}', 'value_type', ['cartItems', 1]],
  ['{"cartItems": [{"sku": "A", "product": {"name": 1}}]}', 'value_type', ['cartItems', 0, 'product', 'name']],
  ['{"cartItems": [{"price": "much"}]}', 'amount_invalid', ['cartItems', 0, 'price']],
  ['{"cartItems": [{"price": 1e400}]}', 'amount_out_of_range', ['cartItems', 0, 'price']],
  ['{"cartItems": [{"price": 1e-400}]}', 'amount_out_of_range', ['cartItems', 0, 'price']],
  ['{"discounts": {"Off": true}}', 'amount_invalid', ['discounts', 'Off']],
  [{ total: 0.1 + 0.2 }, 'amount_inexact', ['total']],
  [{ id: 2 ** 60 }, 'value_type', ['id']],
  [{ id: Number.NaN }, 'value_type', ['id']],
  [{ attributes: { at: () => {} } }, 'value_type', ['attributes', 'at']],
];

for (const [what, code, path] of WRONG) {
  const shown = String(JSON.stringify(what)).slice(0, 60);
  test(`${shown} is refused with ${code} at ${path.join('.') || 'the top'}`, () =>
    assert.throws(() => readSession(/** @type {any} */ (what)), { name: 'CheckoutError', code, path }));
}
