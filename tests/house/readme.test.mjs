import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { root, run } from '../../scripts/lib/run.mjs';
import { startSandbox } from '../e2e/harness.mjs';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** @type {import('../e2e/harness.mjs').Sandbox} */
let sandbox;
before(async () => {
  sandbox = await startSandbox();
});
after(() => sandbox?.stop());

test('the example from npm runs as it stands and prints what its comment says', async () => {
  const [, code] = /## From npm\n+```js\n([\s\S]*?)```/.exec(readme) ?? [];
  assert.ok(code);
  const [, promised] = /console\.log\([^)]*\); \/\/ (.*)/.exec(code) ?? [];
  assert.ok(promised);
  const standalone = code.replace("'/session-api'", `'${sandbox.address}/session-api'`);
  assert.notEqual(standalone, code);
  const printed = await run(process.execPath, ['--input-type=module', '--eval', standalone]);
  assert.ok(printed.includes(promised.replace(/^'([^']*)' /, '$1 ')), `it prints\n${printed}`);
});

test('every file that the README links to is there', () => {
  const links = [...readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(([, link]) => String(link));
  assert.ok(links.length > 0);
  for (const link of links) readFileSync(join(root, link));
});
