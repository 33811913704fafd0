// Drives real browsers over WebDriver, so that one suite runs in Chromium, Firefox and WebKit.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { allEngines, startDriver } from '../../scripts/lib/browsers.mjs';
import { until } from '../../scripts/lib/processes.mjs';
import { startServer } from '../../scripts/lib/server.mjs';

// Read by the client as it loads: an error is in the exception, and the classic protocol is meant.
process.env.WDIO_LOG_LEVEL ??= 'silent';
process.env.DISABLE_WEBDRIVERIO_DEPRECATION_WARNINGS ??= 'true';
const { default: WebDriver } = await import('webdriver');

/** The engines to test in: CARTWRIGHT_ENGINES, or all three. */
export const engines = /** @type {import('../../scripts/lib/browsers.mjs').Engine[]} */ (
  (process.env.CARTWRIGHT_ENGINES ?? allEngines.join()).split(',')
);

/**
 * Runs a group of tests once per engine. Each engine gets one browser and one server;
 * both are in `given` by the time a test runs, and are ended after the last one.
 *
 * @param {string} title
 * @param {(given: { page: Page, sandbox: Sandbox }) => void} define
 * @param {{ server?: boolean }} [options] `server: false` for tests that bring their own
 */
export function suite(title, define, { server = true } = {}) {
  for (const engine of engines) {
    describe(`${title}, ${engine}`, () => {
      const given = /** @type {{ page: Page, sandbox: Sandbox }} */ ({});
      before(async () => {
        if (server) given.sandbox = await startSandbox();
        given.page = await openBrowser(engine);
      });
      after(async () => {
        await given.page?.close();
        await given.sandbox?.stop();
      });
      define(given);
    });
  }
}

/**
 * Opens a browser with one window.
 *
 * @param {import('../../scripts/lib/browsers.mjs').Engine} engine
 */
export async function openBrowser(engine) {
  const driver = await startDriver(engine);
  try {
    const session = await WebDriver.newSession({
      hostname: '127.0.0.1',
      port: driver.port,
      path: '/',
      logLevel: 'silent',
      connectionRetryCount: 0,
      capabilities: { alwaysMatch: { ...driver.capabilities, 'wdio:enforceWebDriverClassic': true }, firstMatch: [{}] },
    });
    return new Page(engine, session, driver.stop);
  } catch (error) {
    const said = driver.said();
    await driver.stop();
    throw new Error(`no session with ${engine}\n${said}`, { cause: error });
  }
}

const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

/**
 * Where to look for a piece of the element: its `part`, and which one of several.
 *
 * @typedef {string | { part: string, text?: string, nth?: number, host?: string }} Piece
 *   `text`: only pieces whose text contains it. `nth`: counted from 0. `host`: selector of the element, `cartwright-checkout` by default.
 */

// Runs in the page: the pieces of a shadow root by their part.
const findPieces = `
  const { part, text, host = 'cartwright-checkout' } = arguments[0];
  const root = document.querySelector(host)?.shadowRoot;
  const found = [...(root?.querySelectorAll('[part~="' + part + '"]') ?? [])]
    .filter((piece) => text === undefined || piece.textContent.includes(text));
`;

// Runs in the page: gives the middle of `one`. What is out of sight or has something over it is brought into view first,
// and only then: a page that scrolls smoothly at the time has to be seen to move.
const aim = `
  if (!one) return null;
  const { left, top, width, height } = one.getBoundingClientRect();
  const [x, y] = [Math.floor(left + width / 2), Math.floor(top + height / 2)];
  let hit = document.elementFromPoint(x, y);
  while (hit?.shadowRoot?.elementFromPoint(x, y) && hit.shadowRoot.elementFromPoint(x, y) !== hit) hit = hit.shadowRoot.elementFromPoint(x, y);
  if (one.contains(hit)) return { one, x, y };
  one.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
  return null;
`;

