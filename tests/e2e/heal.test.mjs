// What goes wrong between the page and the endpoint heals by itself, and nothing is lost or applied twice.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { suite } from './harness.mjs';
import {
  add,
  addButton,
  agrees,
  arrived,
  fill,
  host,
  inside,
  makeSession,
  requests,
  saved,
  session,
  shopping,
  snapshot,
  typeQuantity,
  units,
  visible,
} from './store.mjs';

/** Longer than any test. */
const always = 1_000_000;

suite('heal', (given) => {
  describe('faults', () => {
    shopping(given, '/');

    /** A cart that is saved, and what the endpoint knows of it. */
    async function begin() {
      const { sessionId } = await fill(given, 'MUG');
      const puts = await requests(given, sessionId, 'PUT');
      const { updateCount } = await session(given, sessionId);
      return {
        sessionId,
        updateCount,
        /** The updates since then. */
        further: async () => (await requests(given, sessionId, 'PUT')).slice(puts.length),
      };
    }

    /** @param {string} session @param {object} what @param {object} [match] */
    const fault = (session, what, match) =>
      given.sandbox.faults({ match: { method: 'PUT', session, ...match }, do: what });

    for (const [name, what] of /** @type {[string, any][]} */ ([
      ['409', { status: 409 }],
      ['503', { status: 503 }],
      ['503 that was carried out', { status: 503, apply: true }],
      ['429 with Retry-After', { status: 429, headers: { 'Retry-After': '1' } }],
      ['503 with Retry-After', { status: 503, headers: { 'Retry-After': '1' } }],
    ])) {
      test(`a ${name} heals by itself`, async () => {
        const { page } = given;
        const { sessionId, updateCount, further } = await begin();
        await fault(sessionId, what);
        await page.click('increase');
        await page.shows('count', '2 items');
        await page.shows('payable', '€44.88');
        await arrived(given, sessionId, 'PUT', 2);
        const stored = await agrees(given);
        assert.deepEqual(units(stored.cartItems), { MUG: 2 });
        await page.shows('sync', 'Saved');
        const [first, second, ...rest] = await further();
        assert.deepEqual(rest, []);
        assert.deepEqual([first.status, second.status], [what.status, 200]);
        assert.notEqual(first.key, second.key, 'an answer ends its key');
        assert.equal(stored.updateCount, updateCount + (what.apply ? 2 : 1));
        if (what.headers) assert.ok(second.startedAt - first.finishedAt >= 1000, 'it came back before it was asked to');
        assert.equal((await snapshot(given)).sync.error ?? undefined, undefined);
      });
    }

    for (const drop of ['dropBeforeApply', 'dropAfterApply']) {
      test(`a connection that breaks (${drop}) heals by itself, and nothing is applied twice`, async () => {
        const { page } = given;
        const { sessionId, updateCount, further } = await begin();
        await fault(sessionId, { [drop]: true });
        await page.click('increase');
        await page.shows('count', '2 items');
        await arrived(given, sessionId, 'PUT', 2);
        const stored = await agrees(given);
        assert.deepEqual(units(stored.cartItems), { MUG: 2 });
        await page.shows('payable', '€44.88');
        const [first, second, ...rest] = await further();
        assert.deepEqual(rest, []);
        assert.deepEqual([first.dropped, second.dropped, second.status], [true, false, 200]);
        assert.equal(second.key, first.key, 'a resend keeps its key');
        assert.equal(second.body, first.body);
        assert.equal(stored.updateCount, updateCount + 1);
      });
    }

    test('an edit made while an update is of unknown fate follows it under its own key', async () => {
      const { page, sandbox } = given;
      const { sessionId, updateCount, further } = await begin();
      await fault(sessionId, { dropAfterApply: true }, { times: always });
      await page.click('increase');
      await arrived(given, sessionId, 'PUT', 3);
      await page.click('increase');
      await page.shows('count', '3 items');
      await sandbox.healthy();
      const stored = await agrees(given);
      assert.deepEqual(units(stored.cartItems), { MUG: 3 });
      const sent = await further();
      const last = sent.pop();
      assert.equal(new Set(sent.map(({ key }) => key)).size, 1);
      assert.notEqual(last.key, sent[0].key);
      assert.equal(stored.updateCount, updateCount + 2);
    });

    test('without a connection the page says so and keeps every edit; then everything arrives', async () => {
      const { page, sandbox } = given;
      const { sessionId, updateCount } = await begin();
      await sandbox.faults({ match: { session: sessionId, times: always }, do: { dropBeforeApply: true } });
      await page.click('increase');
      await page.shows('sync', 'Trying again');
      await add(given, 'TOTE');
      await page.type('coupon-input', 'XMAS-20-2021');
      await page.click('coupon-add');
      await page.shows('count', '3 items');
      await page.shows('row-items', 'Items€73.31');
      await page.shows('chip', /checking/);
      assert.equal((await session(given, sessionId)).updateCount, updateCount);
      await sandbox.healthy();
      await page.run(`dispatchEvent(new Event('online'))`);
      const stored = await agrees(given);
      assert.deepEqual(units(stored.cartItems), { MUG: 2, TOTE: 1 });
      await page.shows('row-discount', '20% off-€14.66');
      await page.shows('sync', 'Saved');
    });

    test('from the first failure on, no total of an earlier cart is shown, not even while it is tried again', async () => {
      const { page, sandbox } = given;
      const { sessionId } = await begin();
      const bar = (/** @type {string} */ amount) =>
        page.until(`document.querySelector('#bar-payable').textContent === '${amount}'`);
      await page.shows('payable', '€24.89');
      await page.shows('checkout-button', /€24\.89/);
      await bar('€24.89');
      const match = { method: 'PUT', session: sessionId };
      await sandbox.faults({ match, do: { status: 503 } }, { match, do: { delayMs: 600_000 } });
      await page.click('increase');
      await arrived(given, sessionId, 'PUT', 3);
      await page.until(`${host}.checkout.getSnapshot().sync.phase === 'sending'`);
      await page.shows('count', '2 items');
      await page.shows('payable', '—');
      await page.shows('checkout-amount', '');
      await bar('—');
      await sandbox.healthy();
      await page.shows('payable', '€44.88');
      await page.shows('checkout-amount', '€44.88');
      await bar('€44.88');
    });

    test('what an answer said to an earlier cart goes with its total, and comes back with the next answer', async () => {
      const { page, sandbox } = given;
      const { sessionId } = await fill(given, 'TOTE');
      await page.run(`
        const { checkout } = ${host};
        checkout.profile.set('SHOPPER-' + checkout.getSnapshot().sessionId);
        checkout.coupons.add('XMAS-20-2021');
      `);
      const fails = () =>
        sandbox.faults({ match: { method: 'PUT', session: sessionId, times: always }, do: { status: 503 } });
      /** @param {string} told the part that tells what the shopper may get */
      const goesAndComes = async (told) => {
        await fails();
        await page.click('increase');
        await page.shows('sync', 'Trying again');
        await page.shows('row-discount', '20% off—');
        for (const part of [told, 'reward']) assert.equal(await visible(given, part), 0, part);
        await sandbox.healthy();
        await page.run(`dispatchEvent(new Event('online'))`);
        await page.shows('row-discount', /20% off-€/);
        for (const part of [told, 'reward']) assert.ok(await visible(given, part), part);
      };
      await page.shows('notification', /Spend/);
      await page.shows('reward', /Points for your order/);
      await goesAndComes('notification');
      await typeQuantity(given, 0, '4');
      await page.shows('offer', /Free socks/);
      await goesAndComes('offer');
    });

    test('the switch of the browser is seen: offline, and at once online again', async (context) => {
      const { page } = given;
      if (page.engine !== 'chromium') return context.skip('WebDriver has no such switch here');
      const { sessionId, updateCount } = await begin();
      const network = (/** @type {boolean} */ offline) =>
        page.driver.setNetworkConditions({ offline, latency: 0, download_throughput: -1, upload_throughput: -1 });
      await network(true);
      try {
        await page.until('navigator.onLine === false');
        await page.click('increase', 2);
        await page.shows('count', '3 items');
        await page.shows('sync', 'Offline, your changes are kept');
        assert.equal(await page.run(`return ${host}.matches(':state(offline)')`), true);
        assert.equal((await session(given, sessionId)).updateCount, updateCount);
      } finally {
        await network(false);
      }
      assert.deepEqual(units((await agrees(given)).cartItems), { MUG: 3 });
      await page.shows('sync', 'Saved');
    });

    test('a 400 names its line and keeps the cart; the next edit heals it', async () => {
      const { page } = given;
      const { sessionId, further } = await begin();
      await fault(sessionId, {
        status: 400,
        body: {
          message: 'The submitted data was invalid',
          errors: [{ title: 'Invalid', details: 'Only 1 left.', source: { pointer: '/cartItems/0/quantity' } }],
        },
      });
      await page.click('increase');
      await page.shows('line-error', 'Only 1 left.');
      await page.shows('sync-error', /Only 1 left\. \(\/cartItems\/0\/quantity\)/);
      await page.shows('count', '2 items');
      assert.deepEqual(units((await snapshot(given)).lines), { MUG: 2 });
      assert.deepEqual(units((await session(given, sessionId)).cartItems), { MUG: 1 });
      await page.click('increase');
      const stored = await agrees(given);
      assert.deepEqual(units(stored.cartItems), { MUG: 3 });
      assert.equal(await visible(given, 'line-error'), 0);
      assert.equal(await visible(given, 'sync-error'), 0);
      const sent = await further();
      assert.deepEqual(
        sent.map(({ status }) => status),
        [400, 200],
      );
      assert.notEqual(sent[0].key, sent[1].key);
    });

    test('an attribute that the endpoint does not know is told, and the order still goes through without it', async () => {
      const { page } = given;
      const { sessionId } = await begin();
      await page.run(`${host}.checkout.attributes.set('Colour', 'red')`);
      await page.shows('sync-error', /The attribute "Colour" is not defined .*\(\/attributes\/Colour\)/);
      assert.equal(await page.run(`return ${host}.checkout.attributes.unset('Colour').ok`), true);
      await saved(given);
      await page.click('checkout-button');
      await page.shows('closed-title', /Thank you/);
      assert.equal((await session(given, sessionId)).state, 'closed');
    });

    test('an order whose answer is lost is placed once', async () => {
      const { page } = given;
      const { sessionId, updateCount, further } = await begin();
      await fault(sessionId, { dropAfterApply: true });
      await page.click('checkout-button');
      await page.shows('closed-title', /Thank you/);
      const [first, second, ...rest] = await further();
      assert.deepEqual(rest, []);
      assert.equal(first.key, second.key);
      const stored = await session(given, sessionId);
      assert.deepEqual([stored.state, stored.updateCount], ['closed', updateCount + 1]);
    });

    test('an order that the endpoint closed elsewhere ends the editing', async () => {
      const { page } = given;
      const { sessionId } = await begin();
      await makeSession(given, sessionId, { state: 'closed' });
      await page.run(`${host}.checkout.refresh()`);
      await page.shows('closed-title', /Thank you/);
      assert.equal(await visible(given, 'open'), 0);
    });
  });

  describe('opening', () => {
    shopping(given);

    const cart = [{ sku: 'TOTE', name: 'Linen tote', quantity: 2, price: 33.33, category: 'bags' }];
    let made = 0;
    /** An id that the page takes for one that it made. */
    const newId = () => `cw-${(++made).toString(16).padStart(32, 'abcdef')}`;

    /** Lets the page find this session as the one it kept. @param {string} id @param {string} storageKey */
    const keep = (id, storageKey) =>
      given.page.run(
        `const given = arguments;
        return new Promise((resolve, reject) => {
          const opening = indexedDB.open('cartwright', 1);
          opening.onupgradeneeded = () => {
            opening.result.createObjectStore('records');
            opening.result.createObjectStore('sessions');
          };
          opening.onerror = reject;
          opening.onsuccess = () => {
            const work = opening.result.transaction(['records', 'sessions'], 'readwrite');
            work.objectStore('records').put(given[1], [given[0], 'id']);
            work.objectStore('sessions').put(Date.now(), given[0]);
            work.oncomplete = () => {
              opening.result.close();
              resolve();
            };
          };
        });`,
        `cartwright:${given.sandbox.address}/session-api:${storageKey}:EUR`,
        id,
      );

    test('a session from elsewhere is shown and not written to until there is an edit', async () => {
      const { page, sandbox } = given;
      const id = `order/17 ${page.engine}`;
      const path = encodeURIComponent(id);
      await makeSession(given, path, { cartItems: cart, couponCodes: ['XMAS-20-2021'] });
      await page.open(`${sandbox.address}/script-tag.html`);
      await page.until(`${host}.checkout`);
      await page.run(`${host}.setAttribute('session-id', arguments[0])`, id);
      await page.shows('count', '2 items');
      await page.shows('line', /Linen tote/);
      await page.shows('row-discount', '20% off-€13.33');
      await page.shows('payable', '€53.33');
      await page.run(`return ${host}.checkout.flush()`);
      assert.deepEqual(await calls(id), ['PUT', 'GET']);

      await page.click('increase');
      await page.shows('count', '3 items');
      const stored = await agrees(given);
      assert.deepEqual(units(stored.cartItems), { TOTE: 3 });
      assert.deepEqual(stored.couponCodes, ['XMAS-20-2021']);
      assert.equal(stored.cartItems[0].category, 'bags');
      assert.deepEqual(await calls(id), ['PUT', 'GET', 'PUT']);
    });

    test('a reload finds the same cart, and sends nothing', async () => {
      const { page, sandbox } = given;
      await page.open(`${sandbox.address}/script-tag.html`);
      await page.until(`${host}.checkout`);
      await fill(given, 'MUG', 'TOTE');
      await page.click('increase');
      await page.type('coupon-input', 'XMAS-20-2021');
      await page.click('coupon-add');
      await page.shows('row-discount', /20% off/);
      const before = await saved(given);
      const stored = await agrees(given);
      await page.open(`${sandbox.address}/script-tag.html`);
      await page.shows('count', '3 items');
      const after = await saved(given);
      assert.equal(after.sessionId, before.sessionId);
      assert.deepEqual(units(after.lines), { MUG: 2, TOTE: 1 });
      assert.deepEqual(after.totals, before.totals);
      assert.deepEqual(after.coupons, before.coupons);
      await page.shows('payable', '€58.65');
      await page.run(`return ${host}.checkout.flush()`);
      assert.deepEqual(await session(given, before.sessionId), stored);
      assert.deepEqual((await calls(before.sessionId)).slice(-2), ['PUT', 'GET']);
    });

    test('an edit made before the session is read is added to it', async () => {
      const { page, sandbox } = given;
      const id = newId();
      await makeSession(given, id, { cartItems: cart });
      await keep(id, 'script-tag');
      await sandbox.faults({ match: { method: 'GET', session: id }, do: { delayMs: 600_000 } });
      await page.open(`${sandbox.address}/script-tag.html`);
      await arrived(given, id, 'GET', 1);
      await page.until(`${host}.checkout?.getSnapshot().sync.phase === 'opening'`);
      await add(given, 'MUG');
      await page.until(`${host}.checkout.getSnapshot().revision > 0`);
      assert.deepEqual(await calls(id), ['PUT', 'GET']);
      await sandbox.healthy();
      await page.shows('count', '3 items');
      const stored = await agrees(given);
      assert.deepEqual(units(stored.cartItems), { TOTE: 2, MUG: 1 });
      assert.deepEqual(await calls(id), ['PUT', 'GET', 'PUT']);
    });

    test('a session that cannot be read yet is never overwritten', async () => {
      const { page, sandbox } = given;
      const id = newId();
      await makeSession(given, id, { cartItems: cart });
      await keep(id, 'script-tag');
      await sandbox.faults({ match: { method: 'GET', session: id, times: 2 }, do: { status: 503 } });
      await page.open(`${sandbox.address}/script-tag.html`);
      await page.until(`${host}.checkout`);
      await add(given, 'MUG');
      await page.shows('count', '3 items');
      assert.deepEqual(units((await agrees(given)).cartItems), { TOTE: 2, MUG: 1 });
      assert.deepEqual(await calls(id), ['PUT', 'GET', 'GET', 'GET', 'PUT']);
    });

    test('the demo store waits with its buttons until the kept cart is read', async () => {
      const { page, sandbox } = given;
      const id = newId();
      await makeSession(given, id, { cartItems: cart, additionalCosts: { shipping: { price: 4.9 } } });
      await keep(id, 'cartwright');
      await sandbox.faults({ match: { method: 'GET', session: id }, do: { delayMs: 600_000 } });
      await page.open(`${sandbox.address}/`);
      await arrived(given, id, 'GET', 1);
      await page.until(`${host}.checkout?.getSnapshot().sync.phase === 'opening'`);
      assert.equal(await page.run(`return document.querySelector('${addButton('MUG')}').disabled`), true);
      assert.equal(await visible(given, 'checkout'), 0);
      assert.equal(await page.run(`return document.querySelector('.waiting').getClientRects().length > 0`), true);
      await sandbox.healthy();
      await page.shows('count', '2 items');
      await page.shows('payable', '€71.56');
      await page.until(`${inside('image')}.complete && ${inside('image')}.naturalWidth > 0`);
      assert.deepEqual(units((await agrees(given)).cartItems), { TOTE: 2 });
    });

    test('a session that was closed elsewhere is shown as it is', async () => {
      const { page, sandbox } = given;
      const id = newId();
      await makeSession(given, id, { cartItems: cart, state: 'closed' });
      await page.open(`${sandbox.address}/script-tag.html`);
      await page.until(`${host}.checkout`);
      await page.run(`${host}.setAttribute('session-id', arguments[0])`, id);
      await page.shows('closed-title', /Thank you/);
      await page.shows('reference', id);
      await page.shows('paid', '€66.66');
      assert.deepEqual(await calls(id), ['PUT', 'GET']);
    });

    /** The methods of the requests about a session, in order. @param {string} id */
    const calls = async (id) => (await requests(given, id)).map(({ method }) => method);
  });
});
