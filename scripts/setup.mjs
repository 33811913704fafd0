// Gets everything that building and testing needs; safe to repeat, and quick when nothing is to do.
//   node scripts/setup.mjs --start   what `npm start` needs: npm packages and the wasm target
//   node scripts/setup.mjs --test    the test tools and the three browsers, too
//   node scripts/setup.mjs --path    prints the folders of the test tools, for the PATH
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, main, root, run, step } from './lib/run.mjs';
import { findTool, onPath, testTools, toolFolder, toolPath } from './lib/tools.mjs';

/** @param {{ tests: boolean }} wanted */
export async function setUp({ tests }) {
  checkNode();
  await npmPackages();
  await wasmTarget();
  if (!tests) return;
  // Browsers come first: without root this stops with what to install, before the slow builds.
  await browsers();
  for (const tool of testTools()) await installTool(tool);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 16)) {
    throw new Error(`Node 20.16 or newer is needed, this is ${process.version}`);
  }
  if (!onPath('cargo')) throw new Error('Rust is needed: install rustup (https://rustup.rs) and its stable toolchain');
}

async function npmPackages() {
  const lock = join(root, 'package-lock.json');
  const mark = join(root, 'node_modules', '.cartwright-lock');
  const wanted = existsSync(lock) && createHash('sha256').update(readFileSync(lock)).digest('hex');
  if (wanted && existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return;
  await step(wanted ? 'npm ci' : 'npm install', () =>
    run('npm', [wanted ? 'ci' : 'install', '--no-audit', '--no-fund']),
  );
  writeFileSync(mark, createHash('sha256').update(readFileSync(lock)).digest('hex'));
}

const wasmTarget = () => addToRust('target', 'wasm32-unknown-unknown', 'wasm32-unknown-unknown/lib');

/**
 * Adds a part of Rust unless it is there.
 *
 * @param {'target' | 'component'} kind
 * @param {string} name
 * @param {string} place what it brings below `lib/rustlib`
 */
export async function addToRust(kind, name, place) {
  const sysroot = (await run('rustc', ['--print', 'sysroot'])).trim();
  if (existsSync(join(sysroot, 'lib', 'rustlib', place))) return;
  if (!onPath('rustup')) throw new Error(`the Rust ${kind} ${name} is missing and there is no rustup to add it`);
  await step(`rustup ${kind} add ${name}`, () => run('rustup', [kind, 'add', name]));
}

/** @param {import('./lib/tools.mjs').Tool} tool */
export async function installTool(tool) {
  if (findTool(tool)) return;
  const folder = toolFolder(tool);
  const args = ['install', '--root', folder, '--version', `=${tool.version}`, tool.name];
  await step(`cargo install ${tool.name} ${tool.version}, some minutes, once`, async () => {
    try {
      await run('cargo', [...args, '--locked']);
    } catch {
      // A lock file of theirs may name a yanked crate; without it cargo chooses again.
      rmSync(folder, { recursive: true, force: true });
      await run('cargo', args);
    }
  });
}

const programs = [
  { binary: 'chromium', pack: 'chromium' },
  { binary: 'chromedriver', pack: 'chromium-driver' },
  { binary: 'firefox-esr', pack: 'firefox-esr' },
  { binary: 'WebKitWebDriver', pack: 'webkit2gtk-driver' },
  { binary: 'Xvfb', pack: 'xvfb' },
];

async function browsers() {
  const missing = programs.filter(({ binary }) => !onPath(binary)).map(({ pack }) => pack);
  if (missing.length === 0) return;
  const list = missing.join(' ');
  const debian = existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  if (!debian || process.getuid?.() !== 0) {
    throw new Error(
      debian
        ? `the tests need browsers; run as root: apt-get install ${list}`
        : `the tests need these programs on the PATH: ${programs.map(({ binary }) => binary).join(', ')} (Debian packages: ${list})`,
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=600'];
  await step('apt-get update', () => run('apt-get', [...wait, 'update'], { env }));
  await step(`apt-get install ${list}`, () =>
    // A headless machine has no fonts, and then every text in a page has no width.
    run('apt-get', [...wait, 'install', '-y', '--no-install-recommends', 'fonts-liberation', ...missing], { env }),
  );
}

if (isMain(import.meta.url)) {
  await main(async () => {
    if (process.argv.includes('--path')) return console.log(toolPath());
    await setUp({ tests: process.argv.includes('--test') });
    console.log('Set-up is complete.');
  });
}
