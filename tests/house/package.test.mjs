import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/lib/run.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** @type {[string, { types: string, default: string }][]} */
const entries = Object.entries(manifest.exports).filter(([, entry]) => typeof entry === 'object');

test('the packed package holds every file that its exports name, and no source', () => {
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: root, encoding: 'utf8' }));
  const packed = files.map((/** @type {{ path: string }} */ { path }) => `./${path}`);
  assert.deepEqual(
    entries.flatMap(([, entry]) => Object.values(entry)).filter((file) => !packed.includes(file)),
    [],
  );
  assert.deepEqual(
    packed.filter((/** @type {string} */ file) => /^\.\/(?:src|www|tests|scripts|server|build)\//.test(file)),
    [],
  );
});

for (const [name, entry] of entries) {
  test(`${name} names its types first`, () => assert.deepEqual(Object.keys(entry), ['types', 'default']));
}

test('the package has no dependencies at run time', () => {
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.peerDependencies, undefined);
});

test('the oldest Node that is named has what the package asks it for', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  assert.deepEqual(lock.packages[''].engines, manifest.engines);
  // `process.getBuiltinModule`, by which the loader reads files, came with 20.16.
  assert.match(readFileSync(join(root, 'www/shell/loader.js'), 'utf8'), /getBuiltinModule/);
  assert.equal(manifest.engines.node, '>=20.16');
});

test('the lock file names no registry', () => {
  assert.doesNotMatch(readFileSync(join(root, 'package-lock.json'), 'utf8'), /"resolved"/);
});

test('the lock file holds every package that it names, for other systems too', () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const named = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  const held = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ''));
  assert.deepEqual(
    named.filter((name) => !held.includes(name)),
    [],
  );
});

test('both crates and the package have one version', () => {
  const cargo = readFileSync(join(root, 'Cargo.toml'), 'utf8');
  assert.equal(/^\[workspace\.package\]\nversion = "([^"]+)"/m.exec(cargo)?.[1], manifest.version);
});

// Runs in a Node of its own: what an import did to it.
const watch = `
  const before = new Set(Reflect.ownKeys(globalThis));
  const calls = [];
  for (const name of ['fetch', 'setTimeout', 'setInterval', 'queueMicrotask', 'addEventListener']) {
    const real = globalThis[name];
    globalThis[name] = (...args) => { calls.push(name); return real?.(...args); };
    before.add(name);
  }
  const compile = WebAssembly.compile;
  WebAssembly.compile = (bytes) => { calls.push('compile'); return compile(bytes); };
  const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const heard = listeners();
  const names = Object.keys(await import(process.argv[1]));
  console.log(JSON.stringify({
    names,
    calls,
    globals: Reflect.ownKeys(globalThis).filter((key) => !before.has(key)).map(String),
    listeners: listeners() - heard,
    resources: process.getActiveResourcesInfo().filter((kind) => !/Pipe|TTY|FS|Close/.test(kind)),
  }));
`;

/** @param {string} address */
const imported = (address) =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '--eval', watch, address], { cwd: root, encoding: 'utf8' }),
  );

const quiet = ['cartwright', 'cartwright/element', 'cartwright/inline'];
for (const name of quiet) {
  test(`importing ${name} in Node does nothing`, () => {
    const { names, ...effects } = imported(name);
    assert.ok(names.length > 0);
    assert.deepEqual(effects, { calls: [], globals: [], listeners: 0, resources: [] });
  });
}

test('the watch sees what an import does', () => {
  const noisy =
    'data:text/javascript,globalThis.seen = 1; setTimeout(() => {}); process.on("exit", () => {}); export {}';
  const { calls, globals, listeners } = imported(noisy);
  assert.deepEqual({ calls, globals, listeners }, { calls: ['setTimeout'], globals: ['seen'], listeners: 1 });
});

test('the entry with the binary inside has the same names', () => {
  assert.deepEqual(imported('cartwright/inline').names.sort(), imported('cartwright').names.sort());
});

test('the binary names no folder of the machine that built it', () => {
  const wasm = readFileSync(join(root, 'dist', 'cartwright.wasm'), 'latin1');
  for (const folder of [homedir(), root]) assert.ok(!wasm.includes(`${folder}/`), folder);
});
