import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, freePort, launch, until } from './processes.mjs';
import { root } from './run.mjs';
import { findTool, testTools } from './tools.mjs';

/** @typedef {'chromium' | 'firefox' | 'webkit'} Engine */

/** @type {readonly Engine[]} */
export const allEngines = ['chromium', 'firefox', 'webkit'];

/** Starts a display without a screen and gives its name; WebKit has no headless mode. */
export async function startDisplay() {
  const program = launch('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', '-screen', '0', '1600x1400x24'], {
    extra: 'pipe',
  });
  const numbers = /** @type {import('node:stream').Readable} */ (program.child.stdio[3]);
  const first = await Promise.race([once(numbers, 'data'), program.ended]);
  if (!Array.isArray(first)) throw new Error(`Xvfb did not start\n${program.said()}`);
  return { name: `:${String(first[0]).trim()}`, stop: program.stop };
}

/** What WebKit's programs need to see. @param {string} display */
export const webkitEnvironment = (display) => ({
  DISPLAY: display,
  // Its sandbox needs user name spaces, which containers seldom allow.
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  // There is no session bus and no graphics card to find.
  NO_AT_BRIDGE: '1',
  LIBGL_ALWAYS_SOFTWARE: '1',
});

/** The capabilities that make WebKit's driver open its small browser. */
export function webkitCapabilities() {
  const binary = readdirSync('/usr/lib')
    .map((name) => join('/usr/lib', name, 'webkit2gtk-4.1', 'MiniBrowser'))
    .find((file) => existsSync(file));
  if (!binary) throw new Error('WebKitGTK has no MiniBrowser here: apt-get install webkit2gtk-driver');
  return { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary, args: ['--automation'] } };
}

const options = () => JSON.parse(readFileSync(join(root, 'webdriver.json'), 'utf8'));

function geckodriver() {
  const tool = testTools().find(({ name }) => name === 'geckodriver');
  const folder = tool && findTool(tool);
  if (!folder) throw new Error('geckodriver is missing: run node scripts/setup.mjs --test');
  return join(folder, 'geckodriver');
}

/**
 * Starts the WebDriver server of an engine on a free port.
 *
 * @param {Engine} engine
 */
export async function startDriver(engine) {
  const port = await freePort();
  const display = engine === 'webkit' ? await startDisplay() : undefined;
  const start = {
    chromium: () => launch('chromedriver', [`--port=${port}`]),
    firefox: () => launch(geckodriver(), ['--host', '127.0.0.1', '--port', String(port)]),
    webkit: () => launch('WebKitWebDriver', [`--port=${port}`], { env: webkitEnvironment(display?.name ?? '') }),
  }[engine];
  const program = start();
  const stop = async () => {
    await program.stop();
    await display?.stop();
  };
  try {
    await until(`the driver of ${engine} answers`, () => {
      if (!program.runs()) throw new Error(`the driver of ${engine} stopped at once\n${program.said()}`);
      return answers(`http://127.0.0.1:${port}/status`);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const { 'goog:chromeOptions': chrome, 'moz:firefoxOptions': firefox } = options();
  const capabilities = {
    chromium: () => ({ browserName: 'chrome', 'goog:chromeOptions': chrome }),
    firefox: () => ({ browserName: 'firefox', 'moz:firefoxOptions': firefox }),
    webkit: webkitCapabilities,
  }[engine]();
  return { port, capabilities, said: program.said, stop };
}
