// The element as a good neighbour on the page: it never takes the focus, it can be moved, it stands in forms,
// the page may take the order over, and when it cannot run, what stands inside of it stays.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { root } from '../../scripts/lib/run.mjs';
import { suite } from './harness.mjs';

const host = `document.querySelector('cartwright-checkout')`;
const inside = (/** @type {string} */ part) => `${host}.shadowRoot.querySelector('[part~="${part}"]')`;
const quoted = `${host}.checkout?.getSnapshot().quote?.current === true`;

suite('element', (given) => {
  beforeEach(async () => {
    const { page, sandbox } = given;
    await sandbox.healthy();
    await sandbox.reset();
    // A page with a checkout may be about to keep its session when this one clears them.
    await page.open(`${sandbox.address}/healthz`);
    await page.forget();
    await page.open(`${sandbox.address}/script-tag.html`);
    await page.piece('coupon-add');
    await page.clickOn('[data-testid="add-MUG"]');
    await page.clickOn('[data-testid="add-TOTE"]');
    await page.shows('count', '2 items');
    await page.until(quoted);
  });

  test('a sync moves neither focus nor caret, and takes away nothing that is being typed', async () => {
    const { page } = given;
    await page.type({ part: 'quantity', nth: 1 }, '77');
    await page.type('coupon-input', 'HALF');
    await page.run(`${inside('coupon-input')}.setSelectionRange(1, 3);`);
    await page.run(`
      const { checkout } = ${host};
      checkout.coupons.add('XMAS-20-2021');
      checkout.cart.setQuantity(checkout.getSnapshot().lines[0].id, 5);
    `);
    await page.shows('row-discount', /20%/);
    assert.equal(await page.focused(), 'input coupon-input');
    assert.deepEqual(
      await page.run(`
        const { value, selectionStart, selectionEnd } = ${inside('coupon-input')};
        return [value, selectionStart, selectionEnd];
      `),
      ['HALF', 1, 3],
    );
    assert.equal(await page.run(`return ${inside('quantity')}.value`), '5');
  });

  test('a quantity that is being typed survives a sync, Escape restores the one that holds', async () => {
    const { page } = given;
    await page.click('quantity');
    await page.press('8', '8');
    const typed = await page.run(`return ${inside('quantity')}.value`);
    assert.match(typed, /88/);
    await page.run(`${host}.checkout.cart.setQuantity(${host}.checkout.getSnapshot().lines[0].id, 3);`);
    await page.shows('count', '4 items');
    assert.equal(await page.run(`return ${inside('quantity')}.value`), typed);
    await page.press('\uE00C');
    assert.equal(await page.run(`return ${inside('quantity')}.value`), '3');
    assert.equal(await page.focused(), 'quantity');
  });

  test('removing a line by keyboard leads the focus to the next one, then to the title', async () => {
    const { page } = given;
    await page.run(`${inside('remove')}.focus();`);
    await page.press('\uE007');
    await page.shows('count', '1 item');
    assert.equal(await page.focused(), 'remove');
    await page.press('\uE007');
    await page.until(`${inside('empty')}.getClientRects().length > 0`);
    assert.equal(await page.focused(), 'title');
  });

  test('moving the element keeps its checkout, taking it out ends it', async () => {
    const { page } = given;
    await page.run(`
      window.kept = ${host}.checkout;
      const box = document.createElement('div');
      document.body.append(box);
      box.append(${host});
    `);
    assert.equal(await page.run(`return ${host}.checkout === window.kept`), true);
    await page.click('increase');
    await page.shows('count', '3 items');
    await page.run(`${host}.remove();`);
    assert.equal(await page.run(`return window.kept.cart.clear().error?.code`), 'disposed');
  });

  test('a form around it gets the session and the quote', async () => {
    const { page } = given;
    const [entries, id, fingerprint] = await page.run(`
      const form = document.createElement('form');
      document.body.append(form);
      ${host}.setAttribute('name', 'cart');
      form.append(${host});
      const { sessionId, quote } = ${host}.checkout.getSnapshot();
      return Promise.resolve().then(() => [[...new FormData(form)], sessionId, quote.fingerprint]);
    `);
    assert.deepEqual(entries, [
      ['cart', id],
      ['cart-quote', fingerprint],
    ]);
  });

  test('the page may wait before the order is placed, or take it over', async () => {
    const { page, sandbox } = given;
    await page.run(`
      window.asked = [];
      ${host}.addEventListener('cartwright:checkout', (event) => {
        window.asked.push(event.detail.snapshot.totals.payable);
        event.preventDefault();
        event.detail.waitUntil(new Promise((resolve) => { window.finish = resolve; }));
      });
    `);
    await page.click('checkout-button');
    await page.until(`${inside('checkout-button')}.getAttribute('aria-busy') === 'true'`);
    await page.click('checkout-button');
    await page.run('window.finish();');
    await page.until(`!${inside('checkout-button')}.hasAttribute('aria-busy')`);
    assert.deepEqual(await page.run('return window.asked'), ['53.32']);
    const { id, state } = await page.run(`
      const { sessionId, state } = ${host}.checkout.getSnapshot();
      return { id: sessionId, state };
    `);
    assert.equal(state, 'open');
    assert.equal((await sandbox.session(id)).customerSession.state, 'open');
  });

  test('a total that changed at the last moment is told and must be confirmed', async () => {
    const { page } = given;
    await page.run(`
      ${host}.addEventListener('cartwright:checkout', (event) => {
        event.detail.waitUntil(Promise.resolve().then(() => event.detail.checkout.coupons.add('XMAS-20-2021')));
      }, { once: true });
    `);
    await page.click('checkout-button');
    await page.shows('notice', /42\.66/);
    assert.equal(await page.run(`return ${host}.checkout.getSnapshot().state`), 'open');
    await page.click('checkout-button');
    await page.shows('closed-title', /Thank you/);
    await page.shows('paid', /42\.66/);
  });
});

