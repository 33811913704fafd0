// One table of bad calls, for Node and for pages: it imports nothing that a browser lacks.
import { CODES } from './codes.mjs';

/** What is given, made anew for each call. */
const VALUES = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  text: () => 'x',
  empty: () => '',
  nan: () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  minusInfinity: () => Number.NEGATIVE_INFINITY,
  minusOne: () => -1,
  half: () => 0.5,
  big: () => 2 ** 53,
  huge: () => 'x'.repeat(2 ** 20),
  surrogate: () => 'a\ud800b',
  surrogateKey: () => ({ '\udc00': 1 }),
  proto: () => JSON.parse('{"__proto__": {"sku": "A", "quantity": 1, "currency": "EUR"}}'),
  cyclic: () => {
    /** @type {Record<string, unknown>} */
    const value = {};
    value.self = value;
    return value;
  },
  throwing: () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error('read');
        },
        ownKeys() {
          throw new Error('listed');
        },
      },
    ),
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  deep: () => {
    /** @type {unknown} */
    let value = 1;
    for (let level = 0; level < 20_000; level += 1) value = [value];
    return value;
  },
  symbol: () => Symbol('x'),
  function: () => () => {},
  map: () => new Map(),
  invalidDate: () => new Date(Number.NaN),
  array: () => [],
  object: () => ({}),
};

/** Stands for the bad value. */
const BAD = Symbol('bad');

/** Stands for the id of a line that is there. */
const LINE = Symbol('line');

/** Objects of which only a named option is read: what else they are does not matter. */
const ANY_OBJECT = 'undefined array object proto cyclic map surrogateKey deep invalidDate';

const ITEM = { sku: 'A', quantity: 1, price: '1.00' };

/**
 * The function, its arguments, and which values are not bad at that place.
 *
 * @type {[call: string, args: unknown[], fine?: string][]}
 */
const EDITS = [
  ['cart.add', [BAD]],
  ['cart.add', [{ ...ITEM, sku: BAD }], 'text huge'],
  ['cart.add', [{ ...ITEM, quantity: BAD }], 'undefined null'],
  ['cart.add', [{ ...ITEM, price: BAD }], 'undefined null minusOne half'],
  ['cart.add', [{ ...ITEM, name: BAD }], 'undefined null text empty huge'],
  ['cart.add', [{ ...ITEM, product: BAD }], 'undefined null object proto'],
  ['cart.add', [{ ...ITEM, attributes: BAD }], 'undefined null object proto'],
  ['cart.add', [{ ...ITEM, additionalCosts: { gift: BAD } }], 'undefined'],
  ['cart.add', [{ ...ITEM, additionalCosts: { gift: { price: BAD } } }], 'minusOne half'],
  ['cart.add', [{ ...ITEM, meta: BAD }], 'undefined null true text empty minusOne half big huge proto array object'],
  ['cart.add', [ITEM, BAD], ANY_OBJECT],
  ['cart.add', [ITEM, { merge: BAD }], 'undefined true'],
  ['cart.update', [BAD, {}]],
  ['cart.update', [LINE, BAD], 'object proto'],
  ['cart.update', [LINE, { quantity: BAD }], 'undefined'],
  ['cart.update', [LINE, { price: BAD }], 'undefined null minusOne half'],
  ['cart.setQuantity', [BAD, 1]],
  ['cart.setQuantity', [LINE, BAD]],
  ['cart.remove', [BAD]],
  ['cart.replace', [BAD], 'array'],
  ['cart.replace', [[ITEM, BAD]]],
  ['cart.accept', [BAD]],
  ['coupons.add', [BAD], 'text'],
  ['coupons.remove', [BAD], 'text empty huge'],
  ['referral.set', [BAD], 'text empty'],
  ['loyaltyCard.set', [BAD], 'text huge'],
  ['costs.set', [BAD, 1], 'text huge'],
  ['costs.set', ['shipping', BAD], 'minusOne half'],
  ['costs.remove', [BAD], 'text empty huge'],
  ['attributes.set', [BAD, 1], 'text huge'],
  ['attributes.set', ['note', BAD], 'null true text empty minusOne half big huge proto array object'],
  ['attributes.remove', [BAD], 'text huge'],
  ['attributes.unset', [BAD], 'text empty huge'],
  ['identifiers.set', [BAD], 'array'],
  ['identifiers.set', [[BAD]], 'text empty huge'],
  ['profile.set', [BAD], 'text empty huge'],
  ['set', [BAD, 1]],
  ['set', ['profileId', BAD], 'text empty huge'],
  ['set', ['couponCodes', [BAD]], 'text'],
  ['set', ['storeIntegrationId', BAD], 'text'],
  ['set', ['evaluableCampaignIds', [BAD]], 'minusOne big'],
  ['unset', [BAD]],
  ['edit', [BAD], 'function'],
  ['load', [BAD], 'object proto'],
  ['load', [{ cartItems: BAD }], 'undefined null array'],
  ['load', [{ cartItems: [BAD] }]],
  ['load', [{ attributes: { note: BAD } }], 'undefined null true text empty minusOne half big huge proto array object'],
  ['load', ['{"cartItems":[{"sku":"A","quantity":1,"price":1e400}]}']],
  ['load', ['{"profileId":"\\ud800"}']],
  ['load', ['['.repeat(20_000)]],
];

