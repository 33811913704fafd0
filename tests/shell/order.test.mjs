// What is done with an order, and the next one: the built package against the real endpoint.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openCheckout } from 'cartwright';
import { sandbox } from './sandbox.mjs';

const server = sandbox();

/** @param {Partial<import('cartwright').CheckoutOptions>} [options] */
const open = (options) =>
  openCheckout({ endpoint: `${server.address}/session-api`, currency: 'EUR', storage: 'memory', ...options });

/** An order of 3 mugs and 2 pens. @param {Partial<import('cartwright').CheckoutOptions>} [options] */
async function order(options) {
  const checkout = await open(options);
  checkout.cart.add({ sku: 'MUG', quantity: 3, price: '20.00' });
  checkout.cart.add({ sku: 'PEN', quantity: 2, price: '0.50' });
  await checkout.close();
  return checkout;
}

/** @param {import('cartwright').Snapshot} snapshot */
const returned = ({ lines }) => lines.map((line) => line.returned);

test('an order is reopened, changed and placed again', async () => {
  const checkout = await open();
  checkout.cart.add({ sku: 'MUG', quantity: 1, price: '20.00' });
  checkout.coupons.add('XMAS-20-2021');
  const { totals } = await checkout.close();
  assert.equal(totals.payable, '16.00');
  const [first, second] = await Promise.all([checkout.reopen(), checkout.reopen()]);
  assert.equal(first.state, 'open');
  assert.equal(second.state, 'open');
  assert.equal(first.coupons[0]?.rolledBack, true);
  assert.deepEqual([first.totals.discount, first.totals.payable], ['0.00', '20.00']);
  const again = await checkout.settled();
  assert.deepEqual([again.coupons[0]?.status, again.totals.payable], ['accepted', '16.00']);
  assert.ok(checkout.cart.add({ sku: 'PEN', quantity: 1, price: '10.00' }).ok);
  assert.equal((await checkout.close()).totals.payable, '24.00');
  assert.equal((await checkout.cancel()).state, 'cancelled');
  checkout.dispose();
});

test('units are given back in parts, then all of a SKU, and the rest is cancelled', async () => {
  const checkout = await order();
  const [mug] = checkout.getSnapshot().lines;
  const part = await checkout.returnItems([{ lineId: String(mug?.id), quantity: 1 }]);
  assert.deepEqual([part.state, ...returned(part)], ['partially_returned', 1, 0]);
  const more = await checkout.returnItems([{ position: 0, quantity: 1 }, { sku: 'PEN' }]);
  assert.deepEqual(returned(more), [2, 2]);
  assert.deepEqual(
    more.session?.cartItems?.map(({ remainingQuantity }) => remainingQuantity),
    [1, 0],
  );
  assert.deepEqual([more.totals.total, more.lines[0]?.quantity], ['61.00', 3]);
  const refused = checkout.cart.clear();
  assert.ok(!refused.ok && refused.error.code === 'session_finished');
  await assert.rejects(checkout.reopen(), { code: 'state_forbidden', actual: 'partially_returned' });
  assert.equal((await checkout.cancel()).state, 'cancelled');
  await assert.rejects(checkout.returnItems([{ sku: 'MUG' }]), { code: 'state_forbidden', actual: 'cancelled' });
  checkout.dispose();
});

test('what does not fit is refused with its place and its limit, and nothing is sent', async () => {
  let sent = 0;
  const checkout = await order({
    fetch: (...call) => {
      sent += 1;
      return fetch(...call);
    },
  });
  const before = sent;
  /** @type {[any, object][]} */
  const rows = [
    [[{ position: 0, quantity: 4 }], { code: 'units_limit', path: [0, 'quantity'], limit: 3, actual: 4 }],
    [[{ sku: 'PEN' }, { position: 1 }], { code: 'units_limit', path: [1, 'quantity'], limit: 0, actual: 1 }],
    [[{ sku: 'CUP', quantity: 1 }], { code: 'line_unknown', path: [0, 'sku'], actual: 'CUP' }],
    [[{ lineId: 'x' }], { code: 'line_unknown', path: [0, 'lineId'], actual: 'x' }],
    [[{ position: 0, quantity: 0 }], { code: 'quantity_invalid', path: [0, 'quantity'], limit: 1, actual: '0' }],
    [[{ position: 0, quantity: Number.NaN }], { code: 'value_type', path: [0, 'quantity'] }],
    [[], { code: 'value_type', path: [] }],
    [undefined, { code: 'value_type', path: [] }],
  ];
  for (const [items, error] of rows) await assert.rejects(checkout.returnItems(items), error);
  assert.equal(sent, before);
  const [first, second] = [checkout.returnItems([{ position: 0 }]), checkout.returnItems([{ position: 0 }])];
  await assert.rejects(second, { code: 'overlap', retryable: true });
  assert.deepEqual(returned(await first), [3, 0]);
  checkout.dispose();
});

