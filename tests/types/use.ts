// Lines that must compile, and lines that must not.
import {
  type Amount,
  type Checkout,
  CheckoutError,
  type CheckoutOptions,
  type Code,
  type EffectOf,
  type EffectProps,
  emptySnapshot,
  formatAmount,
  init,
  isCheckoutError,
  LIMITS,
  maskLog,
  openCheckout,
  type Result,
  readSession,
  replayLog,
  type Snapshot,
  toMinorUnits,
  VERSION,
} from 'cartwright';
import type * as inline from 'cartwright/inline';

/** @param _value must have exactly this type */
declare function expectType<T>(_value: T): void;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

// Loading
await init();
await init('/cartwright.wasm');
await init(new URL('https://example.com/cartwright.wasm'));
await init(fetch('/cartwright.wasm'));
await init(new Uint8Array(8));
await init(await WebAssembly.compileStreaming(fetch('/cartwright.wasm')));
await init({ source: '/cartwright.wasm', integrity: 'sha384-AAAA' });
// @ts-expect-error integrity is what the object form is for
await init({ source: '/cartwright.wasm' });

// Options
const options: CheckoutOptions = {
  currency: 'EUR',
  endpoint: '/session-api',
  initial: { draft: { cartItems: [{ sku: 'A', quantity: 1, price: '1.00' }] } },
  headers: async () => ({ 'X-Token': 'x', 'X-Later': undefined }),
  sync: { mode: 'manual', debounceMs: 0 },
  fetch: (request) => fetch(request),
};
const checkout = await openCheckout(options);
// @ts-expect-error currency is required
await openCheckout({});
// @ts-expect-error an unknown option
await openCheckout({ currency: 'EUR', curency: 'EUR' });
// @ts-expect-error an unknown word
await openCheckout({ currency: 'EUR', storage: 'cookie' });
// @ts-expect-error a number is no header
await openCheckout({ currency: 'EUR', headers: { 'X-Count': 1 } });

// Sessions of any release
const old = readSession('{"coupon":"A"}');
expectType<Amount | undefined>(old.total);
expectType<readonly string[] | undefined>(old.couponCodes);
const { state: _, ...cart } = old;
expectType<Result>(checkout.load(cart));
// @ts-expect-error a number is no session
readSession(1);
// @ts-expect-error it is read-only
old.total = '1.00';

// Results
const added = checkout.cart.add({ sku: 'A', quantity: 1, price: 19.99, meta: { image: 'a.png' } });
if (added.ok) {
  expectType<string>(added.lineId);
  expectType<number>(added.revision);
  // @ts-expect-error there is no error
  added.error;
} else {
  expectType<Code>(added.error.code);
  expectType<readonly (string | number)[]>(added.error.path);
  expectType<string>(added.error.message);
  // @ts-expect-error there is no line
  added.lineId;
}
// @ts-expect-error it may be refused
added.lineId;
const removed: Result = checkout.cart.remove('x');
// @ts-expect-error only lines have ids
if (removed.ok) removed.lineId;

// Edits
checkout.cart.add({ sku: 'A' }, { merge: false });
checkout.cart.add({
  sku: 'A',
  price: 1n,
  attributes: { color: 'red', tags: ['a'] },
  additionalCosts: { gift: { price: '2' } },
});
checkout.cart.update('x', { price: null, quantity: 0, name: undefined });
checkout.cart.replace([{ sku: 'A' }]);
checkout.coupons.add('X');
checkout.costs.set('shipping', '4.90');
checkout.attributes.set('when', new Date());
checkout.identifiers.set(['a']);
checkout.set('couponCodes', ['A']);
checkout.set('experimentVariantAllocations', [{ experimentID: '4611686018427387904', variantID: 2 }]);
checkout.load('{}');
checkout.load({ profileId: '' });
// @ts-expect-error a line needs a SKU
checkout.cart.add({ quantity: 1 });
// @ts-expect-error a quantity is a number
checkout.cart.setQuantity('x', '1');
// @ts-expect-error server-set fields are not given
checkout.cart.add({ sku: 'A', remainingQuantity: 1 });
// @ts-expect-error a code is a text
checkout.coupons.add(5);
// @ts-expect-error an unknown field
checkout.set('couponCode', 'A');
// @ts-expect-error a value of another field
checkout.set('couponCodes', 'A');
// @ts-expect-error moves have functions of their own
checkout.load({ state: 'closed' });
// @ts-expect-error a symbol is no JSON
checkout.attributes.set('x', Symbol());

checkout.edit((inner) => {
  expectType<Checkout>(inner);
});
checkout.edit(({ cart }) => cart.add({ sku: 'A' }));
// @ts-expect-error what follows an await would be outside
checkout.edit(async ({ cart }) => cart.add({ sku: 'A' }));

