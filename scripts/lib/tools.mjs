import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from './run.mjs';

/**
 * The file that a command name stands for on the PATH.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function onPath(name) {
  return (
    (process.env.PATH ?? '')
      .split(delimiter)
      // npm puts downloaders with the names of drivers there.
      .filter((folder) => !folder.includes('node_modules'))
      .map((folder) => join(folder, name))
      .find((file) => {
        try {
          accessSync(file, constants.X_OK);
          return true;
        } catch {
          return false;
        }
      })
  );
}

/** The locked version of wasm-bindgen: its command line and its library must be the same. */
export function bindgenVersion() {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (!version) throw new Error('Cargo.lock names no wasm-bindgen');
  return version;
}

/** The tools that only the tests need, each with the crate and the exact version. */
export const testTools = () => [
  { name: 'wasm-pack', binary: 'wasm-pack', version: '0.15.1' },
  { name: 'wasm-bindgen-cli', binary: 'wasm-bindgen-test-runner', version: bindgenVersion() },
  { name: 'geckodriver', binary: 'geckodriver', version: '0.37.1' },
];

/** What `npm run fuzz` needs. @type {Tool} */
export const fuzzTool = { name: 'cargo-fuzz', binary: 'cargo-fuzz', version: '0.13.2' };

/** What `npm run coverage` needs. @type {Tool} */
export const coverageTool = { name: 'cargo-llvm-cov', binary: 'cargo-llvm-cov', version: '0.9.1' };

/** @typedef {ReturnType<typeof testTools>[number]} Tool */

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');

/**
 * Where our own copy of a tool is, or would be.
 *
 * @param {Tool} tool
 */
export const toolFolder = ({ name, version }) => join(cache, 'cartwright', 'tools', `${name}-${version}`);

/**
 * The folder with the right version of a tool: from the PATH, or our own copy.
 *
 * @param {Tool} tool
 * @returns {string | undefined}
 */
export function findTool(tool) {
  const found = onPath(tool.binary);
  if (found && hasVersion(found, tool.version)) return join(found, '..');
  const own = join(toolFolder(tool), 'bin');
  return existsSync(join(own, tool.binary)) ? own : undefined;
}

/**
 * @param {string} file
 * @param {string} version
 */
function hasVersion(file, version) {
  try {
    return execFileSync(file, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split(/\s+/)
      .includes(version);
  } catch {
    return false;
  }
}

/** The folders to put in front of the PATH, so that every test tool is found by its name. */
export function toolPath() {
  const folders = testTools().map((tool) => {
    const folder = findTool(tool);
    if (!folder) throw new Error(`${tool.name} ${tool.version} is missing: run node scripts/setup.mjs --test`);
    return folder;
  });
  return [...new Set(folders)].join(delimiter);
}
