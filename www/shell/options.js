import { scaleOf } from './amounts.js';
import { encode, isText, option } from './encode.js';
import { CheckoutError, isTrouble } from './errors.js';
import { LOGS } from './log.js';

/** An id longer than this is cut or refused in places of the API. */
const MAX_ID_LENGTH = 255;

/** Headers that name the secret of a shop's back end. */
const API_KEY = /(?:api|management)key-v1/i;

/** Options that the core reads and checks itself. */
const FOR_THE_CORE = ['limits', 'transitions', 'responseContent'];

const CREDENTIALS = ['omit', 'same-origin', 'include'];

/**
 * @typedef {object} Settings
 * @property {string} endpoint absolute, without a slash at the end
 * @property {RequestCredentials} credentials
 * @property {string} currency
 * @property {string | undefined} sessionId
 * @property {string | undefined} storageKey nothing when nothing is to be kept
 * @property {() => Promise<Record<string, string>>} headers
 * @property {typeof fetch} fetch
 * @property {string} log
 * @property {string} initial a member of the JSON text that the core is given
 * @property {string[]} members the others
 */

/** @param {(string | number)[]} path @param {unknown} [cause] */
const invalid = (path, cause) => new CheckoutError('option_invalid', { path, cause });

/**
 * Reads and checks what only the shell can know; the core checks the rest.
 *
 * @param {unknown} options
 * @returns {Settings}
 */
export function readOptions(options) {
  try {
    /** @param {string} name */
    const given = (name) => option(options, name);
    /**
     * @template T
     * @param {string} name
     * @param {(value: any) => boolean} fits
     * @param {T} [fallback]
     * @returns {any}
     */
    const checked = (name, fits, fallback) => {
      const value = given(name);
      if (value === undefined) return fallback;
      if (!fits(value)) throw invalid([name]);
      return value;
    };

    const storage = checked('storage', (value) => value === 'auto' || value === 'memory', 'auto');
    const storageKey = checked('storageKey', isId, 'cartwright');
    const headers = checked('headers', (value) => typeof value === 'function' || isObject(value));
    const fetcher = checked('fetch', (value) => typeof value === 'function');
    const crossOrigin = checked('allowCrossOrigin', (value) => typeof value === 'boolean', false);
    const endpoint = readEndpoint(
      checked('endpoint', (value) => typeof value === 'string', '/session-api'),
      crossOrigin,
    );
    const currency = given('currency');
    const credentials = checked('credentials', (value) => CREDENTIALS.includes(value), 'same-origin');
    if (typeof headers !== 'function') readHeaders(headers);

    const members = [member('scale', scaleOf(currency))];
    for (const name of FOR_THE_CORE)
      members.push(
        member(
          name,
          checked(name, (value) => value !== null),
        ),
      );
    members.push(member('sync', checked('sync', isPlain)));
    return {
      endpoint,
      credentials,
      currency,
      sessionId: checked('sessionId', isId),
      storageKey: storage === 'auto' ? storageKey : undefined,
      headers: async () => readHeaders(typeof headers === 'function' ? await headers() : headers),
      fetch: async (...call) => (fetcher ?? globalThis.fetch)(...call),
      log: checked('log', (value) => LOGS.includes(value), 'bounded'),
      initial: readInitial(options),
      members,
    };
  } catch (error) {
    if (error instanceof CheckoutError) throw error;
    throw isTrouble(error) ? new CheckoutError('option_invalid', error) : invalid([], error);
  }
}

/**
 * What a session begins with.
 *
 * @param {unknown} options
 * @returns {string} a member of the options for the core
 */
export function readInitial(options) {
  try {
    return member('initial', option(options, 'initial', isPlain));
  } catch (error) {
    throw isTrouble(error) ? new CheckoutError('option_invalid', error) : invalid([], error);
  }
}

/**
 * One member of a JSON object; empty for `undefined`.
 *
 * @param {string} name
 * @param {unknown} value
 * @param {(string | number)[]} [path] where a refusal says that it stands
 */
export function member(name, value, path = [name]) {
  const text = encode(value, path);
  return text === undefined ? '' : `"${name}":${text}`;
}

/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null;

/** @param {any} value */
const isPair = (value) => Array.isArray(value) && value.length === 2;

/** @param {any} value */
const isPlain = (value) => isObject(value) && !Array.isArray(value);

/** @param {any} value */
const isId = (value) =>
  typeof value === 'string' &&
  value.length > 0 &&
  isText(value) &&
  [...value.slice(0, 2 * MAX_ID_LENGTH + 1)].length <= MAX_ID_LENGTH;

/**
 * @param {string} text
 * @param {boolean} crossOrigin whether another origin is wanted
 */
function readEndpoint(text, crossOrigin) {
  /** @type {any} */
  const { document, location, origin } = globalThis;
  const base = document?.baseURI ?? location?.href;
  let url;
  try {
    url = new URL(text, base);
  } catch (cause) {
    throw invalid(['endpoint'], cause);
  }
  const plain = isText(text) && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(text);
  if (!text.trim() || !plain) throw invalid(['endpoint']);
  if (base !== undefined && url.origin !== origin && !crossOrigin) throw invalid(['allowCrossOrigin']);
  return url.href.replace(/\/+$/, '');
}

/**
 * @param {any} given
 * @returns {Record<string, string>}
 */
function readHeaders(given) {
  if (given === undefined) return {};
  if (!isObject(given)) throw invalid(['headers']);
  let headers;
  try {
    // A value that is not there yet (a token) is left out, not sent as the word "undefined".
    const entries = typeof given[Symbol.iterator] === 'function' ? [...given] : Object.entries(given);
    const sent = entries.filter(([, value]) => value !== undefined);
    if (!entries.every(isPair) || !sent.every(([, value]) => typeof value === 'string')) throw new TypeError('no text');
    headers = [...new Headers(sent)];
  } catch (cause) {
    throw invalid(['headers'], cause);
  }
  for (const [name, value] of headers) {
    if (API_KEY.test(value)) throw new CheckoutError('api_key_in_browser', { path: ['headers', name] });
  }
  return Object.fromEntries(headers);
}
