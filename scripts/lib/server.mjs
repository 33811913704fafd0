import { join } from 'node:path';
import { answers, launch, until } from './processes.mjs';
import { cargo, root } from './run.mjs';

const binary = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), 'release', 'cartwright-server');

/** Builds the session endpoint. */
export const buildServer = () => cargo('the session endpoint', 'build', ['--release', '-p', 'cartwright-server']);

/**
 * Starts the session endpoint with the demo store and waits until it answers.
 *
 * @param {{ port: number, database?: string, campaigns?: string, upstream?: string, show?: boolean }} options
 *   `port` 0 takes a free one. `campaigns` is a file in `server/campaigns`. `upstream` makes it a relay to that sandbox.
 */
export async function startServer({ port, database, campaigns, upstream, show }) {
  const args = ['--port', String(port), '--static', join(root, 'www', 'demo'), '--dist', join(root, 'dist')];
  if (database) args.push('--db', database);
  if (campaigns) args.push('--campaigns', join(root, 'server', 'campaigns', campaigns));
  const env = /** @type {Record<string, string>} */ ({});
  if (upstream) {
    args.push('--upstream', upstream);
    env.CARTWRIGHT_API_KEY = 'the-sandbox-takes-any';
  }
  const program = launch(binary, args, { cwd: root, env, show });
  try {
    const address = await until('the session endpoint answers', async () => {
      if (!program.runs()) throw new Error(`the session endpoint stopped at once\n${program.said()}`);
      const [, said] = /listening on (http:\S+)/.exec(program.said()) ?? [];
      return said && (await answers(`${said}/healthz`)) && said;
    });
    return { address, program };
  } catch (error) {
    await program.stop();
    throw error;
  }
}
