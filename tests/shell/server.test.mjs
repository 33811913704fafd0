// The whole way in Node: the built package against the real endpoint.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAmount, openCheckout } from 'cartwright';
import { sandbox } from './sandbox.mjs';

const server = sandbox();

/** @param {Partial<import('cartwright').CheckoutOptions>} [options] */
const open = (options) =>
  openCheckout({ endpoint: `${server.address}/session-api/`, currency: 'EUR', storage: 'memory', ...options });

test('from the first line to a closed session', async () => {
  const checkout = await open();
  /** @type {string[]} */
  const told = [];
  checkout.on('coupon', ({ code, status }) => told.push(`${code} ${status}`));
  checkout.on('closed', ({ foreign }) => told.push(`closed ${foreign}`));
  checkout.on('error', ({ code }) => told.push(`error ${code}`));

  checkout.cart.add({ sku: 'MUG', quantity: 3, price: '19.99' });
  checkout.edit(({ cart, coupons }) => {
    cart.add({ sku: 'PEN', quantity: 3, price: 0.1 });
    coupons.add('XMAS-20-2021');
    coupons.add('NO-SUCH-CODE');
  });
  const snapshot = await checkout.settled();
  assert.equal(snapshot, checkout.getSnapshot());
  assert.equal(snapshot.totals.total, '60.27');
  assert.equal(snapshot.acknowledgedRevision, snapshot.revision);
  assert.ok(snapshot.quote?.current);
  assert.equal(snapshot.quote.mismatch, undefined);
  assert.deepEqual(
    snapshot.coupons.map(({ code, status, reason }) => [code, status, reason]),
    [
      ['XMAS-20-2021', 'accepted', undefined],
      ['NO-SUCH-CODE', 'rejected', 'CouponNotFound'],
    ],
  );
  assert.equal(checkout.session.get('total'), '60.27');
  assert.equal(formatAmount(snapshot.totals.total, { currency: 'EUR', locale: 'en' }), '€60.27');

  const preview = await checkout.preview({ couponCodes: [] });
  assert.equal(preview.payable, '60.27');
  assert.notEqual(preview.fingerprint, snapshot.quote.fingerprint);
  assert.equal(checkout.getSnapshot().revision, snapshot.revision);

  await assert.rejects(checkout.close({ quote: preview.fingerprint }), {
    name: 'CheckoutError',
    code: 'quote_changed',
  });
  assert.equal(checkout.getSnapshot().state, 'open');
  const [first, second] = await Promise.all([
    checkout.close({ quote: snapshot.quote.fingerprint }),
    checkout.close({ quote: snapshot.quote.fingerprint }),
  ]);
  assert.equal(first.state, 'closed');
  assert.equal(second.state, 'closed');
  const result = checkout.cart.clear();
  assert.ok(!result.ok && result.error.code === 'session_finished');
  assert.deepEqual(told, ['XMAS-20-2021 accepted', 'NO-SUCH-CODE rejected', 'closed false']);
  checkout.dispose();
});

test('a session that is there is opened without being overwritten', async () => {
  const writer = await open({ sessionId: 'kept-1' });
  writer.cart.add({ sku: 'MUG', quantity: 2, price: '19.99' });
  await writer.flush();
  writer.dispose();
  const reader = await open({ sessionId: 'kept-1' });
  const snapshot = await reader.refresh();
  assert.deepEqual(
    snapshot.lines.map(({ sku, quantity, price }) => [sku, quantity, price]),
    [['MUG', 2, '19.99']],
  );
  assert.equal(reader.session.get('updateCount'), 1);
  reader.dispose();
});

test('prepared, freed, prepared again, closed by the back end, finished', async () => {
  const checkout = await open({ sessionId: 'paid-1' });
  checkout.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
  const { sessionId, payable } = await checkout.prepare();
  assert.deepEqual([sessionId, payable], ['paid-1', '19.99']);
  const refused = checkout.cart.clear();
  assert.ok(!refused.ok && refused.error.code === 'session_closing');
  await checkout.release();
  assert.ok(checkout.cart.add({ sku: 'PEN', quantity: 1, price: '0.10' }).ok);
  assert.equal((await checkout.prepare()).payable, '20.09');
  const { customerSession } = checkout.toRequest({ as: 'object' });
  const answer = await fetch(`${server.address}/session-api/v2/customer_sessions/paid-1`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ customerSession: { ...customerSession, state: 'closed' } }),
  });
  assert.equal(answer.status, 200);
  assert.equal((await checkout.finish()).state, 'closed');
  checkout.dispose();
});

test('cancelled', async () => {
  const checkout = await open();
  checkout.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
  await checkout.flush();
  assert.equal((await checkout.cancel()).state, 'cancelled');
  await assert.rejects(checkout.close(), { name: 'CheckoutError', code: 'state_forbidden' });
  checkout.dispose();
});

test('a refused update stops, says where, and keeps the draft', async () => {
  const checkout = await open();
  /** @type {import('cartwright').CheckoutError[]} */
  const errors = [];
  checkout.on('error', (error) => errors.push(error));
  checkout.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
  checkout.attributes.set('NotDeclared', 1);
  await assert.rejects(checkout.flush(), (/** @type {any} */ error) => {
    assert.deepEqual([error.name, error.code, error.status], ['CheckoutError', 'rejected', 400]);
    assert.deepEqual(error.path, ['attributes', 'NotDeclared']);
    assert.equal(typeof error.problem.message, 'string');
    return true;
  });
  assert.equal(errors[0]?.name, 'CheckoutError');
  assert.equal(checkout.getSnapshot().sync.phase, 'blocked');
  assert.equal(checkout.getSnapshot().lines.length, 1);
  checkout.dispose();
});
