// npm run sizes: prints what dist/ weighs and writes the figures into the README.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/run.mjs';
import { figure, sizes } from './lib/sizes.mjs';

const file = join(root, 'README.md');
let readme = readFileSync(file, 'utf8');
for (const { name, what, bytes, limit } of sizes()) {
  console.log(`${what}: ${bytes} bytes gzip${limit ? ` of ${limit}` : ''}`);
  readme = readme.replaceAll(figure(name), (bytes / 1024).toPrecision(3));
}
writeFileSync(file, readme);
