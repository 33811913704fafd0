// Builds dist/: the wasm, its glue, the bundles, their declarations and their pre-compressed forms.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { exposeParts } from './lib/glue.mjs';
import { shortenNames } from './lib/names.mjs';
import { silencePanics } from './lib/panics.mjs';
import { cargo, isMain, main, root, run, step } from './lib/run.mjs';
import { unlessUpToDate } from './lib/stamp.mjs';

const shell = join(root, 'www', 'shell');
const glue = join(root, 'build', 'glue');
const dist = join(root, 'dist');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');

export async function build() {
  // First, since it unpacks the crates whose folders the wasm must not name.
  await cargo('the glue writer', 'build', ['-p', 'cartwright-bindgen']);
  // As the one crate type, since beside an rlib cargo leaves link-time optimisation out.
  const core = ['-p', 'cartwright', '--lib', '--crate-type', 'cdylib'];
  const wasmArguments = [...core, '--profile', 'wasm', '--target', 'wasm32-unknown-unknown'];
  await cargo('the core as wasm', 'rustc', wasmArguments, { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: remap() });
  const wasm = join(target, 'wasm32-unknown-unknown', 'wasm', 'cartwright.wasm');
  const bindgen = join(target, 'debug', 'cartwright-bindgen');
  const packages = [join(root, 'package.json'), join(root, 'package-lock.json')];
  const self = ['build.mjs', 'lib/glue.mjs', 'lib/names.mjs', 'lib/panics.mjs'].map((file) =>
    join(root, 'scripts', file),
  );

  await unlessUpToDate('glue', [wasm, bindgen, ...packages, ...self], [glue], () => writeGlue(bindgen, wasm));
  await unlessUpToDate('dist', [shell, glue, ...packages, ...self], [dist], writeDist);
}

/** Places in the sources, without the folders of whoever built them. */
function remap() {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const registries = join(cargoHome, 'registry', 'src');
  const sources = existsSync(registries) ? readdirSync(registries).map((name) => join(registries, name)) : [];
  const rustup = process.env.RUSTUP_HOME ?? join(homedir(), '.rustup');
  const folders = [rustup, cargoHome, ...sources, root];
  // The last one that fits counts.
  return folders
    .map((folder) => `--remap-path-prefix=${folder}=${basename(folder).split(/[-.]/)[0] || 'rust'}`)
    .join(' ');
}

// What rustc emits by itself; --all-features writes modules that browsers refuse.
const features = [
  'bulk-memory',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
];

// Fewest bytes after gzip, by measurement: blocks made anew, and repeated code left for gzip to find. What is worth
// inlining the compiler has inlined.
const optimisation = [
  // The stack comes first and grows down, so only one that overflows reaches the lowest kilobyte.
  '--low-memory-unused',
  '--flatten',
  '--rereloop',
  '--skip-pass=local-cse',
  '--skip-pass=inlining-optimizing',
  '-Oz',
  '-Oz',
  '--strip-debug',
  '--strip-producers',
  '--strip-target-features',
];

/** @param {string[]} args */
const wasmOpt = (...args) =>
  run(process.execPath, [
    join(root, 'node_modules', '.bin', 'wasm-opt'),
    ...features.map((feature) => `--enable-${feature}`),
    ...args,
  ]);

/**
 * @param {string} bindgen the glue writer
 * @param {string} wasm what cargo built
 */
async function writeGlue(bindgen, wasm) {
  rmSync(glue, { recursive: true, force: true });
  const binary = join(glue, 'cartwright_bg.wasm');
  const text = join(glue, 'cartwright.wat');
  const script = join(glue, 'cartwright.js');
  const types = join(glue, 'cartwright.d.ts');
  await step('glue', () => run(bindgen, [wasm, glue]));
  const build = await step('short names', async () => {
    await wasmOpt(binary, '--emit-text', '-o', text);
    const parts = exposeParts(readFileSync(script, 'utf8'), readFileSync(types, 'utf8'));
    const short = shortenNames(silencePanics(readFileSync(text, 'utf8')), parts.script);
    writeFileSync(text, short.wasm);
    writeFileSync(script, short.glue);
    writeFileSync(types, parts.types);
    return short.build;
  });
  await step('wasm-opt', () => wasmOpt(...optimisation, text, '-o', binary));
  rmSync(text);
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(binary)));
  if (!imports.some(({ name }) => name === build)) throw new Error('The wasm does not import the name of its build');
}

/**
 * One bundle per entry; what another bundle of the package already holds is imported from it, so that its state exists once.
 *
 * @type {{ entry: string, external: string[], format?: import('esbuild').Format }[]}
 */
const bundles = [
  { entry: 'index.js', external: ['lease.js'] },
  { entry: 'lease.js', external: [] },
  { entry: 'element.js', external: ['index.js'] },
  { entry: 'define.js', external: ['index.js', 'element.js'] },
  { entry: 'inline.js', external: [] },
  { entry: 'embed-module.js', external: ['lease.js'] },
  { entry: 'embed.js', external: [], format: 'iife' },
];

/** The declaration files that the package's exports name, and the one that they import. */
function declarations() {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return [...Object.values(exports).flatMap(({ types }) => (types ? [basename(types)] : [])), 'effects.d.ts'];
}

async function writeDist() {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  await step('bundles', async () => {
    for (const bundle of bundles) await writeBundle(bundle);
    copyFileSync(join(glue, 'cartwright_bg.wasm'), join(dist, 'cartwright.wasm'));
    for (const name of declarations()) copyFileSync(join(shell, name), join(dist, name));
  });
  await step('compressed forms', () => {
    for (const name of readdirSync(dist).filter((file) => /\.(js|wasm)$/.test(file))) compress(join(dist, name));
  });
}

/** @param {(typeof bundles)[number]} bundle */
async function writeBundle({ entry, external, format = 'esm' }) {
  // Set-up may have brought it a moment ago, so it cannot be imported at the top.
  const { build: bundle } = await import('esbuild');
  await bundle({
    entryPoints: [join(shell, entry)],
    outfile: join(dist, entry),
    bundle: true,
    minify: true,
    format,
    platform: 'neutral',
    target: 'es2022',
    // The entry that carries the binary imports it as `#wasm`.
    loader: { '.wasm': 'base64' },
    legalComments: 'none',
    logLevel: 'warning',
    // The shell and the glue disagree, and a page would only find out when it runs.
    logOverride: { 'import-is-undefined': 'error' },
    plugins: [keepOutside(external)],
  });
}

/**
 * @param {string[]} names files of the shell that are bundles of their own
 * @returns {import('esbuild').Plugin}
 */
const keepOutside = (names) => ({
  name: 'keep-outside',
  setup(work) {
    work.onResolve({ filter: /^\.\// }, ({ path, resolveDir, kind }) => {
      const name = relative(shell, join(resolveDir, path));
      return kind !== 'entry-point' && names.includes(name) ? { path: `./${name}`, external: true } : undefined;
    });
  },
});

/** @param {string} file */
function compress(file) {
  const bytes = readFileSync(file);
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(
    `${file}.br`,
    brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  );
}

if (isMain(import.meta.url)) await main(build);
