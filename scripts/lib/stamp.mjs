import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

/**
 * Every file at or under the given paths, sorted.
 *
 * @param {string[]} paths
 * @returns {string[]}
 */
export const files = (paths) =>
  paths
    .flatMap((path) =>
      statSync(path).isDirectory() ? files(readdirSync(path).map((name) => join(path, name))) : [path],
    )
    .sort();

/** @param {string[]} paths */
function digest(paths) {
  const hash = createHash('sha256');
  for (const file of files(paths))
    hash.update(`${file}\0`).update(createHash('sha256').update(readFileSync(file)).digest());
  return hash.digest('hex');
}

/**
 * Does the work unless it was done before from the same inputs and its outputs are still as it left them.
 *
 * @param {string} name of the piece of work
 * @param {string[]} inputs files and folders
 * @param {string[]} outputs files and folders
 * @param {() => Promise<void>} work
 */
export async function unlessUpToDate(name, inputs, outputs, work) {
  const stamp = join(root, 'build', 'stamps', name);
  const state = () => (outputs.every((path) => existsSync(path)) ? `${digest(inputs)} ${digest(outputs)}` : '');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state()) return;
  await work();
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, state());
}