/** @type {typeof EDITS} */
const READS = [
  ['get', [BAD]],
  ['has', [BAD]],
  ['session.get', [BAD], 'text empty huge surrogate'],
  ['session.has', [BAD], 'text empty huge surrogate'],
  ['toRequest', [BAD], ANY_OBJECT],
  ['toRequest', [{ as: BAD }], 'undefined'],
  ['subscribe', [BAD], 'function'],
  ['on', [BAD, () => {}]],
  ['on', ['change', BAD], 'function'],
];

/** @type {typeof EDITS} */
const ASKS = [
  ['flush', [BAD], ANY_OBJECT],
  ['flush', [{ timeoutMs: BAD }], 'undefined'],
  ['flush', [{ signal: BAD }], 'undefined'],
  ['settled', [BAD], ANY_OBJECT],
  ['settled', [{ timeoutMs: BAD }], 'undefined'],
  ['settled', [{ signal: BAD }], 'undefined'],
  ['preview', [BAD], 'undefined object proto'],
  ['preview', [{ couponCodes: BAD }], 'undefined null array'],
  ['preview', [{ couponCodes: [BAD] }], 'text'],
  ['preview', [{ cartItems: [BAD] }]],
  ['preview', [{ now: BAD }], 'undefined null'],
  ['close', [BAD], ANY_OBJECT],
  ['close', [{ quote: BAD }], 'undefined text empty huge'],
  ['prepare', [BAD], ANY_OBJECT],
  ['prepare', [{ quote: BAD }], 'undefined text empty huge'],
  ['returnItems', [BAD]],
  ['returnItems', [[BAD]]],
  ['returnItems', [[{ position: 0, quantity: BAD }]]],
  ['startNew', [BAD], ANY_OBJECT],
  ['startNew', [{ initial: BAD }], 'undefined object proto'],
  ['startNew', [{ initial: { draft: BAD } }], 'undefined null object proto'],
];

/** Options of openCheckout beside those that are needed, and what is fine for each. */
const OPTIONS = {
  currency: '',
  endpoint: 'undefined text huge',
  sessionId: 'undefined text',
  storage: 'undefined',
  storageKey: 'undefined text',
  limits: 'undefined',
  transitions: 'undefined',
  responseContent: 'undefined array',
  headers: 'undefined array object map function invalidDate',
  credentials: 'undefined',
  fetch: 'undefined function',
  allowCrossOrigin: 'undefined true',
  sync: 'undefined object proto',
  log: 'undefined',
  initial: 'undefined object proto',
};

/** A log in which nothing happened. */
const LOG = {
  ...{ format: 1, version: '0.1.0', dropped: 0, events: [] },
  options: '{"sessionId":"s","sessionIsNew":true,"scale":2,"seed":"0123456789abcdef"}',
};

/** @type {typeof EDITS} */
const MODULE = [
  ['init', [BAD], 'undefined text huge surrogate'],
  ['init', [{ source: BAD, integrity: 'sha384-x' }], 'text huge surrogate'],
  ['init', [{ source: 'x', integrity: BAD }]],
  ['openCheckout', [BAD]],
  ['formatAmount', [BAD, { currency: 'EUR' }], 'minusOne half'],
  ['formatAmount', [1, BAD]],
  ['formatAmount', [1, { currency: BAD }]],
  ['formatAmount', [1, { currency: 'EUR', locale: BAD }], 'undefined array'],
  ['toMinorUnits', [BAD, 'EUR'], 'minusOne half'],
  ['toMinorUnits', [1, BAD]],
  ['replayLog', [BAD]],
  ['replayLog', [{ ...LOG, options: BAD }]],
  ['replayLog', [{ ...LOG, events: BAD }], 'array'],
  ['replayLog', [{ ...LOG, events: [BAD] }]],
  ['maskLog', [BAD]],
  ['maskLog', [{ ...LOG, events: [BAD] }]],
];

/**
 * Puts the bad value where it is marked.
 *
 * @param {unknown} pattern
 * @param {Map<unknown, unknown>} values by mark
 * @returns {any}
 */
function place(pattern, values) {
  if (values.has(pattern)) return values.get(pattern);
  if (Array.isArray(pattern)) return pattern.map((part) => place(part, values));
  if (typeof pattern !== 'object' || pattern === null) return pattern;
  return Object.fromEntries(Object.entries(pattern).map(([name, part]) => [name, place(part, values)]));
}

