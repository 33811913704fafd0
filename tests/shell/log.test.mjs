// The log: what happened to a checkout, and that it leads to the same snapshot again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { maskLog, openCheckout, replayLog } from 'cartwright';
import { ITEM, openOffline } from './offline.mjs';
import { sandbox } from './sandbox.mjs';

/** @typedef {import('cartwright').Checkout} Checkout */

const server = sandbox();

/** @param {Partial<import('cartwright').CheckoutOptions>} [options] */
const open = (options) =>
  openCheckout({
    endpoint: `${server.address}/session-api`,
    currency: 'EUR',
    storage: 'memory',
    sync: { debounceMs: 0, maxWaitMs: 0, baseMs: 1, capMs: 2, settleMs: 0 },
    ...options,
  });

/** @param {object[]} rules */
const faults = (...rules) =>
  fetch(`${server.address}/sandbox/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(rules),
  });

/** @param {Checkout} checkout */
async function leadsToTheSame(checkout) {
  const log = checkout.log();
  const expected = JSON.stringify(checkout.getSnapshot());
  assert.equal(JSON.stringify(await replayLog(log)), expected);
  assert.equal(JSON.stringify(await replayLog(JSON.stringify(log))), expected, 'as a text');
}

test('at every step of an order the log leads to the snapshot that there is', async () => {
  const checkout = await open({ headers: { 'X-Token': 'a secret of the page' } });
  checkout.cart.add({ sku: 'MUG', quantity: 2, price: '19.99' });
  await leadsToTheSame(checkout);
  await checkout.settled();
  await leadsToTheSame(checkout);
  await faults(
    { match: { method: 'PUT' }, do: { status: 503 } },
    { match: { method: 'PUT' }, do: { dropAfterApply: true } },
    { match: { method: 'PUT' }, do: { status: 429, headers: { 'Retry-After': '0' } } },
  );
  checkout.edit(() => {
    checkout.cart.add({ sku: 'TOTE', quantity: 1, price: '26.66' });
    checkout.coupons.add('XMAS-20-2021');
    checkout.attributes.set('Newsletter', true);
  });
  checkout.edit(() => {
    checkout.cart.clear();
    checkout.cart.add({ sku: '', quantity: 1 });
  });
  await leadsToTheSame(checkout);
  await checkout.settled();
  assert.equal(checkout.getSnapshot().coupons[0]?.status, 'accepted');
  await leadsToTheSame(checkout);
  await checkout.preview({ couponCodes: [] });
  await assert.rejects(checkout.close({ quote: 'another' }), { code: 'quote_changed' });
  await leadsToTheSame(checkout);
  await checkout.close();
  await leadsToTheSame(checkout);
  await checkout.returnItems([{ position: 0, quantity: 1 }]);
  await leadsToTheSame(checkout);
  assert.ok(!JSON.stringify(checkout.log()).includes('a secret of the page'));
  checkout.dispose();
  await leadsToTheSame(checkout);
});

test('a bounded log keeps the newest thousand events and says how many are gone, a full one leads everywhere', async () => {
  const checkouts = await Promise.all([openOffline(), openOffline({ log: 'full' }), openOffline({ log: 'off' })]);
  const [bounded, full, off] = /** @type {[Checkout, Checkout, Checkout]} */ (checkouts);
  for (const checkout of checkouts) {
    checkout.cart.add(ITEM);
    const [line] = checkout.getSnapshot().lines;
    for (let units = 1; units <= 1100; units += 1) checkout.cart.setQuantity(String(line?.id), units);
  }
  const { events, dropped } = bounded.log();
  assert.equal(events.length, 1000);
  assert.equal(events.length + dropped, full.log().events.length);
  assert.deepEqual(events, bounded.log().events);
  assert.match(String(events.at(-1)?.[2]), /"quantity":1100/);
  await assert.rejects(replayLog(bounded.log()), { name: 'CheckoutError', code: 'log_incomplete', actual: dropped });
  await leadsToTheSame(full);
  assert.deepEqual([off.log().events, off.log().options, off.log().dropped], [[], '', full.log().events.length]);
  await assert.rejects(replayLog(off.log()), { code: 'log_incomplete' });
  for (const checkout of checkouts) checkout.dispose();
});

test('a bounded log does not grow with what is in its events', async () => {
  const checkout = await openOffline();
  for (let turn = 0; turn < 10; turn += 1) checkout.attributes.set('note', `${turn}${'x'.repeat(2 ** 18)}`);
  const { events, dropped } = checkout.log();
  assert.ok(JSON.stringify(events).length < 2 ** 21);
  assert.ok(dropped > 0);
  assert.match(String(events.at(-1)?.[2]), /"9xxx/);
  checkout.dispose();
});

test('a log is what it was when it was taken', async () => {
  const checkout = await openOffline();
  checkout.cart.add(ITEM);
  const log = checkout.log();
  const before = JSON.stringify(log);
  assert.throws(() => /** @type {any} */ (log.events).push([]), TypeError);
  assert.throws(() => Object.assign(/** @type {any} */ (log.events)[0], ['no time']), TypeError);
  checkout.cart.clear();
  assert.equal(JSON.stringify(log), before);
  assert.equal((await replayLog(log)).lines.length, 1);
  checkout.dispose();
});

test('a log that Chromium wrote leads to the snapshot that it had there', async () => {
  const kept = (/** @type {string} */ name) => readFile(new URL(`../fixtures/log/${name}`, import.meta.url), 'utf8');
  assert.deepEqual(await replayLog(await kept('order.json')), JSON.parse(await kept('order.page.json')));
});

test('what is no log is refused with where it is wrong', async () => {
  const checkout = await openOffline();
  checkout.cart.add(ITEM);
  const log = checkout.log();
  checkout.dispose();
  /** @type {[unknown, (string | number)[], object?][]} */
  const cases = [
    [undefined, ['format']],
    [null, ['format']],
    [5, ['format']],
    ['{', []],
    [{ ...log, format: 2 }, ['format'], { limit: 1, actual: 2 }],
    [{ ...log, version: '9.0.0' }, ['version'], { actual: '9.0.0' }],
    [{ ...log, dropped: undefined }, ['dropped']],
    [{ ...log, options: {} }, ['options']],
    [{ ...log, events: 'none' }, ['events']],
    [{ ...log, events: [...log.events, [0, 'apply', {}, 0]] }, ['events', log.events.length]],
    [{ ...log, events: [[0, 'apply', '{}']] }, ['events', 0]],
  ];
  for (const [wrong, path, more] of cases) {
    const expected = { name: 'CheckoutError', code: 'log_invalid', path, ...more };
    await assert.rejects(replayLog(/** @type {any} */ (wrong)), expected);
    assert.throws(() => maskLog(/** @type {any} */ (wrong)), expected);
  }
  await assert.rejects(replayLog({ ...log, options: '{}' }), { code: 'option_invalid' });
  for (const event of [
    ['answered', '[]'],
    ['answered', '{}'],
    ['apply', 'no JSON'],
    ['behind', 'no JSON'],
    ['heard', 'no JSON'],
    ['nothing', ''],
  ]) {
    const told = [NaN, ...event, -1];
    const { lines } = await replayLog(/** @type {any} */ ({ ...log, events: [...log.events, told, told] }));
    assert.equal(lines.length, 1, `${event} harms the cart`);
  }
});

test('a masked log holds nothing of the shopper, and leads to the same sums', async () => {
  const secrets = [
    'Ada',
    '1815',
    'ada@example.org',
    'profile-7',
    'CARD-9',
    'XMAS-20-2021',
    'ID-3',
    'Happy birthday',
    'session-1',
  ];
  const checkout = await open({ sessionId: 'session-1 of the test', log: 'full' });
  checkout.profile.set('profile-7');
  checkout.attributes.set('Name', 'Ada');
  checkout.attributes.set('StayNights', 1815);
  checkout.attributes.set('Tags', ['ada@example.org']);
  checkout.identifiers.set(['ID-3']);
  checkout.loyaltyCard.set('CARD-9');
  checkout.coupons.add(' XMAS-20-2021 ');
  checkout.cart.add({
    sku: 'MUG',
    quantity: 2,
    price: '19.990000000000000001',
    attributes: { color: 'Happy birthday' },
  });
  await checkout.settled();
  checkout.attributes.remove('Name');
  await checkout.settled();
  const { totals, coupons, lines } = checkout.getSnapshot();
  assert.equal(coupons[0]?.status, 'accepted');
  const plain = checkout.log();
  checkout.dispose();
  const masked = maskLog(plain);
  const text = JSON.stringify(masked);
  for (const secret of secrets) {
    assert.ok(JSON.stringify(plain).includes(secret), `${secret} was never in it`);
    assert.ok(!text.includes(secret), `${secret} is still in it`);
  }
  assert.match(text, /MUG/);
  const shown = await replayLog(masked);
  assert.deepEqual(shown.totals, totals);
  assert.deepEqual(
    shown.lines.map(({ quantity, price }) => [quantity, price]),
    lines.map(({ quantity, price }) => [quantity, price]),
  );
  assert.deepEqual(
    shown.coupons.map(({ status }) => status),
    coupons.map(({ status }) => status),
  );
  assert.match(String(shown.coupons[0]?.code), /^masked-\d+$/);
});
