// What outlives the page: edits, a request under way, an order on its way; in the browser's own store.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { replayLog } from 'cartwright';
import { suite } from './harness.mjs';
import { arrived } from './store.mjs';

/** Longer than any test. */
const always = 1_000_000;

suite('stored', (given) => {
  let pages = 0;
  /** A new page without anything in it. */
  const empty = () => {
    pages += 1;
    return given.page.open(`${given.sandbox.address}/healthz?${pages}`);
  };
  /** Opens the page anew, and a checkout in it. */
  const open = async (options = '') => {
    await empty();
    return given.page.run(`
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        window.heard = [];
        window.checkout = await openCheckout({ currency: 'EUR', ${options} });
        for (const type of ['error', 'closed', 'conflict']) checkout.on(type, ({ code }) => heard.push(code ?? type));
        return checkout.getSnapshot();
      });
    `);
  };
  const fresh = async () => {
    await empty();
    await given.page.forget();
  };
  const add = (sku = 'MUG', quantity = 1) =>
    given.page.run(`return checkout.cart.add({ sku: '${sku}', quantity: ${quantity}, price: '19.99' })`);
  const persisted = () =>
    given.page.until('(({ persistedRevision, revision }) => persistedRevision === revision)(checkout.getSnapshot())');
  const settled = () => given.page.run('return checkout.settled()');
  /** @param {string} id */
  const endpoint = async (id) =>
    (await fetch(`${given.sandbox.address}/session-api/v2/customer_sessions/${id}`)).json();
  /** @param {any[]} lines */
  const units = (lines) => Object.fromEntries(lines.map(({ sku, quantity }) => [sku, quantity]));
  /** Every record of this browser by its key, without the session's name. */
  const records = () =>
    given.page.run(`
      return new Promise((resolve, reject) => {
        const opening = indexedDB.open('cartwright');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const request = opening.result.transaction('records').objectStore('records').getAllKeys();
          request.onsuccess = () => {
            opening.result.close();
            resolve(request.result);
          };
        };
      });
    `);

  test('edits made without a network are there after a reload, and arrive once', async () => {
    await fresh();
    const { sessionId, persistence } = await open();
    assert.equal(persistence, 'indexeddb');
    await given.sandbox.faults({
      match: { method: 'PUT', session: sessionId, times: always },
      do: { dropBeforeApply: true },
    });
    await add('MUG', 2);
    await add('PEN');
    await add('MUG');
    await persisted();
    const again = await open();
    assert.deepEqual(units(again.lines), { MUG: 3, PEN: 1 });
    assert.equal(again.sessionId, sessionId);
    assert.ok(again.restored && again.revision === again.persistedRevision);
    await given.sandbox.healthy();
    await settled();
    assert.deepEqual(units((await endpoint(sessionId)).customerSession.cartItems), { MUG: 3, PEN: 1 });
    const last = await open();
    assert.deepEqual(units(last.lines), { MUG: 3, PEN: 1 });
    assert.deepEqual(units((await settled()).lines), { MUG: 3, PEN: 1 });
  });

  test('an update whose answer the page did not live to see is not applied twice', async () => {
    await fresh();
    const { sessionId } = await open();
    await add();
    await settled();
    await given.sandbox.faults({ match: { method: 'PUT', session: sessionId }, do: { hang: true } });
    await add('PEN', 2);
    await given.page.until(`checkout.getSnapshot().sync.phase === 'sending'`);
    const { lines } = await open();
    assert.deepEqual(units(lines), { MUG: 1, PEN: 2 });
    await settled();
    const { cartItems } = (await endpoint(sessionId)).customerSession;
    assert.deepEqual(units(cartItems), { MUG: 1, PEN: 2 });
  });

  test('an order whose answer was lost is found to be placed after a reload, once, and leaves nothing behind', async () => {
    await fresh();
    const { sessionId } = await open();
    await add();
    await settled();
    // Whatever is tried again before the page is left gets no answer either.
    await given.sandbox.faults(
      { match: { method: 'PUT', session: sessionId }, do: { dropAfterApply: true } },
      { match: { session: sessionId, times: always }, do: { hang: true } },
    );
    await given.page.run(`checkout.close().catch(() => {}); return checkout.cart.clear().ok`);
    await arrived(given, sessionId, 'PUT', 2);
    await empty();
    await given.sandbox.healthy();
    await open();
    await given.page.until(`checkout.getSnapshot().state === 'closed'`);
    const { customerSession } = await endpoint(sessionId);
    assert.equal(customerSession.state, 'closed');
    assert.deepEqual(units(customerSession.cartItems), { MUG: 1 });
    await given.page.until(`checkout.getSnapshot().sync.phase === 'finished'`);
    const next = await open();
    assert.notEqual(next.sessionId, sessionId);
    assert.deepEqual(next.lines, []);
    const left = (await records()).filter((/** @type {any} */ [name]) => name.endsWith(sessionId));
    assert.deepEqual(
      left.map((/** @type {any} */ [, kind]) => kind),
      ['head', 'stamp'],
    );
  });

  test('the log of a cart that was found again leads to the same snapshot, in this browser and in Node', async () => {
    await fresh();
    const { sessionId } = await open();
    await add('MUG', 2);
    await settled();
    await given.sandbox.faults({ match: { method: 'PUT', session: sessionId }, do: { dropAfterApply: true } });
    await given.page.run(`return checkout.coupons.add('XMAS-20-2021')`);
    await arrived(given, sessionId, 'PUT', 2);
    const { restored } = await open('sync: { settleMs: 0 }');
    assert.ok(restored);
    await add('TOTE');
    await settled();
    const [log, shown, again] = await given.page.run(`
      const [log, shown] = [checkout.log(), checkout.getSnapshot()].map((value) => JSON.stringify(value));
      return import('/dist/index.js')
        .then(({ replayLog }) => replayLog(log))
        .then((snapshot) => [log, shown, JSON.stringify(snapshot)]);
    `);
    assert.deepEqual(units(JSON.parse(shown).lines), { MUG: 2, TOTE: 1 });
    assert.equal(again, shown);
    assert.equal(JSON.stringify(await replayLog(log)), shown);
  });

  test('checkouts of one page write to one session one after the other', async () => {
    await fresh();
    const [sessionId, refused, other] = await given.page.run(`
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        const first = await openCheckout({ currency: 'EUR' });
        first.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
        const refused = await openCheckout({ currency: 'EUR' }).catch(({ code }) => code);
        const other = await openCheckout({ currency: 'USD' });
        first.dispose();
        window.checkout = await openCheckout({ currency: 'EUR' });
        return [first.getSnapshot().sessionId, refused, other.getSnapshot().sessionId];
      });
    `);
    assert.equal(refused, 'already_open');
    assert.notEqual(other, sessionId);
    const again = await settled();
    assert.equal(again.sessionId, sessionId);
    assert.deepEqual(units(again.lines), { MUG: 1 });
    assert.deepEqual(units((await endpoint(sessionId)).customerSession.cartItems), { MUG: 1 });
  });

  test('a browser that stores nothing is told of, and the checkout works all the same', async () => {
    const { page, sandbox } = given;
    for (const broken of [
      `Object.defineProperty(window, 'indexedDB', { get() { throw new Error('denied'); } })`,
      `IDBFactory.prototype.open = () => { throw new Error('denied'); }`,
      `IDBFactory.prototype.open = () => ({})`,
      `IDBDatabase.prototype.transaction = () => { throw new Error('no room'); }`,
      `delete window.BroadcastChannel`,
      `LockManager.prototype.request = () => Promise.reject(new Error('the page is being left'))`,
      `Object.defineProperty(navigator, 'locks', { value: undefined });
      const open = IDBFactory.prototype.open;
      IDBFactory.prototype.open = function (name, ...rest) {
        if (name === 'cartwright-leases') throw new Error('denied');
        return open.call(this, name, ...rest);
      }`,
      `Object.defineProperty(navigator, 'locks', { value: undefined });
      const begin = IDBDatabase.prototype.transaction;
      IDBDatabase.prototype.transaction = function (...rest) {
        if (this.name === 'cartwright-leases') throw new Error('no room');
        return begin.apply(this, rest);
      }`,
    ]) {
      await fresh();
      const [before, after] = await page.run(
        `${broken};
        return import('/dist/index.js').then(async ({ openCheckout }) => {
          const checkout = await openCheckout({ currency: 'EUR' });
          checkout.cart.add({ sku: 'MUG', quantity: 1, price: '19.99' });
          return [checkout.getSnapshot(), await checkout.settled()];
        });`,
      );
      assert.equal(before.persistence, 'memory', broken);
      assert.equal(before.persistedRevision, 0);
      assert.deepEqual(units(after.lines), { MUG: 1 });
      await sandbox.healthy();
    }
  });

  test('a store that gives out loses nothing and says so', async () => {
    await fresh();
    const { sessionId } = await open();
    await add();
    await settled();
    await given.page.run(`IDBDatabase.prototype.transaction = () => { throw new Error('no room'); }`);
    await add('PEN');
    const after = await settled();
    assert.equal(after.persistence, 'memory');
    assert.deepEqual(await given.page.run('return heard'), ['storage_failed']);
    assert.deepEqual(units((await endpoint(sessionId)).customerSession.cartItems), { MUG: 1, PEN: 1 });
    // The records are older than the cart now, and must not take its place.
    await open();
    assert.deepEqual(units((await settled()).lines), { MUG: 1, PEN: 1 });
  });

  test('what was stored before a store gave out survives while the endpoint has not heard of it', async () => {
    await fresh();
    const { sessionId } = await open();
    await given.sandbox.faults({
      match: { method: 'PUT', session: sessionId, times: always },
      do: { dropBeforeApply: true },
    });
    await add('MUG', 2);
    await persisted();
    await given.page.run(`IDBDatabase.prototype.transaction = () => { throw new Error('no room'); }`);
    await add('PEN');
    await given.page.until(`checkout.getSnapshot().persistence === 'memory'`);
    assert.deepEqual(units((await open()).lines), { MUG: 2 });
    await given.sandbox.healthy();
    assert.deepEqual(units((await settled()).lines), { MUG: 2 });
  });

  test('a store that never answers holds no request up', async () => {
    await fresh();
    const { sessionId } = await open();
    await given.page.run(`
      Object.defineProperty(IDBTransaction.prototype, 'oncomplete', { set() {} });
    `);
    await add();
    const after = await settled();
    assert.equal(after.persistence, 'memory');
    assert.deepEqual(units((await endpoint(sessionId)).customerSession.cartItems), { MUG: 1 });
  });

  test('a damaged record is set aside and told, and the endpoint has the cart', async () => {
    const { page } = given;
    await fresh();
    const { sessionId } = await open();
    await add();
    await settled();
    await persisted();
    await empty();
    await page.run(
      `
      return new Promise((resolve, reject) => {
        const opening = indexedDB.open('cartwright');
        opening.onerror = reject;
        opening.onsuccess = () => {
          const work = opening.result.transaction('records', 'readwrite');
          const name = location.origin + '/session-api ' + arguments[0];
          work.objectStore('records').put('{"schema":1,', [name, 'head']);
          work.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      });
    `,
      sessionId,
    );
    await open();
    const after = await settled();
    assert.deepEqual(units(after.lines), { MUG: 1 });
    assert.equal(after.persistence, 'indexeddb');
    assert.ok((await records()).some((/** @type {any} */ [name]) => name.endsWith(`${sessionId} damaged`)));
  });

  test('a cart of a thousand lines survives a reload', async () => {
    await fresh();
    await open();
    await given.page.run(`
      const items = Array.from({ length: 1000 }, (_, index) => ({ sku: 'S' + index, quantity: 1, price: '0.10' }));
      return checkout.cart.replace(items);
    `);
    await settled();
    await given.page.run(`return checkout.cart.setQuantity(checkout.getSnapshot().lines[999].id, 7)`);
    await persisted();
    const { lines, totals } = await open();
    assert.equal(lines.length, 1000);
    assert.equal(lines[999].quantity, 7);
    assert.equal(totals.items, '100.60');
    assert.equal((await settled()).totals.items, '100.60');
  });
});
