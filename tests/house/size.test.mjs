import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { root } from '../../scripts/lib/run.mjs';

/** @type {Record<string, { what: string, files: string[], limit?: number }>} */
const budgets = JSON.parse(readFileSync(join(root, 'tests/house/budgets.json'), 'utf8'));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

for (const [name, { what, files, limit }] of Object.entries(budgets)) {
  const bytes = files
    .map((file) => gzipSync(readFileSync(join(root, 'dist', file)), { level: 9 }).length)
    .reduce((sum, size) => sum + size);

  if (limit) {
    test(`${what}: ${bytes} bytes are within ${limit}`, () => assert.ok(bytes <= limit, `${bytes - limit} too many`));
  }

  test(`the README's size of ${what} is true`, () => {
    const figure = new RegExp(`<!-- size:${name} -->([\\d.]+) KB<!-- /size -->`).exec(readme)?.[1];
    assert.ok(figure, 'the README has it between its markers');
    const measured = bytes / 1024;
    const far = Math.abs(Number(figure) - measured);
    assert.ok(far <= measured / 100, `it says ${figure} KB, measured are ${measured.toFixed(1)} KB`);
  });
}