/** @param {any} thrown @param {any} cartwright */
function errorFault(thrown, cartwright) {
  if (!(thrown instanceof cartwright.CheckoutError)) return `threw ${String(thrown)}`;
  if (!cartwright.isCheckoutError(thrown)) return 'isCheckoutError does not know its error';
  return refusalFault(thrown);
}

/** @param {any} refusal */
function refusalFault({ code, message }) {
  if (!CODES.includes(code) || code === 'internal') return `has the code ${code}`;
  return typeof message === 'string' && message !== '' && !/\{(path|limit|actual)\}|undefined/.test(message)
    ? undefined
    : `says ${message}`;
}

/**
 * What is wrong with the outcome of a bad call.
 *
 * @param {any} result
 * @param {boolean} isEdit
 */
function resultFault(result, isEdit) {
  if (!isEdit) return 'was accepted';
  if (result?.ok !== false) return `gave ${JSON.stringify(result)}`;
  if (result.error !== result.errors[0] || result.errors.length === 0) return 'has no error';
  const misplaced = result.errors.find((/** @type {any} */ { path }) => !Array.isArray(path));
  return misplaced ? 'has no path' : result.errors.map(refusalFault).find(Boolean);
}

/**
 * Makes every call of the table with every bad value.
 *
 * @param {any} cartwright the module
 * @param {{ endpoint: string }} options an endpoint need not answer: nothing is sent
 * @returns {Promise<{ calls: number, failures: string[] }>}
 */
export async function runBadInput(cartwright, { endpoint }) {
  const needed = { endpoint, currency: 'EUR', storage: 'memory', sync: { mode: 'manual' } };
  const checkout = await cartwright.openCheckout(needed);
  const added = checkout.cart.add(ITEM);
  /** @type {string[]} */
  const failures = [];
  let calls = 0;

  /**
   * @param {any} target
   * @param {typeof EDITS} table
   * @param {boolean} isEdit
   */
  const run = async (target, table, isEdit) => {
    for (const [call, pattern, fine = ''] of table) {
      const marked = hasBad(pattern);
      for (const [kind, make] of marked ? Object.entries(VALUES) : [['as it is', () => undefined]]) {
        if (fine.split(' ').includes(String(kind))) continue;
        const values = new Map([
          [BAD, /** @type {() => unknown} */ (make)()],
          [LINE, added.lineId],
        ]);
        calls += 1;
        const label = `${call}(${shown(pattern)}) with ${kind}`;
        const fault = await outcome(target, call, place(pattern, values), isEdit);
        if (fault) failures.push(`${label}: ${fault}`);
        const after = checkout.getSnapshot();
        if (after.draft !== before.draft || after.revision !== before.revision) {
          failures.push(`${label}: changed the draft`);
          before = after;
        }
      }
    }
  };

  /**
   * @param {any} target
   * @param {string} call
   * @param {unknown[]} args
   * @param {boolean} isEdit
   */
  const outcome = async (target, call, args, isEdit) => {
    const fn = call.split('.').reduce((value, name) => value[name], target);
    try {
      const result = fn(...args);
      return resultFault(isEdit ? result : await result, isEdit);
    } catch (error) {
      return isEdit ? `threw ${String(error)}` : errorFault(error, cartwright);
    }
  };

  let before = checkout.getSnapshot();
  await run(checkout, EDITS, true);
  await run(checkout, READS, false);
  await run(checkout, ASKS, false);
  await run(cartwright, MODULE, false);
  for (const [name, fine] of Object.entries(OPTIONS)) {
    await run(cartwright, [['openCheckout', [{ ...needed, [name]: BAD }], fine]], false);
  }
  for (const [kind, make] of Object.entries(VALUES)) {
    calls += 1;
    if (cartwright.isCheckoutError(make()) !== false) failures.push(`isCheckoutError with ${kind}`);
  }

  const again = checkout.cart.add({ sku: 'B', quantity: 2, price: '0.10' });
  const removed = checkout.cart.remove(again.lineId);
  if (!again.ok || !removed.ok) failures.push(`unusable afterwards: ${JSON.stringify([again, removed])}`);
  if (checkout.getSnapshot().lines.length !== 1) failures.push('other lines afterwards');
  checkout.dispose();
  return { calls, failures };
}

/** @param {unknown} pattern @returns {boolean} */
const hasBad = (pattern) =>
  pattern === BAD || (typeof pattern === 'object' && pattern !== null && Object.values(pattern).some(hasBad));

/** @param {unknown} pattern */
const shown = (pattern) =>
  JSON.stringify(pattern, (_, value) => (value === BAD ? '?' : value === LINE ? 'line' : value))
    .replace(/"endpoint.*"manual"},?/, '…')
    .slice(0, 80);
