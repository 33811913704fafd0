import { decimal } from './amounts.js';
import { encode } from './encode.js';
import { CheckoutError, isTrouble, toError } from './errors.js';
import { parseEncoded, parseExactly } from './exact.js';
import { freeze } from './freeze.js';

/** @typedef {(value: any, path: (string | number)[]) => any} Read gives the value in its form for a script, or throws */

/** @param {(string | number)[]} path @param {string} limit what was expected @returns {never} */
function fail(path, limit) {
  throw new CheckoutError('value_type', { path, limit });
}

/** @type {(type: string) => Read} */
const plain = (type) => (value, path) => (typeof value === type ? value : fail(path, type));
const text = plain('string');

/** @type {Read} A 64-bit integer: beyond 2⁵³ as text. */
const integer = (value, path) =>
  Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,19}$/.test(value))
    ? value
    : fail(path, 'integer');

/** @type {Read} */
const amount = (value, path) => {
  try {
    return decimal(value);
  } catch (error) {
    const { code, actual } = toError(error);
    throw new CheckoutError(code, { path, actual });
  }
};

/** @type {Read} A number that is no amount of money, as it is. */
const number = (value, path) => amount(value, path) && value;

/** @type {(read: Read) => Read} */
const list = (read) => (value, path) =>
  Array.isArray(value) ? value.map((item, index) => read(item, [...path, index])) : fail(path, 'array');

/**
 * An object: members by name, `null` as good as missing; `other` reads those that are not named.
 *
 * @type {(members: Record<string, Read>, other?: Read) => Read}
 */
const object = (members, other) => (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'object');
  const read = Object.entries(value).flatMap(([name, member]) => {
    const reader = Object.hasOwn(members, name) ? members[name] : other;
    if (!reader) return [[name, member]];
    return member === null ? [] : [[name, reader(member, [...path, name])]];
  });
  return Object.fromEntries(read);
};

/** @type {(names: string, read: Read) => Record<string, Read>} */
const each = (names, read) => Object.fromEntries(names.split(' ').map((name) => [name, read]));

/** The fields of a session in all the shapes that were ever published; the rest is kept as it is. */
function makeReader() {
  const attributes = object({});
  const prices = object({}, object({ price: amount }));
  const item = object({
    ...each('name sku category', text),
    ...each('weight height width length', number),
    quantity: integer,
    price: amount,
    product: object({ name: text }),
    attributes,
    additionalCosts: prices,
    prices,
  });
  return object({
    ...each('created integrationId profileId storeIntegrationId referralCode state updated coupon referral', text),
    ...each('id applicationId updateCount', integer),
    ...each('total cartItemTotal additionalCostTotal cartItemAdditionalCostTotal', amount),
    ...each('couponCodes loyaltyCards identifiers', list(text)),
    cartItems: list(item),
    evaluableCampaignIds: list(integer),
    experimentVariantAllocations: list(object(each('experimentID variantID', integer))),
    firstSession: plain('boolean'),
    closurePrediction: number,
    discounts: object({}, amount),
    attributes,
    additionalCosts: prices,
  });
}

/**
 * A session of any release as a session of the newest one.
 *
 * @param {unknown} given JSON text, which keeps every digit, or an object
 */
export function readSession(given) {
  try {
    const value = typeof given === 'string' ? parseExactly(given) : parseEncoded(String(encode(given)));
    const session = makeReader()(value, []);
    // The first form of the model had one code each, and an empty text for none.
    for (const [old, field, codes] of [
      ['coupon', 'couponCodes', [session.coupon]],
      ['referral', 'referralCode', session.referral],
    ]) {
      if (session[old]) session[field] ??= codes;
    }
    return freeze(session);
  } catch (error) {
    if (error instanceof CheckoutError || isTrouble(error)) throw toError(error);
    // No JSON, or nested so deeply that the engine gave up.
    throw new CheckoutError('value_type', { path: [], limit: 'JSON', cause: error });
  }
}
