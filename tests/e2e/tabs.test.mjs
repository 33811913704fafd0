// Several tabs of one browser with one cart: all of them edit, one of them sends.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { suite } from './harness.mjs';
import { requests, units } from './store.mjs';

/** Longer than any test. */
const always = 1_000_000;

/** What pages of plain http lack. */
const withoutLocks = `Object.defineProperty(navigator, 'locks', { value: undefined });`;

/** A store that takes nothing any more, as one that is full. */
const noRoom = `
  const begin = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (...rest) {
    if (this.name === 'cartwright') throw new DOMException('', 'QuotaExceededError');
    return begin.apply(this, rest);
  };
`;

suite('tabs', (given) => shareACart(given, ''));
suite('tabs without Web Locks', (given) => shareACart(given, withoutLocks));

/**
 * @param {Parameters<Parameters<typeof suite>[1]>[0]} given
 * @param {string} first runs in each page before anything else
 */
function shareACart(given, first) {
  let pages = 0;
  /** @type {string[]} */
  let windows = [];
  const empty = () => {
    pages += 1;
    return given.page.open(`${given.sandbox.address}/healthz?${pages}`);
  };
  /** Opens a checkout in the window that is driven. */
  const open = async (options = '') => {
    await empty();
    return given.page.run(`
      ${first}
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        window.heard = [];
        window.checkout = await openCheckout({ currency: 'EUR', ${options} });
        for (const type of ['error', 'closed', 'conflict']) {
          checkout.on(type, ({ code, foreign }) => heard.push(code ?? [type, foreign]));
        }
        return checkout.getSnapshot();
      });
    `);
  };
  /** Two tabs with an empty cart; the second one is driven. */
  const openTwo = async (options = '') => {
    const { page } = given;
    await empty();
    await page.forget();
    const { sessionId } = await open(options);
    const { handle } = await page.driver.createWindow('tab');
    windows = [await page.driver.getWindowHandle(), handle];
    await page.driver.switchToWindow(handle);
    const second = await open(options);
    assert.equal(second.sessionId, sessionId);
    return second.sessionId;
  };
  /** @param {number} which */
  const drive = (which) => given.page.driver.switchToWindow(String(windows[which]));
  afterEach(async () => {
    await given.sandbox.healthy();
    for (const handle of windows.slice(1)) {
      if (!(await given.page.driver.getWindowHandles()).includes(handle)) continue;
      await given.page.driver.switchToWindow(handle);
      await given.page.driver.closeWindow();
    }
    await drive(0);
    await empty();
    windows = [];
  });
  const add = (sku = 'MUG', quantity = 1) =>
    given.page.run(`
      const answer = checkout.cart.add({ sku: '${sku}', quantity: ${quantity}, price: '19.99' });
      return answer.ok || answer.error.code;
    `);
  const settled = () => given.page.run('return checkout.settled()');
  const heard = () => given.page.run('return heard');
  /** @param {Record<string, number>} expected */
  const shows = (expected) =>
    given.page.until(
      `JSON.stringify(checkout.getSnapshot().lines.map(({ sku, quantity }) => [sku, quantity])) === '${JSON.stringify(
        Object.entries(expected),
      )}'`,
    );
  /** @param {string} id */
  const endpoint = async (id) => (await given.sandbox.session(id)).customerSession;

  test('a tab shows what another one did, with its quote, and goes on with it', async () => {
    const id = await openTwo();
    await drive(0);
    await add('MUG', 2);
    await given.page.run(`return checkout.coupons.add('XMAS-20-2021')`);
    await drive(1);
    await shows({ MUG: 2 });
    await given.page.until(
      `checkout.getSnapshot().quote?.current && checkout.getSnapshot().coupons[0].status === 'accepted'`,
    );
    const { totals, lines } = await given.page.run('return checkout.getSnapshot()');
    assert.equal(totals.payable, '31.984');
    await given.page.run('return checkout.cart.setQuantity(arguments[0], 3)', lines[0].id);
    await drive(0);
    await shows({ MUG: 3 });
    assert.deepEqual(units((await settled()).lines), { MUG: 3 });
    assert.deepEqual(units((await endpoint(id)).cartItems), { MUG: 3 });
  });

  test('a tab whose store gives out stores through another one, and places the order', async () => {
    const id = await openTwo();
    await given.page.run(noRoom);
    await add('MUG', 2);
    assert.deepEqual(units((await settled()).lines), { MUG: 2 });
    await drive(0);
    await shows({ MUG: 2 });
    await add('PEN');
    await drive(1);
    await shows({ MUG: 2, PEN: 1 });
    const { persistence, state } = await given.page.run('return checkout.close()');
    assert.deepEqual([persistence, state], ['indexeddb', 'closed']);
    assert.deepEqual(await heard(), [['closed', false]]);
    const { state: there, cartItems } = await endpoint(id);
    assert.deepEqual([there, units(cartItems)], ['closed', { MUG: 2, PEN: 1 }]);
    await drive(0);
    await given.page.until(`checkout.getSnapshot().state === 'closed'`);
    assert.deepEqual(await heard(), [['closed', false]]);
  });

  test('tabs that cannot store any more have each of their edits once, and either places the order', async () => {
    const id = await openTwo();
    await add();
    await settled();
    await given.page.run(noRoom);
    await drive(0);
    await shows({ MUG: 1 });
    await given.page.run(noRoom);
    await add('PEN');
    await given.page.until(`checkout.getSnapshot().persistence === 'memory'`);
    await drive(1);
    await add('TOTE');
    await given.page.until(`checkout.getSnapshot().persistence === 'memory'`);
    await settled();
    await drive(0);
    await settled();
    const both = `checkout.getSnapshot().quote?.current && checkout.getSnapshot().lines.length === 3`;
    await given.page.until(both);
    await drive(1);
    await given.page.until(both);
    assert.deepEqual(units((await endpoint(id)).cartItems), { MUG: 1, PEN: 1, TOTE: 1 });
    assert.deepEqual(await heard(), ['storage_failed']);
    const { state } = await given.page.run('return checkout.close()');
    assert.equal(state, 'closed');
    assert.equal((await endpoint(id)).state, 'closed');
    await drive(0);
    await given.page.until(`checkout.getSnapshot().state === 'closed'`);
  });

  test('two hundred increments in each of two tabs are four hundred', async () => {
    const id = await openTwo();
    const start = `
      window.work = (async () => {
        for (let turn = 0; turn < 200; turn += 1) {
          const { ok } = checkout.cart.add({ sku: 'MUG', quantity: 1, price: '0.10' });
          if (!ok) throw new Error('refused');
          // Timers of a tab that nobody looks at are slow.
          const { port1, port2 } = new MessageChannel();
          port2.postMessage(turn);
          await new Promise((resolve) => (port1.onmessage = resolve));
        }
        return checkout.settled();
      })();
    `;
    await drive(0);
    await given.page.run(start);
    await drive(1);
    await given.page.run(start);
    await given.page.run('return work.then(() => true)');
    await drive(0);
    await given.page.run('return work.then(() => true)');
    for (const tab of [0, 1]) {
      await drive(tab);
      await shows({ MUG: 400 });
      assert.deepEqual(await heard(), []);
    }
    assert.deepEqual(units((await endpoint(id)).cartItems), { MUG: 400 });
  });

  test('when the tab that sends is closed in the middle of a request, the other one finishes it', async () => {
    const id = await openTwo();
    await add();
    await settled();
    await given.sandbox.faults({ match: { method: 'PUT', session: id }, do: { hang: true } });
    await add('PEN', 2);
    await given.page.until(`checkout.getSnapshot().sync.phase === 'sending'`);
    await given.page.driver.closeWindow();
    await drive(0);
    await shows({ MUG: 1, PEN: 2 });
    assert.deepEqual(units((await settled()).lines), { MUG: 1, PEN: 2 });
    assert.deepEqual(units((await endpoint(id)).cartItems), { MUG: 1, PEN: 2 });
    const updates = await requests(given, id, 'PUT');
    const keys = new Set(updates.map(({ key }) => key));
    assert.equal(keys.size, 2, 'the same bytes went again under the same key');
  });

  test('a double close from two tabs at once is one order, and both are told', async () => {
    const id = await openTwo();
    await add();
    await settled();
    const close = 'window.closing = checkout.close().then(({ state }) => state);';
    await drive(0);
    await given.page.run(close);
    await drive(1);
    await given.page.run(close);
    for (const tab of [0, 1]) {
      await drive(tab);
      assert.equal(await given.page.run('return closing'), 'closed');
      assert.deepEqual(await heard(), [['closed', false]]);
      assert.equal(await add(), 'session_finished');
    }
    const updates = await requests(given, id, 'PUT');
    const closings = updates.filter(({ body }) => JSON.stringify(body ?? '').includes('closed'));
    assert.equal(closings.length, 1);
    const next = await open();
    assert.notEqual(next.sessionId, id);
  });

  test('each tab may ask for a preview and is answered', async () => {
    await openTwo();
    await add();
    for (const tab of [0, 1, 0]) {
      await drive(tab);
      const { discount } = await given.page.run(`
        return checkout.preview({ couponCodes: ['XMAS-20-2021'] });
      `);
      assert.equal(discount, '3.998');
    }
  });

  test('an edit that another tab made impossible is given back with its reason', async () => {
    const id = await openTwo();
    await add();
    await settled();
    await given.sandbox.faults({
      match: { method: 'PUT', session: id, times: always },
      do: { dropBeforeApply: true },
    });
    const { lines } = await given.page.run('return checkout.getSnapshot()');
    await drive(0);
    await shows({ MUG: 1 });
    // Both in one turn of their page, before either hears of the other.
    await given.page.run(`checkout.cart.clear()`);
    await drive(1);
    const ok = await given.page.run('return checkout.cart.setQuantity(arguments[0], 5).ok', lines[0].id);
    await given.sandbox.healthy();
    await shows({});
    assert.deepEqual(await heard(), ok ? ['edit_conflict'] : []);
    assert.deepEqual((await settled()).lines, []);
  });

  test('a page that comes back as it was put away has what the page after it did, and goes on', async () => {
    const { page } = given;
    await empty();
    await page.forget();
    const { sessionId } = await open();
    windows = [await page.driver.getWindowHandle()];
    await add('MUG');
    await settled();
    await open();
    await add('PEN', 2);
    await settled();
    await page.driver.back();
    await page.until(`location.search === '?${pages - 1}' && document.readyState === 'complete'`);
    // Not every engine keeps pages while it is driven.
    if (!(await page.run('return Boolean(window.checkout)'))) await open();
    await shows({ MUG: 1, PEN: 2 });
    await add('TOTE');
    await settled();
    assert.deepEqual(units((await endpoint(sessionId)).cartItems), { MUG: 1, PEN: 2, TOTE: 1 });
    assert.deepEqual(await heard(), []);
  });

  test('pages that are left in the middle of their work hold up no page after them', async () => {
    const { page } = given;
    await empty();
    await page.forget();
    windows = [await page.driver.getWindowHandle()];
    for (let turn = 0; turn < 5; turn += 1) {
      await open();
      await page.run(`
        (async () => {
          for (;;) {
            checkout.cart.add({ sku: 'MUG', quantity: 1, price: '0.10' });
            await new Promise((resolve) => setTimeout(resolve));
          }
        })();
      `);
      const { persistence } = await open();
      assert.equal(persistence, 'indexeddb');
      await add('PEN');
      await page.until('(({ persistedRevision, revision }) => persistedRevision === revision)(checkout.getSnapshot())');
    }
    assert.deepEqual(await heard(), []);
  });

  test('a cart of a thousand lines is one cart in both', async () => {
    const id = await openTwo();
    await given.page.run(`
      const items = Array.from({ length: 999 }, (_, index) => ({ sku: 'S' + index, quantity: 1, price: '0.10' }));
      return checkout.cart.replace(items).ok;
    `);
    await drive(0);
    await given.page.until('checkout.getSnapshot().lines.length === 999');
    await add('MUG', 3);
    assert.equal((await settled()).lines.length, 1000);
    await drive(1);
    await given.page.until('checkout.getSnapshot().lines.length === 1000');
    assert.equal(await add('PEN'), 'lines_limit');
    assert.equal((await endpoint(id)).cartItems.length, 1000);
  });
}

