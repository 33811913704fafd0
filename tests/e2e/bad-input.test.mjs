// The table of bad calls in real pages, under the policy that the server sends.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { root } from '../../scripts/lib/run.mjs';
import { suite } from './harness.mjs';

const { outputFiles } = await build({
  entryPoints: [join(root, 'tests', 'shell', 'bad-input.mjs')],
  bundle: true,
  format: 'iife',
  globalName: 'table',
  write: false,
});
const table = String(outputFiles[0]?.text);

suite('bad input', (given) => {
  test('is refused everywhere and harms nothing', async () => {
    const { page, sandbox } = given;
    await page.open(`${sandbox.address}/module.html`);
    const { calls, failures } = await page.run(`
      ${table}
      return import('/dist/index.js').then((cartwright) =>
        table.runBadInput(cartwright, { endpoint: '/session-api' }));
    `);
    assert.deepEqual(failures, []);
    assert.ok(calls > 1500, `only ${calls} calls were made`);
  });
});
