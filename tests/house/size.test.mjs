import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/lib/run.mjs';
import { figure, sizes } from '../../scripts/lib/sizes.mjs';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

for (const { name, what, bytes, limit } of sizes()) {
  if (limit) {
    test(`${what}: ${bytes} bytes are within ${limit}`, () => assert.ok(bytes <= limit, `${bytes - limit} too many`));
  }

  test(`the README's size of ${what} is true`, () => {
    const figures = readme.match(figure(name)) ?? [];
    assert.ok(figures.length > 0, 'the README has it between its markers');
    const measured = bytes / 1024;
    for (const text of figures) {
      const far = Math.abs(Number(text) - measured);
      assert.ok(far <= measured / 100, `it says ${text} KB, measured are ${measured.toPrecision(3)} KB: npm run sizes`);
    }
  });
}
