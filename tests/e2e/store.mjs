// What the page tests do in the demo store again and again.
import assert from 'node:assert/strict';
import { afterEach, before, beforeEach } from 'node:test';
import { until } from '../../scripts/lib/processes.mjs';

/** @typedef {{ page: import('./harness.mjs').Page, sandbox: import('./harness.mjs').Sandbox }} Given */
/** @typedef {import('./harness.mjs').Piece} Piece */

/** The element, as an expression of the page. */
export const host = `document.querySelector('cartwright-checkout')`;

/** A piece of the element by its part, as an expression of the page. @param {string} part */
export const inside = (part) => `${host}.shadowRoot.querySelector('[part~="${part}"]')`;

/** Keys, as WebDriver names them. */
export const keys = { tab: '\uE004', enter: '\uE007', space: ' ', end: '\uE010', back: '\uE003' };

/** The data-testid of a product's button. @param {string} sku */
export const addButton = (sku) => `[data-testid="add-${sku}"]`;

/**
 * Gives every test a page of its own with an empty cart, and looks for violations of the policy after each.
 * Nothing is reset in between, so that a late report is found by a later test; each test has its own session.
 *
 * @param {Given} given
 * @param {string} [path] what is opened before each test; nothing without it
 */
export function shopping(given, path) {
  before(() => given.page.open(`${given.sandbox.address}/healthz`));
  beforeEach(async () => {
    const { page, sandbox } = given;
    await page.forget();
    if (!path) return;
    await page.open(sandbox.address + path);
    await page.find(addButton('MUG'));
  });
  afterEach(async () => {
    const { page, sandbox } = given;
    await sandbox.healthy();
    await page.open(`${sandbox.address}/healthz`);
    assert.deepEqual(await sandbox.cspReports(), []);
  });
}

/**
 * Clicks products into the cart, one click each.
 *
 * @param {Given} given
 * @param {...string} skus
 */
export async function add({ page }, ...skus) {
  for (const sku of skus) await page.clickOn(addButton(sku));
}

/**
 * Fills the cart and waits until all is saved, so that nothing moves under the pointer any more.
 *
 * @param {Given} given
 * @param {...string} skus
 */
export async function fill(given, ...skus) {
  await add(given, ...skus);
  return saved(given);
}

/**
 * Types a quantity over the one that stands there.
 *
 * @param {Given} given
 * @param {number} nth which line
 * @param {string} quantity
 */
export async function typeQuantity({ page }, nth, quantity) {
  await page.click({ part: 'quantity', nth });
  await page.press(keys.end, ...Array(6).fill(keys.back), ...quantity, keys.enter);
}

/** The newest snapshot of the element's checkout. @param {Given} given @returns {Promise<any>} */
export const snapshot = ({ page }) => page.run(`return ${host}.checkout.getSnapshot()`);

/** Waits until all is sent and the total is the server's, and gives the snapshot. @param {Given} given @returns {Promise<any>} */
export function saved({ page }) {
  return page.until(`(() => {
    const seen = ${host}.checkout?.getSnapshot();
    return (seen?.quote?.current && seen.sync.phase === 'idle' && seen) || false;
  })()`);
}

/**
 * The requests about a session so far.
 *
 * @param {Given} given
 * @param {string} session
 * @param {string} [method]
 */
export async function requests({ sandbox }, session, method) {
  const all = await sandbox.requests();
  return all.filter((request) => request.session === session && (!method || request.method === method));
}

/**
 * Waits until the endpoint has seen so many requests about a session.
 *
 * @param {Given} given
 * @param {string} session
 * @param {string} method
 * @param {number} count
 */
export function arrived(given, session, method, count) {
  return until(`${count} × ${method} of ${session}`, async () => {
    const seen = await requests(given, session, method);
    return seen.length >= count && seen;
  });
}

/** What the endpoint holds of a session. @param {Given} given @param {string} id @returns {Promise<any>} */
export const session = async ({ sandbox }, id) => (await sandbox.session(id)).customerSession;

/** Units by sku. @param {any[]} lines of a snapshot or a session @returns {Record<string, number>} */
export const units = (lines) => Object.fromEntries(lines.map(({ sku, quantity }) => [sku, quantity]));

/**
 * The endpoint holds exactly the cart that the page shows.
 *
 * @param {Given} given
 * @returns {Promise<any>} the stored session
 */
export async function agrees(given) {
  const seen = await saved(given);
  const stored = await session(given, seen.sessionId);
  assert.deepEqual(units(stored.cartItems), units(seen.lines));
  assert.equal(Number(seen.totals.total), stored.total);
  return stored;
}

/** How many pieces with a part a user can see. @param {Given} given @param {string} part @returns {Promise<number>} */
export const visible = ({ page }, part) =>
  page.run(`return [...${host}.shadowRoot.querySelectorAll('[part~="${part}"]')]
    .filter((piece) => piece.getClientRects().length > 0).length;`);

/**
 * Makes a session at the endpoint as another device would.
 *
 * @param {Given} given
 * @param {string} id
 * @param {object} customerSession
 */
export const makeSession = ({ sandbox }, id, customerSession) =>
  sandbox.call('PUT', `/session-api/v2/customer_sessions/${id}`, { customerSession });
