import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ITEM, openOffline } from './offline.mjs';

/** @param {import('cartwright').Checkout} checkout */
const skus = (checkout) => checkout.getSnapshot().lines.map(({ sku }) => sku);

test('edits in one function are one revision and one notification', async () => {
  const checkout = await openOffline();
  const before = checkout.getSnapshot().revision;
  let told = 0;
  checkout.subscribe(() => {
    told += 1;
  });
  const result = checkout.edit(({ cart, coupons }) => {
    cart.add(ITEM);
    cart.add({ ...ITEM, sku: 'B' });
    coupons.add('CODE');
    assert.equal(told, 0);
    assert.deepEqual(skus(checkout), []);
  });
  assert.deepEqual(result, { ok: true, revision: before + 1 });
  assert.equal(checkout.getSnapshot().revision, before + 1);
  assert.equal(told, 1);
  checkout.dispose();
});

test('one refused edit undoes all of them, and every refusal is named', async () => {
  const checkout = await openOffline();
  checkout.cart.add(ITEM);
  const before = checkout.getSnapshot();
  let told = 0;
  checkout.subscribe(() => {
    told += 1;
  });
  const result = checkout.edit(({ cart, coupons }) => {
    cart.add({ ...ITEM, sku: 'B' });
    assert.equal(cart.add({ ...ITEM, quantity: 0.5 }).ok, false);
    coupons.add('x'.repeat(101));
  });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.errors.map(({ code }) => code),
    ['quantity_invalid', 'coupon_too_long'],
  );
  assert.equal(result.error, result.errors[0]);
  assert.equal(checkout.getSnapshot().revision, before.revision);
  assert.deepEqual(checkout.getSnapshot().draft, before.draft);
  assert.equal(told, 0);
  checkout.dispose();
});

test('an exception undoes all edits and goes on to the caller', async () => {
  const checkout = await openOffline();
  const problem = new Error('of the page');
  assert.throws(
    () =>
      checkout.edit(({ cart }) => {
        cart.add(ITEM);
        throw problem;
      }),
    (error) => error === problem,
  );
  assert.deepEqual(skus(checkout), []);
  assert.ok(checkout.cart.add(ITEM).ok);
  checkout.dispose();
});

test('edits within edits belong to the outermost one', async () => {
  const checkout = await openOffline();
  const { revision } = checkout.getSnapshot();
  const result = checkout.edit(({ cart, edit }) => {
    cart.add(ITEM);
    assert.ok(edit(() => cart.add({ ...ITEM, sku: 'B' })).ok);
    cart.add({ ...ITEM, sku: 'C' });
  });
  assert.deepEqual(result, { ok: true, revision: revision + 1 });
  assert.deepEqual(skus(checkout), ['A', 'B', 'C']);

  const refused = checkout.edit(({ cart, edit }) => {
    cart.add({ ...ITEM, sku: 'D' });
    assert.ok(!edit(() => cart.remove('nothing')).ok);
  });
  assert.ok(!refused.ok);
  assert.deepEqual(skus(checkout), ['A', 'B', 'C']);

  const swallowed = checkout.edit(({ cart, edit }) => {
    try {
      edit(() => {
        cart.add({ ...ITEM, sku: 'E' });
        throw new Error('caught outside');
      });
    } catch {
      cart.add({ ...ITEM, sku: 'F' });
    }
  });
  assert.ok(!swallowed.ok);
  assert.equal(swallowed.error.code, 'aborted');
  assert.deepEqual(skus(checkout), ['A', 'B', 'C']);
  checkout.dispose();
});

test('an async function is refused, since what follows an await would be outside', async () => {
  const checkout = await openOffline();
  const result = checkout.edit(
    // @ts-expect-error: the types say so too
    async ({ cart }) => {
      cart.add(ITEM);
    },
  );
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'value_type');
  assert.deepEqual(result.error.path, []);
  assert.deepEqual(skus(checkout), []);
  checkout.dispose();
});

