// A cart of a thousand lines meets every fault of the sandbox, and what a burst of edits costs.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { suite } from './harness.mjs';
import { arrived, requests, session } from './store.mjs';

const LINES = 1000;

/** Each fault of an update: what the sandbox does, and how often the update is carried out there. @type {[string, any, number][]} */
const FAULTS = [
  ['a refusal that passes', { status: 409 }, 0],
  ['a failure', { status: 503 }, 0],
  ['a failure after it was carried out', { status: 500, apply: true }, 1],
  ['another answer than was meant', { status: 200, body: '<h1>Welcome to our hotel!</h1>' }, 0],
  ['an empty answer', { status: 200, body: '', apply: true }, 1],
  ['half an answer', { truncateBody: 1000 }, 1],
  ['a wait that was asked for', { status: 429, headers: { 'Retry-After': '0' } }, 0],
  ['a connection that breaks before', { dropBeforeApply: true }, 0],
  ['a connection that breaks after', { dropAfterApply: true }, 1],
  ['silence', { hang: true }, 0],
  ['silence after it was carried out', { hang: true, apply: true }, 1],
  ['an answer that comes late', { delayMs: 2000 }, 1],
  ['a request that arrives twice', { duplicate: true }, 2],
  ['a gateway that gave up on what arrives late', { status: 504, reorderAfter: 1 }, 1],
];

suite('faults', (given) => {
  let id = '';
  /** What the page and the endpoint hold must be the same: units by SKU. */
  const units = (/** @type {any[]} */ lines) => lines.map(({ sku, quantity }) => `${quantity} ${sku}`).join();
  const settled = () =>
    given.page.run(
      'return checkout.settled().then(({ lines }) => lines.map(({ sku, quantity }) => ({ sku, quantity })))',
    );
  /** @param {string} options */
  const open = (options) =>
    given.page.run(`
      return import('/dist/index.js').then(async ({ openCheckout }) => {
        window.checkout = await openCheckout({ currency: 'EUR', ${options} });
        return checkout.getSnapshot().sessionId;
      });
    `);

  before(async () => {
    const { page, sandbox } = given;
    await page.open(`${sandbox.address}/healthz`);
    id = await open('sync: { debounceMs: 0, maxWaitMs: 0, baseMs: 1, capMs: 20, timeoutMs: 1500, settleMs: 1500 }');
    await page.run(`
      const items = Array.from({ length: ${LINES} }, (_, index) => ({ sku: 'S' + index, quantity: 1, price: '0.10' }));
      return checkout.cart.replace(items).ok;
    `);
    await settled();
  });

  for (const [index, [name, what, applied]] of FAULTS.entries()) {
    test(`${name} loses nothing and doubles nothing`, async () => {
      const { page, sandbox } = given;
      const seen = (await requests(given, id, 'PUT')).length;
      await sandbox.faults({ match: { method: 'PUT', session: id }, do: what });
      /** One edit, and one more when the fault has been met. @param {number} line */
      const increase = (line) =>
        page.run(
          'const { id, quantity } = checkout.getSnapshot().lines[arguments[0]];' +
            'return checkout.cart.setQuantity(id, quantity + 1).ok',
          line,
        );
      assert.ok(await increase(index));
      await arrived(given, id, 'PUT', seen + 1);
      assert.ok(await increase(LINES - 1));
      const lines = await settled();
      assert.equal(lines.length, LINES);
      assert.equal(lines[index].quantity, 2);
      assert.equal(lines[LINES - 1].quantity, index + 2);
      assert.equal(units((await session(given, id)).cartItems), units(lines));
      const [first] = (await requests(given, id, 'PUT')).slice(seen);
      assert.equal(first.applied, applied, 'the fault was another one');
      assert.deepEqual(
        await page.run(
          'const { phase, error, suspect } = checkout.getSnapshot().sync; return [phase, error?.code ?? null, suspect]',
        ),
        ['idle', null, false],
      );
    });
  }

  test('a thousand edits at once cost at most two requests, and ten quick ones over a slow line as well', async () => {
    const { page, sandbox } = given;
    await page.open(`${sandbox.address}/healthz?burst`);
    const session = await open(`sessionId: 'burst-${given.page.engine}'`);
    const sent = async () => (await requests(given, session, 'PUT')).length;
    await page.run(`
      checkout.cart.add({ sku: 'MUG', quantity: 1, price: '0.10' });
      const [{ id }] = checkout.getSnapshot().lines;
      for (let quantity = 2; quantity <= 1000; quantity += 1) checkout.cart.setQuantity(id, quantity);
    `);
    assert.equal(units(await settled()), '1000 MUG');
    assert.ok((await sent()) <= 2, `${await sent()} requests`);

    const before = await sent();
    await sandbox.faults({ match: { method: 'PUT', session, times: 1_000_000 }, do: { delayMs: 30 } });
    await page.run(`
      const [{ id }] = checkout.getSnapshot().lines;
      const edit = (left) => {
        checkout.cart.setQuantity(id, left);
        if (left > 1) return new Promise((resolve) => setTimeout(resolve, 5)).then(() => edit(left - 1));
      };
      return edit(10);
    `);
    assert.equal(units(await settled()), '1 MUG');
    assert.ok((await sent()) - before <= 2, `${(await sent()) - before} requests`);
    await sandbox.healthy();
  });
});
