// What `npm run sim:defects` takes out of the machine is still there to be taken out.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root, run } from '../../scripts/lib/run.mjs';

const folder = join(root, 'tests', 'sim', 'defects');

for (const patch of readdirSync(folder)) {
  test(`${patch} fits the sources`, async () => {
    await run('git', ['apply', '--check', join(folder, patch)]);
  });
}
