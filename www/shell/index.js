import { formatAmount, toMinorUnits } from './amounts.js';
import { open } from './checkout.js';
import { CheckoutError, isCheckoutError } from './errors.js';
import { LIMITS } from './limits.js';
import { load } from './loader.js';
import { replay } from './log.js';
import { maskLog } from './mask.js';
import { readSession } from './read-session.js';
import { emptySnapshot } from './snapshot.js';
import { VERSION } from './version.js';

export {
  CheckoutError,
  emptySnapshot,
  formatAmount,
  isCheckoutError,
  LIMITS,
  maskLog,
  readSession,
  toMinorUnits,
  VERSION,
};

/** @param {unknown} [source] */
export const init = (source = new URL('./cartwright.wasm', import.meta.url)) => load(source);

/** @param {unknown} options */
export const openCheckout = (options) => open(options, init);

/** @param {unknown} log */
export const replayLog = (log) => replay(log, init);
