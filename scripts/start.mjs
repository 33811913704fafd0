// npm start: set-up, build, and the demo store with its session endpoint on http://127.0.0.1:$PORT (8787).
import { once } from 'node:events';
import { createServer } from 'node:net';
import { build } from './build.mjs';
import { main } from './lib/run.mjs';
import { buildServer, startServer } from './lib/server.mjs';
import { setUp } from './setup.mjs';

await main(async () => {
  const port = readPort(process.env.PORT ?? '8787');
  await mustBeFree(port);
  console.log('Set-up');
  await setUp({ tests: false });
  console.log('Build (the first time takes some minutes)');
  await build();
  await buildServer();
  const { address, program } = await startServer({ port, show: true });
  console.log(`\nThe demo store is ready: ${address}\nStop it with Ctrl+C.`);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.removeAllListeners(signal);
    process.on(signal, () => program.stop());
  }
  await program.ended;
  process.exitCode = program.child.exitCode ?? 0;
});

/** @param {string} text */
function readPort(text) {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new Error(`PORT must be 1 to 65535, not "${text}"`);
  return port;
}

/** @param {number} port */
async function mustBeFree(port) {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = /** @type {NodeJS.ErrnoException} */ (error).code;
    throw new Error(
      code === 'EADDRINUSE'
        ? `Port ${port} is in use by another program: end it, or choose another port: PORT=8788 npm start`
        : `Port ${port} cannot be opened (${code})`,
    );
  }
  server.close();
  await once(server, 'close');
}
