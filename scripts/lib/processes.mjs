import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** @type {Set<number>} the process groups that are ours to end */
const groups = new Set();

/**
 * Starts a program as its own process group, so that everything it starts can be ended with it.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, show?: boolean, extra?: 'pipe' }} [options]
 *   `show` passes its output through. `extra` gives it a fourth file to write to.
 */
export function launch(command, args, { cwd, env, show = false, extra } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: extra ? ['ignore', 'pipe', 'pipe', extra] : ['ignore', 'pipe', 'pipe'],
  });
  const parts = /** @type {Buffer[]} */ ([]);
  for (const [from, to] of /** @type {const} */ ([
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])) {
    from?.on('data', (part) => {
      parts.push(part);
      if (show) to.write(part);
    });
  }
  const ended = new Promise((done) => {
    child.on('error', (error) => {
      parts.push(Buffer.from(error.message));
      done(undefined);
    });
    child.on('exit', done);
  });
  const closed = new Promise((done) => child.on('close', done));
  const { pid } = child;
  if (pid) groups.add(pid);
  return {
    pid,
    child,
    ended,
    /** When all it printed has arrived. */
    closed,
    /** What it printed. */
    said: () => Buffer.concat(parts).toString(),
    /** Whether it is still there. */
    runs: () => pid !== undefined && child.exitCode === null && child.signalCode === null,
    /** Ends it and everything it started: politely, then by force. */
    async stop() {
      if (pid === undefined) return;
      signalGroup(pid, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
      signalGroup(pid, 'SIGKILL');
      groups.delete(pid);
    },
  };
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole group is gone already.
  }
}

process.on('exit', () => {
  // Politely, since a test that is ended has browsers of its own to end.
  for (const pid of groups) signalGroup(pid, 'SIGTERM');
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => process.exit(1));
}

/** A port of the loopback interface that nobody uses at the moment. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/**
 * Asks again and again until the answer is there.
 *
 * @template T
 * @param {string} what is waited for, for the message
 * @param {() => T | undefined | false | Promise<T | undefined | false>} ask
 * @param {{ timeoutMs?: number, why?: () => string | Promise<string> }} [options]
 * @returns {Promise<T>}
 */
export async function until(what, ask, { timeoutMs = 15_000, why = () => '' } = {}) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms ${await why()}`);
    await new Promise((go) => setTimeout(go, 20));
  }
}

/** @param {string} url */
export async function answers(url) {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