/** @param {Piece} piece */
const whole = (piece) => (typeof piece === 'string' ? { part: piece } : piece);

/** @typedef {{ id: string, x: number, y: number }} Aim a WebDriver id, and where to point */

/** A browser window and what a user does in it. */
export class Page {
  /**
   * @param {string} engine
   * @param {import('webdriver').Client} session
   * @param {() => Promise<void>} stopDriver
   */
  constructor(engine, session, stopDriver) {
    this.engine = engine;
    /** The WebDriver session, for what has no helper here. */
    this.driver = session;
    this.stopDriver = stopDriver;
    /** @type {{ width: number, height: number } | undefined} */
    this.frame = undefined;
  }

  /**
   * Forgets what this browser keeps of the page's origin. The database stays: pages that an engine puts away instead of
   * ending them may have it open, and would hold its deletion up.
   */
  forget() {
    return this.run(`
      sessionStorage.clear();
      return new Promise((resolve, reject) => {
        const opening = indexedDB.open('cartwright');
        let missing = false;
        opening.onupgradeneeded = () => {
          missing = true;
          opening.transaction.abort();
        };
        opening.onerror = () => (missing ? resolve() : reject(opening.error));
        opening.onsuccess = () => {
          const database = opening.result;
          const stores = [...database.objectStoreNames];
          const work = database.transaction(stores, 'readwrite');
          for (const store of stores) work.objectStore(store).clear();
          work.oncomplete = () => {
            database.close();
            resolve();
          };
          work.onabort = () => reject(work.error);
        };
      });
    `);
  }

  /** @param {string} address */
  async open(address) {
    if (!this.frame) return this.driver.navigateTo(address);
    await this.driver.switchToFrame(null);
    await this.driver.navigateTo(new URL('/healthz', address).href);
    const frame = await this.run(
      `const frame = document.createElement('iframe');
      Object.assign(frame, { src: arguments[0], width: arguments[1], height: arguments[2], frameBorder: '0' });
      document.body.replaceChildren(frame);
      return frame;`,
      address,
      this.frame.width,
      this.frame.height,
    );
    await this.driver.switchToFrame(frame);
    await this.until('document.readyState === "complete" && location.href !== "about:blank"');
  }

  /**
   * Runs a function body in the page and gives what it returns.
   *
   * @param {string} script its arguments are in `arguments`
   * @param {...(string | number | boolean | object | null | undefined)} args
   * @returns {Promise<any>}
   */
  run(script, ...args) {
    return this.driver.executeScript(script, args);
  }

  /**
   * Waits until an expression is true in the page, and gives its value.
   *
   * @param {string} expression
   * @param {{ timeoutMs?: number }} [options]
   */
  until(expression, options) {
    let error = '';
    return until(
      `${this.engine}: ${expression}`,
      async () => {
        // What is looked at may not be there yet, so that the expression throws.
        const found = await this.run(
          `try { return { value: (${expression}) ?? null }; } catch (error) { return { error: String(error) }; }`,
        );
        error = found.error ?? '';
        return found.value ?? false;
      },
      { ...options, why: async () => `${error}\n${await this.describe()}` },
    );
  }

  /** What the page shows at the moment, for messages. */
  async describe() {
    return this.run(`
      const host = document.querySelector('cartwright-checkout');
      const text = (node) => [...(node?.childNodes ?? [])].map((child) =>
        child.nodeName === 'STYLE' ? '' : child.childNodes.length ? text(child) : child.textContent).join(' ');
      return location.href + '\\npage: ' + text(document.body).replace(/\\s+/g, ' ').slice(0, 1500)
        + '\\nelement: ' + text(host?.shadowRoot).replace(/\\s+/g, ' ').slice(0, 1500);
    `);
  }

  /**
   * The texts of all pieces with this part, in order.
   *
   * @param {Piece} piece
   * @returns {Promise<string[]>}
   */
  texts(piece) {
    return this.run(`${findPieces} return found.map((one) => one.textContent.trim());`, whole(piece));
  }