suite('lease', (given) => {
  /** @param {string} body with the leases at hand */
  const run = (body, argument = {}) =>
    given.page.run(
      `const [argument] = arguments;
      return import('/dist/lease.js').then(async ({ leases }) => { ${body} });`,
      argument,
    );

  test('has one holder at a time, and who waits gives up or robs', async () => {
    await given.page.open(`${given.sandbox.address}/healthz`);
    const told = await run(`
      const told = [];
      const note = (who) => (lock) => void told.push([who, Boolean(lock)]);
      const hold = (who) => (lock) => (note(who)(lock), new Promise(() => {}));
      const tell = (who) => ({ name }) => void told.push([who, name]);
      let held;
      const holding = new Promise((resolve) => (held = resolve));
      const first = leases.request('x', { ifAvailable: true }, (lock) => (held(), hold('first')(lock))).catch(tell('first'));
      await holding;
      await leases.request('x', { ifAvailable: true }, note('second'));
      const leaving = new AbortController();
      const third = leases.request('x', { signal: leaving.signal }, hold('third')).catch(tell('third'));
      leaving.abort();
      await third;
      const fourth = leases.request('x', { steal: true }, note('fourth'));
      await Promise.all([first, fourth]);
      await leases.request('x', {}, note('fifth'));
      return told;
    `);
    assert.deepEqual(told, [
      ['first', true],
      ['second', false],
      ['third', 'AbortError'],
      ['fourth', true],
      ['first', 'AbortError'],
      ['fifth', true],
    ]);
  });

  test('ends when nobody renews it, when its page was left, and when its clock was wrong', async () => {
    const { page } = given;
    await page.open(`${given.sandbox.address}/healthz`);
    for (const [from, left, isFree] of /** @type {[number, string, boolean][]} */ ([
      [4000, '', false],
      [4000, '5-6-7-8', false],
      [-1, '', true],
      [60_000, '', true],
      [4000, '1-2-3-4', true],
    ])) {
      const got = await run(
        `const { from, left } = argument;
        localStorage.setItem('cartwright-left', left);
        await leases.request('y', { steal: true }, () => {});
        const database = await new Promise((resolve) => {
          const opening = indexedDB.open('cartwright-leases');
          opening.onsuccess = () => resolve(opening.result);
        });
        await new Promise((resolve) => {
          const work = database.transaction('leases', 'readwrite');
          work.objectStore('leases').put({ holder: '1-2-3-4', until: Date.now() + from }, 'y');
          work.oncomplete = resolve;
        });
        database.close();
        return leases.request('y', { ifAvailable: true }, Boolean);`,
        { from, left },
      );
      assert.equal(got, isFree, `${from} ${left}`);
    }
  });
});
