// What the page decides about, from an endpoint that makes every effect appear.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCheckout } from 'cartwright';
import { sandbox } from './sandbox.mjs';

const server = sandbox('everything.json');

/** @param {Partial<import('cartwright').CheckoutOptions>} [options] */
async function openShop(options) {
  const endpoint = `${server.address}/session-api`;
  const checkout = await openCheckout({ endpoint, currency: 'EUR', storage: 'memory', ...options });
  /** @type {import('cartwright').Effect[]} */
  const told = [];
  checkout.on('effect', (effect) => told.push(effect));
  /** What was told since this was asked last. */
  const news = async () => {
    await checkout.settled();
    return told.splice(0);
  };
  return { checkout, news };
}

test('an effect is told when it is new, and not again while it holds', async () => {
  const { checkout, news } = await openShop();
  checkout.cart.add({ sku: 'MUG', quantity: 2, price: '10.00' });
  assert.deepEqual(await news(), []);
  checkout.coupons.add('E-ATTRIBUTE');
  const first = await news();
  assert.deepEqual(
    first.map(({ effectType }) => effectType),
    ['acceptCoupon', 'updateAttribute'],
  );
  const [, attribute] = first;
  assert.ok(attribute?.effectType === 'updateAttribute');
  assert.deepEqual(attribute.props, { path: 'Session.Attributes.Tier', value: 'Gold' });
  assert.ok(Object.isFrozen(attribute.props));

  checkout.attributes.set('ShippingCity', 'Berlin');
  checkout.cart.add({ sku: 'TEE', quantity: 1, price: '5.00' });
  assert.deepEqual(await news(), []);
  checkout.coupons.add('E-CUSTOM');
  const second = await news();
  assert.deepEqual(
    second.map(({ effectType }) => effectType),
    ['acceptCoupon', ...second.slice(1).map(() => 'customEffect')],
  );
  const [, confetti] = second;
  assert.ok(confetti?.effectType === 'customEffect');
  assert.deepEqual([confetti.props.name, confetti.props.payload], ['confetti', { colors: ['red', 'gold'] }]);
  assert.deepEqual(checkout.getSnapshot().effects.slice(-second.length), second);

  checkout.coupons.remove('E-ATTRIBUTE');
  assert.deepEqual(await news(), []);
  checkout.coupons.add('E-ATTRIBUTE');
  assert.deepEqual(
    (await news()).map(({ effectType }) => effectType),
    ['acceptCoupon', 'updateAttribute'],
  );
  checkout.dispose();
});

test('equal effects are told as often as they are new', async () => {
  const { checkout, news } = await openShop();
  checkout.coupons.add('E-FREE');
  checkout.cart.add({ sku: 'MUG', quantity: 2, price: '10.00', category: 'kitchen' });
  const free = (/** @type {import('cartwright').Effect[]} */ effects) =>
    effects.filter(({ effectType }) => effectType === 'addFreeItem').length;
  const some = free(await news());
  checkout.cart.add({ sku: 'MUG', quantity: 20, price: '10.00', category: 'kitchen' });
  const more = free(await news());
  assert.ok(some > 0 && more > 0);
  assert.equal(some + more, free([...checkout.getSnapshot().effects]));
  checkout.dispose();
});

test('achievements and rewards are told', async () => {
  const { checkout, news } = await openShop();
  checkout.edit(({ cart, coupons, profile }) => {
    profile.set('LOYAL-1');
    cart.add({ sku: 'MUG', quantity: 1, price: '10.00' });
    coupons.add('E-PROGRESS');
    coupons.add('E-UNLOCK');
  });
  const told = await news();
  const progress = told.find((effect) => effect.effectType === 'increaseAchievementProgress');
  assert.ok(progress?.effectType === 'increaseAchievementProgress' && progress.props.isJustCompleted);
  assert.ok(
    told.some((effect) => effect.effectType === 'unlockReward' && effect.props.profileIntegrationId === 'LOYAL-1'),
  );
  checkout.dispose();
});

test('what the page brought along is not told again, and a preview tells nothing', async () => {
  const { checkout: writer } = await openShop({ sessionId: 'shown-1' });
  writer.cart.add({ sku: 'MUG', quantity: 1, price: '10.00' });
  writer.coupons.add('E-ATTRIBUTE');
  await writer.settled();
  writer.dispose();
  const answer = await (await fetch(`${server.address}/session-api/v2/customer_sessions/shown-1`)).text();
  const { checkout, news } = await openShop({ sessionId: 'shown-1', initial: { answer } });
  assert.equal(checkout.getSnapshot().effects.length, 2);
  await checkout.refresh();
  assert.ok((await checkout.preview({ couponCodes: ['E-CUSTOM'] })).effects.length > 1);
  assert.deepEqual(await news(), []);
  checkout.dispose();
});

test('a free item is told when it is taken out', async () => {
  const { checkout } = await openShop();
  /** @type {unknown[]} */
  const told = [];
  checkout.on('withdrawn', (detail) => told.push(detail));
  checkout.coupons.add('E-FREE');
  await checkout.settled();
  const gift = checkout.getSnapshot().offers.freeItems.find(({ sku }) => sku === 'GIFT');
  assert.ok(gift);
  const taken = checkout.cart.accept(gift);
  assert.ok(taken.ok);
  await checkout.settled();
  assert.deepEqual(
    checkout.getSnapshot().lines.map(({ sku, price, free }) => [sku, price, free]),
    [['GIFT', '0.00', true]],
  );
  assert.deepEqual(told, []);
  checkout.coupons.clear();
  await checkout.settled();
  assert.deepEqual(told, [{ lineId: taken.lineId, sku: 'GIFT', name: 'A gift', quantity: gift.quantity }]);
  assert.deepEqual(checkout.getSnapshot().lines, []);
  checkout.dispose();
});