test('the time of a preview is one of RFC 3339, or refused before a byte', async () => {
  const asked = /** @type {string[]} */ ([]);
  const checkout = await openOffline({
    fetch: async (request) => {
      asked.push(decodeURIComponent(new URL(/** @type {Request} */ (request).url).search));
      return new Response('{}', { status: 400 });
    },
  });
  for (const now of [
    '',
    'now',
    '2030-02-30T00:00:00Z',
    '2030-13-01T00:00:00Z',
    '2030-01-01',
    '2030-01-01T24:00:00Z',
    '2030-01-01T00:00:00',
    '2030-01-01 00:00:00Z',
    ' 2030-01-01T00:00:00Z',
    '2030-01-01T00:00:00Z\n',
  ]) {
    await assert.rejects(checkout.preview({ now }), { code: 'value_type', path: ['now'] }, now);
  }
  assert.deepEqual(asked, []);
  const good = ['2030-01-31T00:00:00Z', '2028-02-29T23:59:60.123+14:30', '2030-06-01t12:00:00z'];
  for (const now of [...good, new Date(0)]) await assert.rejects(checkout.preview({ now }), { code: 'rejected' });
  assert.deepEqual(
    asked,
    [...good, '1970-01-01T00:00:00.000Z'].map((now) => `?dry=true&now=${now}`),
  );
  checkout.dispose();
});

test('after dispose edits are refused, promises rejected, and the last snapshot stays', async () => {
  const checkout = await openOffline({ fetch: () => new Promise(() => {}) });
  checkout.cart.add(ITEM);
  const waiting = checkout.flush();
  const last = checkout.getSnapshot();
  checkout.dispose();
  checkout.dispose();
  await assert.rejects(waiting, { name: 'CheckoutError', code: 'disposed' });
  assert.equal(checkout.getSnapshot(), last);
  for (const result of [checkout.cart.clear(), checkout.coupons.add('X'), checkout.edit(() => {}), checkout.load({})]) {
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'disposed');
  }
  for (const work of [checkout.flush, checkout.settled, checkout.refresh, checkout.close, checkout.preview]) {
    await assert.rejects(work(), { code: 'disposed' });
  }
  assert.throws(() => checkout.toRequest(), { code: 'disposed' });
  checkout.subscribe(() => {})();
});

test('dispose within an edit undoes it', async () => {
  const checkout = await openOffline();
  const result = checkout.edit(({ cart }) => {
    cart.add(ITEM);
    checkout.dispose();
  });
  assert.ok(!result.ok);
  assert.equal(result.error.code, 'disposed');
  assert.deepEqual(skus(checkout), []);
});

test('members need no this', async () => {
  const { cart, getSnapshot, dispose } = await openOffline();
  const { add } = cart;
  assert.ok(add(ITEM).ok);
  assert.equal(getSnapshot().lines.length, 1);
  dispose();
});

test('units are limited where the deployment flattens, which is the default, and lines always', async () => {
  const items = (/** @type {number} */ count) =>
    Array.from({ length: count }, (_, index) => ({ ...ITEM, sku: `A${index}` }));
  /** What a refusal says. @param {import('cartwright').Result} result */
  const told = (result) => (result.ok ? 'fits' : [result.error.code, result.error.limit, result.error.actual]);
  const tooMany = ['units_limit', 10_000, 10_001];
  for (const [limits, more] of /** @type {const} */ ([
    [undefined, tooMany],
    ['flattened', tooMany],
    ['unflattened', 'fits'],
  ])) {
    const checkout = await openOffline({ limits });
    assert.equal(told(checkout.cart.add({ ...ITEM, quantity: 10_000 })), 'fits');
    assert.deepEqual(told(checkout.cart.add(ITEM)), more);
    assert.equal(told(checkout.cart.replace(items(1000))), 'fits');
    assert.deepEqual(told(checkout.cart.replace(items(1001))), ['lines_limit', 1000, 1001]);
    checkout.dispose();
  }
});
