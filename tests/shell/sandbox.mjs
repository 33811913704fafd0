import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { startServer } from '../../scripts/lib/server.mjs';

/**
 * A sandbox of its own for the tests of a file: started before the first of them, ended after the last.
 *
 * @param {string} [campaigns] file of the campaigns, by default those of the server
 */
export function sandbox(campaigns) {
  const given = { address: '' };
  let folder = '';
  /** @type {Awaited<ReturnType<typeof startServer>> | undefined} */
  let server;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cartwright-'));
    server = await startServer({ port: 0, database: join(folder, 'sandbox.sqlite'), campaigns });
    given.address = server.address;
  });
  after(async () => {
    await server?.program.stop();
    await rm(folder, { recursive: true });
  });
  return given;
}
