/**
 * One English text per code. `{path}`, `{limit}` and `{actual}` are filled in;
 * a part in square brackets is left out when its value is missing.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const TEXTS = Object.freeze({
  lines_limit: 'The cart would have too many lines[: {actual}][, at most {limit} are possible].',
  units_limit: 'These are too many units[: {actual}][, at most {limit} are possible].',
  quantity_invalid: 'A quantity is a whole number of at least 1[, not {actual}].',
  sku_empty: 'A line needs a SKU.',
  amount_invalid: 'An amount is a decimal number such as 19.99[, not {actual}].',
  amount_inexact: 'This amount has more digits than a number can hold exactly[: {actual}]. Give it as a string.',
  amount_out_of_range: 'This amount is too large or has too many decimal places[: {actual}].',
  coupon_too_long: 'This coupon code is too long[: {actual} characters][, at most {limit} are possible].',
  coupon_empty: 'Enter a coupon code.',
  referral_too_long: 'This referral code is too long[: {actual} characters][, at most {limit} are possible].',
  loyalty_cards_limit: 'These are too many loyalty cards[: {actual}][, at most {limit} is possible].',
  identifiers_limit: 'These are too many identifiers[: {actual}][, at most {limit} are possible].',
  store_id_length: 'This store id is empty or too long[: {actual} characters][, 1 to {limit} are possible].',
  name_pattern: 'This name must begin with a letter and hold only letters, digits and underscores[: {actual}].',
  line_unknown: 'There is no such line[: {actual}].',
  field_unknown: 'A session has no such field[: {path}].',
  value_type: 'This value has the wrong type or is missing[: {path}][ (expected: {limit})].',
  cannot_unset: 'This field was sent and cannot be taken back[: {path}].',
  state_forbidden: 'This is not possible in the present state of the session[ ({actual})].',
  session_closing: 'The order is being placed, the cart cannot be changed now.',
  session_finished: 'This order is finished, the cart cannot be changed any more.',
  network: 'The shop cannot be reached.',
  timeout: 'The shop did not answer in time.',
  overlap: 'Too many requests for this session at the same time.',
  rate_limited: 'Too many requests, please wait a moment.',
  server_error: 'The shop has a problem, please try again.',
  rejected: 'The shop refused the request.',
  unauthorized: 'The shop did not allow the request.',
  not_found: 'The shop does not know this session.',
  bad_answer: 'The answer of the shop cannot be read.',
  edit_conflict: 'This change does not fit what was changed elsewhere.',
  storage_failed: 'The cart cannot be stored on this device.',
  storage_newer: 'The stored cart is of a newer version of this software.',
  quote_changed: 'The price has changed since it was shown.',
  not_sent: 'The request could not be made: its headers could not be had.',
  aborted: 'The operation was aborted.',
  disposed: 'This checkout was disposed of.',
  api_key_in_browser: 'A header holds an API key. A key must never reach a browser: call an endpoint of your own.',
  already_open: 'This cart is open on this page already: share that checkout, or set another storageKey[: {path}].',
  option_invalid: 'This option is missing or wrong[: {path}][ ({actual})].',
  log_invalid: 'This is no log of this version[: {path}][ ({actual}, not {limit})].',
  log_incomplete: 'The beginning of this log is missing[: {actual} events]. Open the checkout with a full log.',
  wasm_blocked: "WebAssembly is blocked on this page. Its Content-Security-Policy needs script-src 'wasm-unsafe-eval'.",
  wasm_unreachable: 'The file cartwright.wasm cannot be loaded.',
  wasm_invalid: 'The file cartwright.wasm is damaged or is not what it should be.',
  version_mismatch: 'The file cartwright.wasm is of another version than the script[: {actual}, not {limit}].',
  internal: 'An internal error stopped this checkout. Open it again.',
});

/** Where a value is filled in. */
const PLACE = /\{(\w+)\}/g;

/** Longest value that is shown inside a text. */
const MAX_SHOWN = 60;

/** @param {unknown} value */
function shown(value) {
  const text = String(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/**
 * The text for a refusal or an error.
 *
 * @param {{ code: string, path?: readonly (string | number)[], limit?: unknown, actual?: unknown }} trouble
 * @returns {string}
 */
export function describe({ code, path, limit, actual }) {
  /** @type {Record<string, unknown>} */
  const values = { path: Array.isArray(path) && path.length > 0 ? path.join('.') : undefined, limit, actual };
  const template = Object.hasOwn(TEXTS, code) ? /** @type {string} */ (TEXTS[code]) : `Refused (${shown(code)}).`;
  const missing = (/** @type {string} */ part) =>
    [...part.matchAll(PLACE)].some(([, name = '']) => values[name] === undefined);
  return template
    .replace(/\[(.*?)\]/g, (_, part) => (missing(part) ? '' : part))
    .replace(PLACE, (_, name) => shown(values[name]));
}
