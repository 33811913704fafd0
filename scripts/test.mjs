// npm test: everything, as named steps. `npm test -- --only NAME[,NAME]` runs some of them.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { build } from './build.mjs';
import { startDisplay, webkitCapabilities, webkitEnvironment } from './lib/browsers.mjs';
import { launch } from './lib/processes.mjs';
import { main, root, run, seconds } from './lib/run.mjs';
import { buildServer } from './lib/server.mjs';
import { onPath, toolPath } from './lib/tools.mjs';
import { setUp } from './setup.mjs';

/** A step that takes longer than this hangs. */
const stepLimitMs = 20 * 60_000;
const wasmTarget = 'wasm32-unknown-unknown';

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<string>} work gives what was printed
 * @property {boolean} [tools] needs the test tools and browsers
 * @property {boolean} [counted] prints how many tests passed, and it is wrong when there is none
 */

/** @type {Step[]} */
const steps = [
  { name: 'build', work: buildAll },
  { name: 'rustfmt', work: () => command('cargo', ['fmt', '--all', '--check']) },
  {
    name: 'clippy',
    work: () => command('cargo', ['clippy', '--locked', '--workspace', '--all-targets', '--', '-D', 'warnings']),
  },
  {
    name: 'clippy-wasm',
    work: () =>
      command('cargo', [
        ...['clippy', '--locked', '-p', 'cartwright', '--target', wasmTarget, '--all-targets'],
        ...['--', '-D', 'warnings'],
      ]),
  },
  { name: 'biome', work: () => command('biome', ['check', '--error-on-warnings']) },
  { name: 'types', work: afterBuild(() => command('tsc', ['-p', '.'])) },
  { name: 'house', counted: true, work: afterBuild(() => nodeTests('tests/house')) },
  { name: 'shell', counted: true, work: afterBuild(() => nodeTests('tests/shell')) },
  {
    name: 'native',
    counted: true,
    work: () => command('cargo', ['test', '--locked', '--workspace', '--no-fail-fast']),
  },
  { name: 'sim', counted: true, work: simulation },
  { name: 'wasm-node', counted: true, tools: true, work: () => wasmPack('--node') },
  { name: 'wasm-chromium', counted: true, tools: true, work: () => wasmPack('--headless', '--chrome') },
  { name: 'wasm-firefox', counted: true, tools: true, work: () => wasmPack('--headless', '--firefox') },
  { name: 'wasm-webkit', counted: true, tools: true, work: wasmInWebkit },
  { name: 'pages', counted: true, tools: true, work: afterBuild(() => nodeTests('tests/e2e')) },
];

/** Schedules that are drawn around the sync machine; more by `npm run sim`. */
function simulation() {
  const run = ['run', '--quiet', '--release', '--locked', '-p', 'cartwright-sim', '--'];
  return command('cargo', [...run, '--tabs', '4', '--seeds', '100000']);
}

/** @type {Promise<string> | undefined} */
let built;

/** Builds what other steps look at or open; the second call only waits for the first. */
function buildAll() {
  built ??= build().then(buildServer);
  return built;
}

/** @param {() => Promise<string>} work */
function afterBuild(work) {
  return async () => {
    await buildAll();
    return work();
  };
}

/**
 * Runs a command with its output shown, and gives the output.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 */
async function command(program, args, options) {
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);
  const started = launch(program, args, {
    cwd: options?.cwd ?? root,
    env: { PATH: path, ...options?.env },
    show: true,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void started.stop();
  }, stepLimitMs);
  await started.ended;
  await started.stop();
  await started.closed;
  clearTimeout(timer);
  const output = started.said();
  if (started.pid === undefined) throw new StepError(output, '');
  if (late) throw new StepError(`${program}: stopped after ${stepLimitMs / 60_000} minutes`, output);
  if (started.child.exitCode !== 0) throw new StepError(`${program} ended with ${started.child.exitCode}`, output);
  return output;
}

class StepError extends Error {
  /**
   * @param {string} message
   * @param {string} output
   */
  constructor(message, output) {
    super(message);
    this.output = output;
  }
}

/** @param {string} folder */
function nodeTests(folder) {
  const files = readdirSync(join(root, folder), { recursive: true })
    .map(String)
    .filter((name) => /\.test\.m?js$/.test(name))
    .map((name) => join(folder, name))
    .sort();
  // Without a file Node would run whatever it finds.
  if (files.length === 0) throw new StepError(`${folder} holds no test`, '');
  // One file after the other: each may start a browser, and there are few cores.
  return command(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files]);
}

