import { describe } from './texts.js';

/**
 * What the core, the endpoint or this shell say about something that went wrong.
 *
 * @typedef {object} Trouble
 * @property {string} code
 * @property {(string | number)[]} [path]
 * @property {number | string} [limit]
 * @property {number | string} [actual]
 * @property {boolean} [retryable]
 * @property {number} [status]
 * @property {any} [problem]
 * @property {unknown} [cause]
 */

/** The one error that is thrown or that a promise is rejected with. */
export class CheckoutError extends Error {
  /**
   * @param {string} code
   * @param {Omit<Trouble, 'code'>} [details]
   */
  constructor(code, details) {
    const known = typeof code === 'string' ? code : 'internal';
    const { path, limit, actual, retryable, status, problem, cause } = Object(details);
    super(describe({ code: known, path, limit, actual }), cause === undefined ? undefined : { cause });
    this.name = 'CheckoutError';
    this.code = known;
    this.retryable = retryable === true;
    this.status = status;
    this.problem = problem;
    this.path = path;
    this.limit = limit;
    this.actual = actual;
  }
}

/**
 * Whether a value is a CheckoutError, of this copy of the package or of another one.
 *
 * @param {any} value
 */
export function isCheckoutError(value) {
  try {
    return value.name === 'CheckoutError' && typeof value.code === 'string' && typeof value.message === 'string';
  } catch {
    return false;
  }
}

/**
 * @param {any} value
 * @returns {value is Trouble}
 */
export function isTrouble(value) {
  return typeof value === 'object' && value !== null && typeof value.code === 'string';
}

/**
 * Makes a CheckoutError of anything that was thrown.
 *
 * @param {unknown} thrown
 * @returns {CheckoutError}
 */
export function toError(thrown) {
  if (thrown instanceof CheckoutError) return thrown;
  return isTrouble(thrown) && !(thrown instanceof Error)
    ? new CheckoutError(thrown.code, thrown)
    : new CheckoutError('internal', { cause: thrown });
}