test('docs/orders.md tells where each move leads from each state', async () => {
  const text = await readFile(new URL('../../docs/orders.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, state, cells]) => [state, cells?.split(' | ')]);
  assert.deepEqual(
    rows.map(([state]) => state),
    ['open', 'closed', 'partially_returned', 'cancelled'],
  );
  const one = [{ position: 0, quantity: 1 }];
  /** How an order comes into each state. @type {Record<string, (checkout: import('cartwright').Checkout) => unknown>} */
  const ways = {
    open: (checkout) => checkout.reopen(),
    closed: () => {},
    partially_returned: (checkout) => checkout.returnItems(one),
    cancelled: (checkout) => checkout.cancel(),
  };
  /** @type {((checkout: import('cartwright').Checkout) => Promise<import('cartwright').Snapshot>)[]} */
  const moves = [(it) => it.close(), (it) => it.cancel(), (it) => it.reopen(), (it) => it.returnItems(one)];
  for (const [state, cells] of rows) {
    for (const [index, move] of moves.entries()) {
      const checkout = await order();
      await ways[String(state)]?.(checkout);
      const end = await move(checkout).then(
        (snapshot) => `\`${snapshot.state}\``,
        ({ code, actual }) => (code === 'state_forbidden' && actual === state ? '–' : code),
      );
      assert.equal(end, cells?.[index], `${state}, move ${index}`);
      checkout.dispose();
    }
  }
});

test('a profile without reopening refuses it, and has the other moves', async () => {
  for (const transitions of /** @type {const} */ (['2022', 'v1'])) {
    const checkout = await order({ transitions });
    await assert.rejects(checkout.reopen(), { code: 'state_forbidden', path: ['state'], actual: 'closed' });
    assert.equal((await checkout.returnItems([{ position: 0 }])).state, 'partially_returned');
    assert.equal((await checkout.cancel()).state, 'cancelled');
    checkout.dispose();
  }
});

test('units of an order are given back by whoever opens it', async () => {
  const buyer = await order({ sessionId: 'order-1' });
  buyer.dispose();
  const checkout = await open({ sessionId: 'order-1' });
  // Before the session was read.
  assert.deepEqual(returned(await checkout.returnItems([{ sku: 'MUG', quantity: 2 }])), [2, 0]);
  assert.equal(checkout.getSnapshot().sync.foreign, false);
  checkout.dispose();
});

test('what somebody else writes is told', async () => {
  const checkout = await open({ sessionId: 'shared-1' });
  checkout.cart.add({ sku: 'MUG', quantity: 1, price: '20.00' });
  await checkout.settled();
  /** @type {boolean[]} */
  const told = [];
  checkout.on('sync', ({ foreign }) => told.push(foreign));
  const answer = await fetch(`${server.address}/session-api/v2/customer_sessions/shared-1`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ customerSession: { cartItems: [], state: 'closed' } }),
  });
  assert.equal(answer.status, 200);
  const snapshot = await checkout.refresh();
  assert.deepEqual([snapshot.state, snapshot.sync.foreign, told.at(-1)], ['closed', true, true]);
  const refused = checkout.cart.clear();
  assert.ok(!refused.ok && refused.error.code === 'session_finished');
  checkout.dispose();
});

test('the next order has the same options and a session of its own', async () => {
  const checkout = await order({ sessionId: 'order-2', transitions: '2022', initial: { draft: '{"cartItems":[]}' } });
  const draft = { cartItems: [{ sku: 'PEN', quantity: 1, price: '0.50' }] };
  const [next, same] = await Promise.all([checkout.startNew({ initial: { draft } }), checkout.startNew()]);
  assert.equal(next, same);
  const { sessionId, lines, state } = next.getSnapshot();
  assert.match(sessionId, /^cw-[0-9a-f]{32}$/);
  assert.deepEqual([state, lines.map(({ sku }) => sku)], ['open', ['PEN']]);
  await assert.rejects(checkout.startNew(), { code: 'disposed' });
  const refused = checkout.cart.clear();
  assert.ok(!refused.ok && refused.error.code === 'disposed');
  await next.close();
  await assert.rejects(next.reopen(), { code: 'state_forbidden' });
  const last = await next.startNew();
  assert.deepEqual(last.getSnapshot().lines, []);
  last.dispose();
});

test('what waits is sent before the next order begins', async () => {
  const checkout = await open({ sync: { debounceMs: 60_000, maxWaitMs: 60_000 } });
  const { sessionId } = checkout.getSnapshot();
  checkout.cart.add({ sku: 'MUG', quantity: 2, price: '20.00' });
  const next = await checkout.startNew();
  const answer = await fetch(`${server.address}/session-api/v2/customer_sessions/${sessionId}`);
  const { customerSession } = await answer.json();
  assert.equal(customerSession.cartItems[0].quantity, 2);
  next.dispose();
});

test('where the next order cannot begin, this one goes on', async () => {
  const checkout = await order();
  /** @type {[any, object][]} */
  const rows = [
    [{ initial: { draft: { cartItems: [{ sku: '' }] } } }, { code: 'sku_empty' }],
    [{ initial: 5 }, { code: 'option_invalid', path: ['initial'] }],
    [null, { code: 'option_invalid' }],
  ];
  for (const [options, error] of rows) await assert.rejects(checkout.startNew(options), error);
  assert.equal((await checkout.reopen()).state, 'open');
  (await checkout.startNew()).dispose();
});
