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
    await page.forget();
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

  test('a page has a cart open once, and another currency is another cart', async () => {
    const { page } = given;
    await open();
    await page.forget();
    const told = await page.run(`
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        const open = (more) => openCheckout({ currency: 'EUR', sync: { mode: 'manual' }, ...more });
        const refusal = (opening) => opening.then(() => 'opened', ({ code, path }) => [code, ...path].join(' '));
        const first = await open();
        const { sessionId } = first.getSnapshot();
        const twice = await refusal(open());
        const again = await refusal(open({ sessionId }));
        const others = await Promise.all([open({ currency: 'USD' }), open({ storageKey: 'b' }), open({ storage: 'memory' })]);
        const ids = [first, ...others].map((checkout) => checkout.getSnapshot().sessionId);
        first.dispose();
        const next = await open();
        ids.push(next.getSnapshot().sessionId);
        for (const checkout of [next, ...others]) checkout.dispose();
        // As frameworks do that mount twice.
        const hasty = open().then((checkout) => checkout.dispose());
        const patient = await refusal(open());
        await hasty;
        return { twice, again, ids, sessionId, patient, wrong: await refusal(open({ sessionId: 'w', limits: 'never' })),
          right: await refusal(open({ sessionId: 'w' })) };
      });
    `);
    assert.equal(told.twice, 'already_open storageKey');
    assert.equal(told.again, 'already_open sessionId');
    assert.equal(new Set(told.ids).size, 4);
    assert.deepEqual([told.ids[0], told.ids[4]], [told.sessionId, told.sessionId]);
    assert.equal(told.patient, 'opened');
    assert.deepEqual([told.wrong, told.right], ['option_invalid limits', 'opened']);
  });

  test('what was sent by a checkout that was left is in the next one', async () => {
    const { page } = given;
    await open();
    await page.forget();
    const quantities = await page.run(`
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        const quantities = [];
        for (let turn = 1; turn <= 3; turn += 1) {
          const checkout = await openCheckout({ currency: 'EUR', sync: { debounceMs: 60000, maxWaitMs: 60000 } });
          checkout.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
          if (turn > 1) await checkout.flush();
          quantities.push(checkout.getSnapshot().lines[0].quantity);
          checkout.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
          checkout.dispose();
        }
        return quantities;
      });
    `);
    assert.deepEqual(quantities, [1, 3, 5]);
  });

  test('a storage that is denied or holds nonsense costs only the memory of it', async () => {
    const { page } = given;
    await open();
    await page.run(`Object.defineProperty(window, 'indexedDB', { value: undefined })`);
    const first = await page.run(session('', `${order} await checkout.flush();`));
    assert.equal(await page.run(session()), first);
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
