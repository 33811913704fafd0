// The same checkout from a module without the element, and from one tag and one element;
// and the surface against bad input in a real page.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { build } from 'esbuild';
import { until } from '../../scripts/lib/processes.mjs';
import { root } from '../../scripts/lib/run.mjs';
import { suite } from './harness.mjs';
import {
  add,
  addButton,
  agrees,
  arrived,
  fill,
  inside,
  keys,
  requests,
  saved,
  session,
  shopping,
  units,
} from './store.mjs';

const { outputFiles } = await build({
  entryPoints: [join(root, 'tests', 'shell', 'bad-input.mjs')],
  bundle: true,
  format: 'iife',
  globalName: 'table',
  write: false,
});
const table = String(outputFiles[0]?.text);

suite('ways', (given) => {
  describe('module', () => {
    shopping(given, '/module.html');

    const seen = (/** @type {string} */ id) => `document.querySelector('[data-testid="${id}"]').textContent.trim()`;
    const shows = (/** @type {string} */ id, /** @type {string} */ text) =>
      given.page.until(`${seen(id)} === ${JSON.stringify(text)}`);
    const rows = (/** @type {string} */ id) =>
      given.page.run(
        `return [...document.querySelectorAll('[data-testid="${id}"] > li')].map((one) => one.textContent)`,
      );
    // Beside it may stand a note about its records.
    const sessionId = () =>
      given.page.run('return Object.values({ ...sessionStorage }).find((text) => text.length > 1)');
    /** @param {string} code */
    async function enter(code) {
      await given.page.clickOn('[data-testid="coupon"]');
      await given.page.press(...code, keys.enter);
    }

    test('adds, counts, takes a code and places the order, without the element', async () => {
      const { page } = given;
      await add(given, 'STICKER', 'MUG', 'TOTE', 'TOTE');
      await shows('total', '€86.75');
      await shows('said', 'Saved');
      assert.deepEqual(await rows('lines'), [
        '1 × Harbour sticker€0.10Remove',
        '1 × Enamel mug€19.99Remove',
        '2 × Linen tote€66.66Remove',
      ]);
      await enter('NO-SUCH-CODE');
      await shows('coupon-error', 'NO-SUCH-CODE was not accepted (CouponNotFound).');
      assert.equal(
        await page.run(
          `return document.getElementById(document.querySelector('#coupon').getAttribute('aria-describedby')).dataset.testid`,
        ),
        'coupon-error',
      );
      await page.clickOn('[data-testid="coupon-remove"]');
      await shows('coupon-error', '');
      await enter('XMAS-20-2021');
      await shows('discount', '-€17.35');
      await shows('payable', '€69.40');
      await page.clickOn('[data-testid="lines"] > li:nth-child(2) [data-testid="remove"]');
      await shows('total', '€66.76');
      await shows('payable', '€53.41');
      await shows('said', 'Saved');
      const id = await sessionId();
      const stored = await session(given, id);
      assert.deepEqual(units(stored.cartItems), { STICKER: 1, TOTE: 2 });
      assert.equal(stored.total, 66.76);

      await page.clickOn('[data-testid="order"]', 2);
      await shows('said', 'Thank you for your order!');
      const closing = (await requests(given, id, 'PUT')).filter(({ body }) => JSON.parse(body).customerSession.state);
      assert.equal(closing.length, 1);
      assert.equal((await session(given, id)).state, 'closed');
      assert.equal(await page.run(`return document.querySelector('${addButton('MUG')}').disabled`), true);
      assert.equal(await sessionId(), null);
    });

    test('a reload finds the same cart', async () => {
      const { page, sandbox } = given;
      await add(given, 'MUG', 'MUG');
      await shows('said', 'Saved');
      const id = await sessionId();
      await page.open(`${sandbox.address}/module.html`);
      await shows('payable', '€39.98');
      assert.deepEqual(await rows('lines'), ['2 × Enamel mug€39.98Remove']);
      assert.equal(await sessionId(), id);
      await arrived(given, id, 'GET', 1);
      const methods = (await requests(given, id)).map(({ method }) => method);
      assert.deepEqual(methods.slice(-2), ['PUT', 'GET']);
    });
  });

  describe('script tag', () => {
    shopping(given, '/script-tag.html');

    test('one tag and one element: products, a code, the order, and the next one', async () => {
      const { page } = given;
      await page.piece('coupon-add');
      await fill(given, 'MUG', 'TOTE');
      await page.click({ part: 'increase', nth: 1 });
      await page.shows('row-items', 'Items€86.65');
      await page.type('coupon-input', 'XMAS-20-2021');
      await page.click('coupon-add');
      await page.shows('row-discount', '20% off-€17.33');
      await page.shows('payable', '€69.32');
      const stored = await agrees(given);
      assert.deepEqual(units(stored.cartItems), { MUG: 1, TOTE: 2 });
      const { sessionId } = await saved(given);
      await page.click('checkout-button', 2);
      await page.shows('closed-title', /Thank you/);
      await page.shows('paid', '€69.32');
      const closing = (await requests(given, sessionId, 'PUT')).filter(
        ({ body }) => JSON.parse(body).customerSession.state,
      );
      assert.equal(closing.length, 1);
      assert.equal((await session(given, sessionId)).state, 'closed');

      await page.click('new-order');
      await page.until(`${inside('empty')}.getClientRects().length > 0`);
      await add(given, 'MUG');
      await page.shows('count', '1 item');
      const next = await agrees(given);
      assert.notEqual(next.integrationId, sessionId);
      assert.deepEqual(units((await session(given, sessionId)).cartItems), { MUG: 1, TOTE: 2 });
    });

    test('products that are clicked before the cart is there are in it', async () => {
      const { page, sandbox } = given;
      await page.open(`${sandbox.address}/script-tag.html`);
      await add(given, 'MUG', 'MUG', 'TOTE');
      await page.shows('count', '3 items');
      assert.deepEqual(units((await agrees(given)).cartItems), { MUG: 2, TOTE: 1 });
    });
  });

  describe('bad input', () => {
    shopping(given, '/module.html');

    test('is refused everywhere and harms nothing', async () => {
      const { calls, failures } = await given.page.run(`
        ${table}
        return import('/dist/index.js').then((cartwright) =>
          table.runBadInput(cartwright, { endpoint: '/session-api' }));
      `);
      assert.deepEqual(failures, []);
      assert.ok(calls > 1500, `only ${calls} calls were made`);
    });
  });

  test('a page that breaks the policy would be noticed by these tests', async () => {
    const { page, sandbox } = given;
    await page.open(`${sandbox.address}/script-tag.html`);
    assert.deepEqual(await sandbox.cspReports(), []);
    await page.run(
      `document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:9/x.png' }))`,
    );
    const [report] = await until('the report arrives', async () => {
      const reports = await sandbox.cspReports();
      return reports.length > 0 && reports;
    });
    assert.match(JSON.stringify(report), /img-src/);
  });
});