const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
const html = `<!doctype html><title>embed</title>
<script src="/listen.js"></script>
<cartwright-checkout><p id="plain">A plain cart</p></cartwright-checkout>
<script src="/embed.js" data-currency="EUR"></script>
<script src="/embed.js" data-currency="EUR"></script>`;
const listen = `window.said = [];
addEventListener('cartwright:error', (event) => said.push(event.detail.code));`;

suite(
  'embed where it cannot run',
  (given) => {
    /** @type {{ missing: string, policy: string }} */
    const refusing = { missing: '', policy: '' };
    const server = createServer(({ url = '/' }, answer) => {
      if (refusing.policy) answer.setHeader('content-security-policy', refusing.policy);
      const file = join(root, 'dist', url);
      const body = { '/': html, '/listen.js': listen }[url] ?? (existsSync(file) ? readFileSync(file) : undefined);
      if (body === undefined || url === refusing.missing) return answer.writeHead(404).end();
      answer.setHeader('content-type', types[/** @type {keyof typeof types} */ (extname(url) || '.html')]).end(body);
    });
    before(async () => {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });

    /** @param {{ missing?: string, policy?: string }} how */
    const open = (how) => {
      Object.assign(refusing, { missing: '', policy: '' }, how);
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      return given.page.open(`http://127.0.0.1:${port}/`);
    };
    const plainSeen = `document.querySelector('#plain').getClientRects().length > 0`;

    for (const missing of ['/embed-module.js', '/cartwright.wasm']) {
      test(`without ${missing} the page is told and its own content stays`, async () => {
        await open({ missing });
        await given.page.until('window.said.length > 0');
        assert.deepEqual(await given.page.run('return said'), ['wasm_unreachable']);
        assert.equal(await given.page.run(`return ${plainSeen}`), true);
      });
    }

    test('where the policy of the page blocks wasm, the page is told and its own content stays', async () => {
      await open({ policy: "script-src 'self'" });
      await given.page.until('window.said.length > 0');
      assert.deepEqual(await given.page.run('return said'), ['wasm_blocked']);
      assert.equal(await given.page.run(`return ${plainSeen}`), true);
    });

    test('twice on a page it runs once, under Trusted Types too', async () => {
      await open({
        policy: "script-src 'self' 'wasm-unsafe-eval'; trusted-types cartwright; require-trusted-types-for 'script'",
      });
      await given.page.until(`!(${plainSeen})`);
      assert.equal(await given.page.run(`return document.querySelectorAll('script[type=module]').length`), 1);
      assert.deepEqual(await given.page.run('return said'), []);
    });
  },
  { server: false },
);