// Reads
const snapshot = checkout.getSnapshot();
expectType<Snapshot>(snapshot);
expectType<Snapshot>(emptySnapshot);
expectType<Amount | undefined>(snapshot.lines[0]?.subtotal);
expectType<Amount | undefined>(snapshot.quote?.payable);
if (snapshot.state === 'closed') expectType<string>(snapshot.sessionId);
expectType<readonly string[] | undefined>(checkout.get('couponCodes'));
expectType<unknown>(checkout.session.get('closurePrediction'));
expectType<string>(checkout.toRequest());
expectType<Record<string, unknown>>(checkout.toRequest({ as: 'object' }).customerSession);
// @ts-expect-error snapshots are read-only
snapshot.revision = 1;
// @ts-expect-error and so are their parts
snapshot.lines.push(emptySnapshot.lines[0]);
// @ts-expect-error and the draft
snapshot.draft.couponCodes = [];
// @ts-expect-error an unknown field
checkout.get('couponCode');
// @ts-expect-error text has no members
checkout.toRequest().customerSession;

// Events
const off = checkout.subscribe((next) => expectType<Snapshot>(next));
expectType<void>(off());
checkout.on('error', (error) => expectType<CheckoutError>(error));
checkout.on('coupon', ({ code, status, reason }) => expectType<(string | undefined)[]>([code, status, reason]));
checkout.on('closed', ({ foreign }) => expectType<boolean>(foreign));
checkout.on('effect', (effect) => {
  if (effect.effectType === 'customEffect') {
    expectType<EffectOf<'customEffect'>>(effect);
    expectType<string>(effect.props.name);
    // @ts-expect-error a prop of another type
    effect.props.rejectionReason;
  }
  switch (effect.effectType) {
    case 'updateAttribute':
      expectType<EffectProps['updateAttribute']>(effect.props);
      break;
    case 'increaseAchievementProgress':
      expectType<boolean>(effect.props.isJustCompleted);
      break;
    default:
      expectType<object>(effect.props);
  }
  if (String(effect.effectType) === 'brandNew') expectType<string>(effect.effectType);
  // @ts-expect-error no such type
  if (effect.effectType === 'customEfect') expectType<never>(effect);
});
checkout.on('withdrawn', ({ lineId, quantity }) => expectType<[string, number]>([lineId, quantity]));
// @ts-expect-error an unknown event
checkout.on('changed', () => {});

// Promises
expectType<Snapshot>(await checkout.flush({ timeoutMs: 1000, signal: AbortSignal.timeout(5) }));
expectType<Amount>((await checkout.preview({ couponCodes: ['X'], now: new Date() })).payable);
expectType<Snapshot>(await checkout.close({ quote: snapshot.quote?.fingerprint ?? '' }));
expectType<Amount>((await checkout.prepare()).payable);
expectType<Snapshot>(await checkout.reopen());
expectType<Snapshot>(await checkout.returnItems([{ lineId: 'x', quantity: 1 }, { sku: 'A' }, { position: 0 }]));
const next = await checkout.startNew({ initial: { draft: { cartItems: [{ sku: 'A' }] } } });
expectType<Checkout>(next);
expectType<Checkout>(await next.startNew());
expectType<boolean>(snapshot.sync.foreign);
checkout.on('sync', ({ foreign }) => expectType<boolean>(foreign));
// @ts-expect-error which line?
await checkout.returnItems([{ quantity: 1 }]);
// @ts-expect-error a line is named in one way
await checkout.returnItems([{ sku: 'A', position: 0 }]);
// @ts-expect-error units are counted
await checkout.returnItems([{ sku: 'A', quantity: '1' }]);
// @ts-expect-error a list, even of one
await checkout.returnItems({ sku: 'A' });
// @ts-expect-error the answer to a session of another id
await checkout.startNew({ initial: { answer: '{}' } });
// @ts-expect-error options are those of the checkout before
await checkout.startNew({ currency: 'USD' });
// @ts-expect-error a quote is named by its fingerprint
await checkout.close({ quote: snapshot.quote });
// @ts-expect-error milliseconds are a number
await checkout.flush({ timeoutMs: '1000' });
checkout.dispose();

// Amounts, errors, constants
expectType<string>(formatAmount('19.99', { currency: 'EUR', locale: 'de' }));
expectType<bigint>(toMinorUnits(19.99, 'EUR'));
// @ts-expect-error the currency decides the scale
formatAmount('19.99', {});
try {
  checkout.toRequest();
} catch (error) {
  if (isCheckoutError(error)) expectType<Code>(error.code);
}
const error = new CheckoutError('network', { retryable: true });
expectType<Error>(error);
// @ts-expect-error an unknown code
new CheckoutError('no_such_code');
// @ts-expect-error the reason is written once
error.code = 'timeout';
expectType<1000>(LIMITS.lines);
// @ts-expect-error limits are read-only
LIMITS.lines = 2000;
expectType<string>(VERSION);

expectType<Snapshot>(await replayLog(checkout.log()));
expectType<Snapshot>(await replayLog(JSON.stringify(maskLog(checkout.log()))));
// @ts-expect-error a log is read-only
checkout.log().events = [];
// @ts-expect-error a list of events is no log
await replayLog(checkout.log().events);

// The entry with the binary in it has the same surface.
expectType<true>(true satisfies Same<typeof inline, typeof import('cartwright')>);
