import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ITEM, openOffline } from './offline.mjs';

test('listeners are told after the edit, with the newest snapshot', async () => {
  const checkout = await openOffline();
  /** @type {unknown[]} */
  const told = [];
  const off = checkout.subscribe((snapshot) => told.push(snapshot));
  checkout.cart.add(ITEM);
  assert.deepEqual(told, [checkout.getSnapshot()]);
  assert.equal(told[0], checkout.getSnapshot());
  assert.ok(!checkout.cart.remove('nothing').ok);
  assert.equal(told.length, 1);
  off();
  off();
  checkout.cart.add(ITEM);
  assert.equal(told.length, 1);
  checkout.dispose();
});

test('the same function twice is told twice, and each off ends one', async () => {
  const checkout = await openOffline();
  let told = 0;
  const listener = () => {
    told += 1;
  };
  const off = checkout.subscribe(listener);
  checkout.on('change', listener);
  checkout.cart.add(ITEM);
  assert.equal(told, 2);
  off();
  checkout.cart.add(ITEM);
  assert.equal(told, 3);
  checkout.dispose();
});

test('a listener that throws keeps nothing from the others nor from the caller', async () => {
  const checkout = await openOffline();
  const problem = new Error('of a listener');
  let told = 0;
  checkout.subscribe(() => {
    throw problem;
  });
  checkout.subscribe(() => {
    told += 1;
  });
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  try {
    const reported = once(process, 'uncaughtException');
    assert.ok(checkout.cart.add(ITEM).ok);
    assert.equal(told, 1);
    assert.deepEqual((await reported)[0], problem);
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  checkout.dispose();
});

test('listeners that come and go during a notification', async () => {
  const checkout = await openOffline();
  /** @type {string[]} */
  const told = [];
  const offs = [
    checkout.subscribe(() => {
      told.push('first');
      offs[1]?.();
      checkout.subscribe(() => told.push('late'));
      offs[0]?.();
    }),
    checkout.subscribe(() => told.push('removed')),
    checkout.subscribe(() => told.push('last')),
  ];
  checkout.cart.add(ITEM);
  assert.deepEqual(told, ['first', 'last']);
  checkout.cart.add(ITEM);
  assert.deepEqual(told, ['first', 'last', 'last', 'late']);
  checkout.dispose();
});

test('a listener that edits: everybody hears of both, in order', async () => {
  const checkout = await openOffline();
  /** @type {[string, number][]} */
  const told = [];
  checkout.subscribe(({ lines }) => {
    told.push(['editor', lines.length]);
    if (lines.length === 1) checkout.cart.add({ ...ITEM, sku: 'B' });
  });
  checkout.subscribe(({ lines }) => told.push(['other', lines.length]));
  checkout.cart.add(ITEM);
  assert.deepEqual(told, [
    ['editor', 1],
    ['other', 1],
    ['editor', 2],
    ['other', 2],
  ]);
  checkout.dispose();
});

test('a listener that never stops editing does not hold the caller', async () => {
  const checkout = await openOffline();
  let told = 0;
  checkout.subscribe(() => {
    told += 1;
    checkout.attributes.set('count', told);
  });
  checkout.attributes.set('count', 0);
  assert.ok(told >= 10 && told <= 1000, `${told}`);
  checkout.dispose();
});

test('a listener may dispose', async () => {
  const checkout = await openOffline();
  let told = 0;
  checkout.subscribe(() => checkout.dispose());
  checkout.subscribe(() => {
    told += 1;
  });
  assert.ok(checkout.cart.add(ITEM).ok);
  assert.equal(told, 0);
  assert.equal(checkout.getSnapshot().lines.length, 1);
  const result = checkout.cart.clear();
  assert.ok(!result.ok && result.error.code === 'disposed');
});

test('the snapshot is the same until something changes, and unchanged parts stay', async () => {
  const checkout = await openOffline();
  checkout.cart.add(ITEM);
  checkout.cart.add({ ...ITEM, sku: 'B', meta: { image: 'b.png' } });
  const before = checkout.getSnapshot();
  assert.equal(checkout.getSnapshot(), before);
  assert.ok(!checkout.cart.setQuantity(before.lines[0]?.id ?? '', -1).ok);
  assert.ok(!checkout.coupons.add('').ok);
  assert.equal(checkout.getSnapshot(), before);

  assert.ok(checkout.cart.setQuantity(before.lines[0]?.id ?? '', 3).ok);
  const after = checkout.getSnapshot();
  assert.notEqual(after, before);
  assert.notEqual(after.lines, before.lines);
  assert.notEqual(after.lines[0], before.lines[0]);
  assert.equal(after.lines[1], before.lines[1]);
  assert.equal(after.coupons, before.coupons);
  assert.equal(after.offers, before.offers);
  assert.equal(after.effects, before.effects);
  assert.equal(before.lines[0]?.quantity, 1);
  assert.ok(Object.isFrozen(after));
  assert.ok(after.lines.every((line) => Object.isFrozen(line)));

  assert.ok(checkout.coupons.add('CODE').ok);
  assert.equal(checkout.getSnapshot().lines, after.lines);
  const { revision } = checkout.getSnapshot();
  assert.deepEqual(checkout.coupons.add('CODE'), { ok: true, revision });
  checkout.dispose();
});
