// What is done with an order: reopened, given back in parts, cancelled, and the next one begun.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../../scripts/lib/processes.mjs';
import { suite } from './harness.mjs';
import { requests, session } from './store.mjs';

suite('order', (given) => {
  let pages = 0;
  /** A new page, and a checkout in it. */
  const open = async (options = '') => {
    pages += 1;
    await given.page.open(`${given.sandbox.address}/healthz?${pages}`);
    return given.page.run(`
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        window.checkout = await openCheckout({ currency: 'EUR', ${options} });
        return checkout.getSnapshot();
      });
    `);
  };
  /** An order of 3 mugs and 2 pens in a new page. @returns {Promise<any>} its snapshot */
  const order = async () => {
    await given.page.open(`${given.sandbox.address}/healthz`);
    await given.page.forget();
    await open();
    return given.page.run(`
      checkout.cart.add({ sku: 'MUG', quantity: 3, price: '20.00' });
      checkout.cart.add({ sku: 'PEN', quantity: 2, price: '0.50' });
      return checkout.close();
    `);
  };
  /** Units of each line that the endpoint has back. @param {string} id */
  const returned = async (id) =>
    (await session(given, id)).cartItems.map((/** @type {any} */ item) => item.returnedQuantity ?? 0);
  /** What was sent to the endpoints of an order, each with its key. @param {string} id */
  const moves = async (id) => {
    const all = await requests(given, id);
    const sent = all.filter(({ path }) => /\/(reopen|returns)$/.test(path));
    return sent.map(({ method, path, key }) => [method, path.split('/').pop(), key]);
  };

  test('reopened, found again by the next page, changed, and placed once more', async () => {
    const { page } = given;
    const { sessionId } = await order();
    const reopened = await page.run('return checkout.reopen()');
    assert.equal(reopened.state, 'open');
    assert.equal((await session(given, sessionId)).state, 'open');
    const again = await open();
    assert.deepEqual([again.sessionId, again.state], [sessionId, 'open']);
    assert.deepEqual(
      again.lines.map((/** @type {any} */ { quantity }) => quantity),
      [3, 2],
    );
    const closed = await page.run(`
      checkout.cart.setQuantity(checkout.getSnapshot().lines[0].id, 1);
      return checkout.close();
    `);
    assert.deepEqual([closed.state, closed.totals.payable], ['closed', '21.00']);
    assert.equal((await session(given, sessionId)).cartItems[0].quantity, 1);
    assert.notEqual((await open()).sessionId, sessionId);
  });

  test('one position in part, then whole by SKU, and the rest cancelled', async () => {
    const { page } = given;
    const { sessionId } = await order();
    const part = await page.run('return checkout.returnItems([{ position: 0, quantity: 2 }])');
    assert.equal(part.state, 'partially_returned');
    assert.deepEqual(await returned(sessionId), [2, 0]);
    const refused = await page.run(`
      return checkout.returnItems([{ position: 0, quantity: 2 }]).catch(({ code, path, limit, actual }) =>
        [code, path, limit, actual]);
    `);
    assert.deepEqual(refused, ['units_limit', [0, 'quantity'], 1, 2]);
    const whole = await page.run(`return checkout.returnItems([{ sku: 'MUG' }])`);
    assert.deepEqual(
      whole.lines.map((/** @type {any} */ line) => line.returned),
      [3, 0],
    );
    assert.deepEqual(await returned(sessionId), [3, 0]);
    const sent = await moves(sessionId);
    assert.deepEqual(
      sent.map(([method, path]) => [method, path]),
      [
        ['POST', 'returns'],
        ['POST', 'returns'],
      ],
    );
    assert.notDeepEqual(sent[0], sent[1], 'each has a key of its own');
    assert.equal((await page.run('return checkout.cancel()')).state, 'cancelled');
    assert.equal((await session(given, sessionId)).state, 'cancelled');
  });

  for (const [what, path] of [
    ['reopen()', 'reopen'],
    ['returnItems([{ position: 0, quantity: 1 }])', 'returns'],
  ]) {
    test(`${what} is made once, however often its answer is lost, and over a reload`, async () => {
      const { page, sandbox } = given;
      const { sessionId } = await order();
      await sandbox.faults({ match: { session: sessionId, path, times: 2 }, do: { dropAfterApply: true } });
      await page.run(`return checkout.${what}`);
      assert.deepEqual(await returned(sessionId), path === 'reopen' ? [0, 0] : [1, 0]);
      const sent = await moves(sessionId);
      assert.equal(sent.length, 3);
      assert.deepEqual([sent[1], sent[2]], [sent[0], sent[0]], 'the same under the same key');
      if (path === 'reopen') await page.run('return checkout.close()');

      // The page is gone before there is any answer.
      await sandbox.faults({ match: { session: sessionId, path }, do: { hang: true } });
      await page.run(`void checkout.${what}.catch(() => {})`);
      await until('the fourth arrives', async () => (await moves(sessionId)).length === 4);
      const { sessionId: again } = await open();
      assert.equal(again, sessionId);
      const state = path === 'reopen' ? 'open' : 'partially_returned';
      await page.until(`checkout.getSnapshot().state === '${state}'`);
      await page.until(`['idle', 'finished'].includes(checkout.getSnapshot().sync.phase)`);
      assert.deepEqual(await returned(sessionId), path === 'reopen' ? [0, 0] : [2, 0]);
    });
  }

  test('the next order begins here, in a session that the next page finds', async () => {
    const { page } = given;
    const { sessionId } = await order();
    const next = await page.run(`
      return checkout.startNew().then(async (next) => {
        const refused = checkout.cart.clear().error.code;
        window.checkout = next;
        next.cart.add({ sku: 'TOTE', quantity: 1, price: '33.33' });
        return { refused, ...(await next.settled()) };
      });
    `);
    assert.equal(next.refused, 'disposed');
    assert.notEqual(next.sessionId, sessionId);
    assert.equal((await session(given, sessionId)).state, 'closed');
    const again = await open();
    assert.deepEqual([again.sessionId, again.lines.length], [next.sessionId, 1]);
  });
});
