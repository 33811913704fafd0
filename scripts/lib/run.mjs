import { spawn } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top folder of the project. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Runs a command to its end. Rejects when it cannot start or ends with anything but 0.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, show?: boolean, input?: string }} [options]
 *   `show` passes the output through as it comes; without it the output is only in the result and in the error.
 * @returns {Promise<string>} what it printed
 */
export function run(command, args, { cwd = root, env, show = false, input } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    const parts = /** @type {Buffer[]} */ ([]);
    for (const [from, to] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      from.on('data', (part) => {
        parts.push(part);
        if (show) to.write(part);
      });
    }
    // A child that ends without reading its input must not end us.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('error', fail);
    child.on('close', (code, signal) => {
      const output = Buffer.concat(parts).toString();
      if (code === 0) done(output);
      else {
        const ending = signal ? `was ended by ${signal}` : `ended with ${code}`;
        fail(
          Object.assign(new Error(`${command} ${args.join(' ')} ${ending}${show ? '' : `\n${output}`}`), { output }),
        );
      }
    });
  });
}

/**
 * Says what is being done, does it, and says how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T> | T} work
 * @param {{ shows?: boolean }} [options] `shows`: the work prints lines of its own
 * @returns {Promise<T>}
 */
export async function step(what, work, { shows = false } = {}) {
  const start = performance.now();
  const end = (/** @type {string} */ how) => `${shows ? `  ${what}: ` : ''}${how}\n`;
  process.stdout.write(`  ${what} …${shows ? '\n' : ' '}`);
  try {
    const result = await work();
    process.stdout.write(end(seconds(start)));
    return result;
  } catch (error) {
    process.stdout.write(end(`failed after ${seconds(start)}`));
    throw error;
  }
}

/**
 * Builds something with cargo and shows what cargo says.
 *
 * @param {string} what
 * @param {'build' | 'rustc'} command
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
export const cargo = (what, command, args, env) =>
  step(`cargo ${command}: ${what}`, () => run('cargo', [command, '--locked', ...args], { show: true, env }), {
    shows: true,
  });

/** @param {number} start a `performance.now()` */
export const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/**
 * Whether a module was started by itself, not imported.
 *
 * @param {string} url the module's `import.meta.url`
 */
export const isMain = (url) => process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);

/**
 * Runs a script's work; a failure is told in its own words and ends the script with 1.
 *
 * @param {() => Promise<void>} work
 */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
