// Which session a page gets: kept for the tab, found again after a reload, forgotten when it ended.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './harness.mjs';

/** Opens a checkout in the page, does something with it and gives its session id. */
const session = (/** @type {string} */ options = '', work = '') => `
  return import('/dist/index.js').then(async ({ openCheckout }) => {
    const checkout = await openCheckout({ currency: 'EUR', sync: { mode: 'manual' }, ${options} });
    ${work}
    const { sessionId } = checkout.getSnapshot();
    checkout.dispose();
    return sessionId;
  });
`;

const order = `checkout.cart.add({ sku: 'MUG', quantity: 2, price: '19.99' });`;

suite('session id', (given) => {
  const open = async () => given.page.open(`${given.sandbox.address}/module.html`);

  test('a reload finds the cart at the endpoint, and the next order is another session', async () => {
    const { page } = given;
    await open();
    await page.run('sessionStorage.clear()');
    const first = await page.run(session('', `${order} await checkout.flush();`));
    assert.match(first, /^cw-[0-9a-f]{32}$/);
    await open();
    const again = await page.run(
      session('', `if ((await checkout.settled()).lines[0].quantity !== 2) throw new Error('another cart');`),
    );
    assert.equal(again, first);
    assert.notEqual(await page.run(session(`storageKey: 'other'`)), first);
    assert.notEqual(await page.run(session(`storage: 'memory'`)), first);
    assert.equal(await page.run(session(`sessionId: 'mine'`)), 'mine');
    assert.equal(await page.run(session('', 'await checkout.close();')), first);
    assert.notEqual(await page.run(session()), first);
  });

  test('a cancelled session is left behind too', async () => {
    const { page } = given;
    await open();
    const first = await page.run(session('', `${order} await checkout.flush(); await checkout.cancel();`));
    assert.notEqual(await page.run(session()), first);
  });

  test('a storage that is denied or holds nonsense costs only the memory of it', async () => {
    const { page } = given;
    await open();
    const key = await page.run(`return Object.keys(sessionStorage).find((name) => name.startsWith('cartwright:'))`);
    await page.run(`sessionStorage.setItem(${JSON.stringify(key)}, 'x'.repeat(1000))`);
    assert.match(await page.run(session()), /^cw-/);
    await page.run(`
      Object.defineProperty(window, 'sessionStorage', { configurable: true, get() { throw new Error('denied'); } });
    `);
    assert.match(await page.run(session()), /^cw-/);
  });

  test('another origin is asked only when that is wanted', async () => {
    const { page } = given;
    await open();
    const refusal = await page.run(`
      return import('/dist/index.js').then(({ openCheckout }) =>
        openCheckout({ currency: 'EUR', endpoint: 'https://shop.example/session-api' })
          .catch(({ code, path }) => [code, ...path]));
    `);
    assert.deepEqual(refusal, ['option_invalid', 'allowCrossOrigin']);
    assert.match(
      await page.run(
        session(`endpoint: 'https://shop.example/session-api', allowCrossOrigin: true, storage: 'memory'`),
      ),
      /^cw-/,
    );
  });
});
