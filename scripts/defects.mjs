// npm run sim:defects [NAME …]: does the simulation see what it is there for? Each patch of tests/sim/defects takes a rule
// out of a copy of the machine, and has to be caught within 10 000 schedules.
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { launch } from './lib/processes.mjs';
import { main, root, run, seconds } from './lib/run.mjs';

const patches = join(root, 'tests', 'sim', 'defects');
const copy = join(root, 'target', 'defects', 'copy');
const target = join(root, 'target', 'defects', 'target');
/** What the workspace is made of. */
const PARTS = ['Cargo.toml', 'Cargo.lock', 'src', 'server', 'tests', 'scripts/bindgen'];
/** Some defects need several tabs to show, most show sooner with one. */
const TABS = ['1', '4'];

/** @param {string} patch */
async function build(patch) {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true });
  await run('git', ['apply', '--directory', 'target/defects/copy', join(patches, patch)]);
  const manifest = join(copy, 'Cargo.toml');
  const env = { CARGO_TARGET_DIR: target, CARGO_PROFILE_RELEASE_OPT_LEVEL: '1' };
  await run('cargo', ['build', '--release', '--locked', '-p', 'cartwright-sim', '--manifest-path', manifest], { env });
}

/** What the simulation says of the defect, or nothing. */
async function caught() {
  for (const tabs of TABS) {
    const started = launch(join(target, 'release', 'cartwright-sim'), ['--seeds', '10000', '--tabs', tabs]);
    await started.ended;
    await started.closed;
    const said = started.said();
    if (started.child.exitCode === 0) continue;
    const [, invariant] = /^broken: (.*)$/m.exec(said) ?? [];
    const [, schedules] = /^(\d+) schedules/m.exec(said) ?? [];
    if (invariant)
      return `${invariant} (after ${schedules} schedules of ${tabs} ${tabs === '1' ? 'tab' : 'tabs at most'})`;
  }
  return undefined;
}

await main(async () => {
  const wanted = process.argv.slice(2);
  const names = readdirSync(patches)
    .map((patch) => basename(patch, '.patch'))
    .filter((name) => wanted.length === 0 || wanted.includes(name));
  const missed = [];
  for (const name of names) {
    const start = performance.now();
    await build(`${name}.patch`);
    const invariant = await caught();
    if (!invariant) missed.push(name);
    console.log(`${invariant ? '✓' : '✗'} ${name}: ${invariant ?? 'not caught'}, ${seconds(start)}`);
  }
  console.log(`${names.length - missed.length} passed, ${missed.length} failed`);
  process.exitCode = missed.length > 0 ? 1 : 0;
});