  /**
   * The text of one piece; waits until it is there.
   *
   * @param {Piece} piece
   */
  async text(piece) {
    const { nth = 0 } = whole(piece);
    return until(`${this.engine}: ${JSON.stringify(piece)} is there`, async () => (await this.texts(piece))[nth], {
      why: () => this.describe(),
    });
  }

  /**
   * Waits until a piece's text is as wanted, or matches.
   *
   * @param {Piece} piece
   * @param {string | RegExp} wanted
   */
  async shows(piece, wanted) {
    const { nth = 0 } = whole(piece);
    let last = /** @type {string | undefined} */ (undefined);
    await until(
      `${this.engine}: ${JSON.stringify(piece)} shows ${wanted}`,
      async () => {
        last = (await this.texts(piece))[nth];
        return last !== undefined && (typeof wanted === 'string' ? last === wanted : wanted.test(last));
      },
      { why: async () => `but ${JSON.stringify(last)}\n${await this.describe()}` },
    );
  }

  /**
   * A piece that can be used, and its middle; waits until it is there and nothing lies over it.
   *
   * @param {Piece} piece
   * @returns {Promise<Aim>}
   */
  piece(piece) {
    const { nth = 0, ...rest } = whole(piece);
    const script = `${findPieces}
      const one = found.filter((piece) => piece.getClientRects().length > 0 && !piece.disabled)[arguments[1]];
      ${aim}`;
    return this.aim(JSON.stringify(piece), script, rest, nth);
  }

  /**
   * What a selector finds in the page, outside of shadow roots, and its middle; waits as `piece` does.
   *
   * @param {string} selector
   * @returns {Promise<Aim>}
   */
  find(selector) {
    const script = `const one = [...document.querySelectorAll(arguments[0])].find((one) => !one.disabled); ${aim}`;
    return this.aim(selector, script, selector);
  }

  /**
   * @param {string} what
   * @param {string} script
   * @param {...(string | number | object)} args
   * @returns {Promise<Aim>}
   */
  async aim(what, script, ...args) {
    /** @type {Aim | undefined} */
    let last;
    return until(
      `${this.engine}: ${what} can be used`,
      async () => {
        const found = await this.run(script, ...args);
        const before = last;
        last = found ? { id: found.one[elementKey], x: found.x, y: found.y } : undefined;
        // A page that scrolls smoothly would be hit at the wrong place.
        return last !== undefined && before?.id === last.id && before.x === last.x && before.y === last.y && last;
      },
      { why: () => this.describe() },
    );
  }

  /**
   * Clicks a piece of the element as a mouse would.
   *
   * @param {Piece} piece
   * @param {number} [times]
   */
  async click(piece, times) {
    await this.clickAt(await this.piece(piece), times);
  }

  /**
   * Clicks what a selector finds in the page, outside of shadow roots.
   *
   * @param {string} selector
   * @param {number} [times]
   */
  async clickOn(selector, times) {
    await this.clickAt(await this.find(selector), times);
  }

  /**
   * @param {Aim} aim
   * @param {number} [times] in a row, as fast as the engine takes them
   */
  async clickAt({ x, y }, times = 1) {
    // By the pointer, since WebKit's click on an element fails inside of shadow roots.
    const press = [
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ];
    await this.driver.performActions([
      {
        type: 'pointer',
        id: 'mouse',
        parameters: { pointerType: 'mouse' },
        actions: [{ type: 'pointerMove', duration: 0, x, y }, ...Array.from({ length: times }, () => press).flat()],
      },
    ]);
  }

  /**
   * Replaces the text of a field of the element by typing.
   *
   * @param {Piece} piece
   * @param {string} text
   */
  async type(piece, text) {
    const { id } = await this.piece(piece);
    await this.driver.elementClear(id);
    await this.driver.elementSendKeys(id, text);
  }