const withTools = () => ({
  PATH: [toolPath(), process.env.PATH].join(delimiter),
  // A busy machine needs longer than the runner's 20 seconds to start a browser.
  WASM_BINDGEN_TEST_TIMEOUT: '120',
});

/** @param {...string} engine */
const wasmPack = (...engine) => command('wasm-pack', ['test', ...engine], { env: withTools() });

/** The runner knows WebKit by the name of Safari, and reads the capabilities from the folder it runs in. */
async function wasmInWebkit() {
  const build = ['test', '--locked', '--no-run', '-p', 'cartwright', '--target', wasmTarget];
  const messages = await run('cargo', [...build, '--message-format=json-render-diagnostics']);
  const tests = messages
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .flatMap(({ reason, executable }) => (reason === 'compiler-artifact' && executable ? [executable] : []));
  const folder = mkdtempSync(join(tmpdir(), 'cartwright-webkit-'));
  const display = await startDisplay();
  try {
    writeFileSync(join(folder, 'webdriver.json'), JSON.stringify(webkitCapabilities()));
    const env = {
      ...withTools(),
      ...webkitEnvironment(display.name),
      SAFARIDRIVER: onPath('WebKitWebDriver') ?? '',
      WASM_BINDGEN_TEST_ONLY_WEB: '1',
    };
    let output = '';
    let failure = '';
    for (const test of tests) {
      try {
        output += await command('wasm-bindgen-test-runner', [test], { cwd: folder, env });
      } catch (error) {
        if (!(error instanceof StepError)) throw error;
        output += error.output;
        failure = error.message;
      }
    }
    if (failure) throw new StepError(failure, output);
    return output;
  } finally {
    await display.stop();
    rmSync(folder, { recursive: true });
  }
}

/**
 * The counts that cargo's and Node's test runners printed.
 *
 * @param {string} output
 */
function counts(output) {
  const sum = (/** @type {RegExp} */ pattern) =>
    [...output.matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
  return {
    passed: sum(/^test result: .*?(\d+) passed/gm) + sum(/^ℹ pass (\d+)/gm),
    failed: sum(/^test result: .*?(\d+) failed/gm) + sum(/^ℹ (?:fail|cancelled) (\d+)/gm),
  };
}

/** @param {Step} step */
async function perform({ name, work, counted }) {
  console.log(`\n━━ ${name}`);
  const start = performance.now();
  let problem = '';
  let output = '';
  try {
    output = await work();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
    if (error instanceof StepError) output = error.output;
  }
  let { passed, failed } = counts(stripVTControlCharacters(output));
  if (counted && !problem && passed === 0) problem = 'no test ran';
  if (problem && failed === 0) failed = 1;
  if (!counted && !problem) passed = 1;
  if (problem) console.error(`${name}: ${problem}`);
  return { name, passed, failed, time: seconds(start) };
}

/** @param {string[]} args */
function chosen(args) {
  const at = args.indexOf('--only');
  if (at < 0) return steps;
  const names = (args[at + 1] ?? '').split(',');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    throw new Error(`no step is called ${unknown.join(', ')}; there are: ${steps.map(({ name }) => name).join(', ')}`);
  }
  return steps.filter(({ name }) => names.includes(name));
}

await main(async () => {
  const start = performance.now();
  const wanted = chosen(process.argv.slice(2));
  console.log('Set-up');
  await setUp({ tests: wanted.some(({ tools }) => tools) });
  /** @type {Awaited<ReturnType<typeof perform>>[]} */
  const results = [];
  for (const step of wanted) results.push(await perform(step));
  console.log('\n');
  for (const { name, passed, failed, time } of results) {
    console.log(
      `${failed ? '✗' : '✓'} ${name.padEnd(15)} ${`${passed} passed`.padStart(12)} ${`${failed} failed`.padStart(10)} ${time.padStart(9)}`,
    );
  }
  const total = (/** @type {'passed' | 'failed'} */ key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`in ${seconds(start)}\n${total('passed')} passed, ${total('failed')} failed`);
  process.exitCode = total('failed') > 0 ? 1 : 0;
});
