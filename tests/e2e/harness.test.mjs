// The harness itself, on a page without Cartwright: what the other page tests lean on works in each engine.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { suite } from './harness.mjs';

const html = `<!doctype html><title>harness</title><meta name="viewport" content="width=device-width">
<button id="outside">outside</button>
<cartwright-checkout></cartwright-checkout>
<script>
  const root = document.querySelector('cartwright-checkout').attachShadow({ mode: 'open' });
  const add = (name, part, text) => root.append(Object.assign(document.createElement(name), { textContent: text, part }));
  for (const name of ['first', 'second']) add('button', 'button', name);
  add('input', 'field', '');
  add('output', 'result', '');
  const result = root.querySelector('output');
  for (const button of root.querySelectorAll('button')) {
    button.onclick = () => setTimeout(() => { result.textContent = button.textContent + ' ' + root.querySelector('input').value; }, 30);
  }
  root.querySelector('input').onkeydown = ({ key }) => { if (key === 'Enter') result.textContent = 'entered'; };
  outside.onclick = () => { result.textContent = 'outside'; };
</script>`;

const server = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(html));
const folder = mkdtempSync(join(tmpdir(), 'cartwright-harness-'));
let address = '';

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

suite(
  'harness',
  (given) => {
    test('clicks, types, presses keys and reads inside of a shadow root', async () => {
      const { page } = given;
      await page.open(address);
      await page.type('field', 'abc');
      await page.click({ part: 'button', nth: 1 });
      await page.shows('result', 'second abc');
      await page.type('field', 'de');
      await page.click({ part: 'button', text: 'first' });
      await page.shows('result', /^first de$/);
      await page.click('field');
      assert.equal(await page.focused(), 'field');
      await page.press('\uE007');
      await page.shows('result', 'entered');
      await page.clickOn('#outside');
      await page.shows('result', 'outside');
      assert.deepEqual(await page.texts('button'), ['first', 'second']);
    });

    test('makes the viewport as wide as a phone and takes a picture of it', async () => {
      const { page } = given;
      for (const width of [360, 1280]) {
        await page.viewport(width, 700);
        await page.open(address);
        assert.deepEqual(await page.run('return [innerWidth, innerHeight];'), [width, 700]);
        await page.clickOn('#outside');
        await page.shows('result', 'outside');
        await page.type('field', `${width}`);
        await page.click({ part: 'button', text: 'second' });
        await page.shows('result', `second ${width}`);
      }
      await page.picture(join(folder, 'picture.png'));
      assert.equal(readFileSync(join(folder, 'picture.png')).subarray(1, 4).toString(), 'PNG');
    });

    test('says what it saw when a wait is in vain', async () => {
      const { page } = given;
      await page.open(address);
      await assert.rejects(page.until('document.title === "other"', { timeoutMs: 100 }), /outside/);
    });
  },
  { server: false },
);
