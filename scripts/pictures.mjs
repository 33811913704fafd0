// Takes the pictures of the demo store in docs/pictures, at the width of a phone and of a desktop.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, startSandbox } from '../tests/e2e/harness.mjs';
import { build } from './build.mjs';
import { main, root, run } from './lib/run.mjs';
import { serverBuild } from './lib/server.mjs';

const folder = join(root, 'docs', 'pictures');
const sizes = [
  { width: 360, height: 740 },
  { width: 1280, height: 1120 },
];
