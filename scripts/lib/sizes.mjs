import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from './run.mjs';

/** @type {Record<string, { what: string, files: string[], limit?: number }>} */
const budgets = JSON.parse(readFileSync(join(root, 'tests/house/budgets.json'), 'utf8'));

/** What each budget names weighs in dist/, in bytes of gzip -9. */
export const sizes = () =>
  Object.entries(budgets).map(([name, { what, files, limit }]) => ({
    name,
    what,
    limit,
    bytes: files
      .map((file) => gzipSync(readFileSync(join(root, 'dist', file)), { level: 9 }).length)
      .reduce((sum, size) => sum + size),
  }));

/** Where the README says the size of a budget. @param {string} name */
export const figure = (name) => new RegExp(`(?<=<!-- size:${name} -->)[^<]*(?= KB<!-- /size -->)`, 'g');
