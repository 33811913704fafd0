// The demo store behind a relay, in front of the sandbox as its deployment.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startServer } from '../../scripts/lib/server.mjs';
import { suite } from './harness.mjs';
import { addButton, agrees, arrived, fill, host, requests, units } from './store.mjs';

suite('relay', (given) => {
  /** @type {Awaited<ReturnType<typeof startServer>>} */
  let relay;
  before(async () => {
    relay = await startServer({ port: 0, upstream: `${given.sandbox.address}/session-api` });
  });
  after(() => relay.program.stop());
  beforeEach(async () => {
    await given.sandbox.healthy();
    // A page without pictures: WebKitGTK hangs when one is left in the middle of loading them.
    await given.page.open(`${relay.address}/healthz`);
    await given.page.forget();
    await given.page.open(`${relay.address}/`);
    await given.page.find(addButton('MUG'));
  });

  test('a cart and a code reach the deployment, and trouble there heals by itself', async () => {
    const { page, sandbox } = given;
    const { sessionId } = await fill(given, 'MUG');
    await page.type('coupon-input', 'XMAS-20-2021');
    await page.click('coupon-add');
    await page.until(`${host}.checkout.getSnapshot().coupons.some(({ status }) => status === 'accepted')`);
    const before = (await requests(given, sessionId, 'PUT')).length;
    for (const what of [{ status: 503 }, { dropAfterApply: true }, { truncateBody: 9 }, { body: 'please log in' }]) {
      await sandbox.faults({ match: { method: 'PUT', session: sessionId }, do: what });
    }
    await page.click('increase');
    await arrived(given, sessionId, 'PUT', before + 5);
    const stored = await agrees(given);
    assert.deepEqual([units(stored.cartItems), stored.couponCodes], [{ MUG: 2 }, ['XMAS-20-2021']]);
  });

  test('an order that only the back end may place is refused, and the cart stays editable', async () => {
    const { page } = given;
    const { sessionId } = await fill(given, 'MUG');
    const refused = await page.run(
      `return ${host}.checkout.close().then(() => 'closed', ({ code, problem }) => ({ code, problem }))`,
    );
    assert.equal(refused.code, 'rejected');
    assert.equal(refused.problem.errors[0].source.pointer, '/state');
    await page.click('increase');
    const stored = await agrees(given);
    assert.deepEqual([stored.state, units(stored.cartItems)], ['open', { MUG: 2 }]);
    assert.ok((await requests(given, sessionId)).every(({ body }) => !body.includes('closed')));
  });
});