  /**
   * Presses keys where the focus is, each one down and up.
   *
   * @param {...string} keys characters, or WebDriver's code points such as '\uE007' for Enter and '\uE004' for Tab
   */
  async press(...keys) {
    await this.driver.performActions([
      {
        type: 'key',
        id: 'keyboard',
        actions: keys.flatMap((value) => [
          { type: 'keyDown', value },
          { type: 'keyUp', value },
        ]),
      },
    ]);
    await this.driver.releaseActions();
  }

  /** The part of the focused piece of the element, or the selector-like name of the focused node of the page. */
  focused() {
    return this.run(`
      const outer = document.activeElement;
      const inner = outer?.shadowRoot?.activeElement ?? outer;
      return inner?.getAttribute('part') ?? inner?.localName ?? null;
    `);
  }

  /**
   * Makes the viewport of the next opened page this wide and high, in CSS pixels.
   *
   * @param {number} width
   * @param {number} height
   */
  async viewport(width, height) {
    this.frame = undefined;
    await this.driver.switchToFrame(null);
    await this.driver.setWindowRect(null, null, width, height);
    const [frameWidth, frameHeight] = await this.run('return [outerWidth - innerWidth, outerHeight - innerHeight];');
    await this.driver.setWindowRect(null, null, width + frameWidth, height + frameHeight);
    const [innerWidth, innerHeight] = await this.run('return [innerWidth, innerHeight];');
    if (innerWidth === width && innerHeight === height) return;
    // Some engines' windows have a least width: then a frame of a wider window is the viewport.
    await this.driver.setWindowRect(null, null, width + 200, height + 200);
    this.frame = { width, height };
  }

  /**
   * Writes what the viewport shows as PNG.
   *
   * @param {string} file
   */
  async picture(file) {
    writeFileSync(file, Buffer.from(await this.driver.takeScreenshot(), 'base64'));
  }

  /** Ends the browser and its driver. */
  async close() {
    try {
      await this.driver.deleteSession();
    } finally {
      await this.stopDriver();
    }
  }
}

/**
 * The session endpoint of a test, with its own database, and the sandbox's switches.
 *
 * @param {string} [campaigns] a file in `server/campaigns`
 */
export async function startSandbox(campaigns) {
  const folder = mkdtempSync(join(tmpdir(), 'cartwright-e2e-'));
  const { address, program } = await startServer({ port: 0, database: join(folder, 'sandbox.sqlite'), campaigns });
  return new Sandbox(address, async () => {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Talks to a running sandbox. */
export class Sandbox {
  /**
   * @param {string} address
   * @param {() => Promise<void>} stop
   */
  constructor(address, stop) {
    this.address = address;
    this.stop = stop;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<any>}
   */
  async call(method, path, body) {
    const answer = await fetch(this.address + path, {
      method,
      // A connection that is kept may be closed by the endpoint in the moment in which it is used again.
      headers: { connection: 'close', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Makes the next requests go wrong. @param {...{ match?: object, do: object }} rules */
  faults(...rules) {
    return this.call('POST', '/sandbox/faults', rules);
  }

  /** Takes all faults back. */
  healthy() {
    return this.call('DELETE', '/sandbox/faults');
  }

  /** Every request since the last reset. @returns {Promise<any[]>} */
  requests() {
    return this.call('GET', '/sandbox/requests');
  }

  /** What the sandbox holds of a session. @param {string} id */
  session(id) {
    return this.call('GET', `/sandbox/sessions/${encodeURIComponent(id)}`);
  }

  /** Forgets sessions, requests, faults and reports. */
  reset() {
    return this.call('POST', '/sandbox/reset');
  }

  /** What browsers reported against the Content-Security-Policy. @returns {Promise<any[]>} */
  cspReports() {
    return this.call('GET', '/sandbox/csp-reports');
  }
}
