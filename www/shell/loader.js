import * as glue from '#glue';
import { CheckoutError, toError } from './errors.js';
import { VERSION } from './version.js';

/** The smallest module there is. */
const EMPTY_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);

const HASH = /sha(256|384|512)-([\w+/=-]+)/g;

/** @type {Promise<void> | undefined} */
let loading;

/**
 * Loads the wasm once; later calls share the first one, unless it failed.
 *
 * @param {unknown} source
 * @returns {Promise<void>}
 */
export async function load(source) {
  const { from, integrity } = readSource(source);
  loading ??= start(from, integrity).catch((error) => {
    loading = undefined;
    throw toError(error);
  });
  return loading;
}

/** @param {unknown} [cause] */
const wrongSource = (cause) => new CheckoutError('option_invalid', { path: ['source'], cause });

/**
 * @param {unknown} value
 * @param {string} name of a class that may be missing where the script runs
 */
const isA = (value, name) => {
  const Class = /** @type {any} */ (globalThis)[name];
  return typeof Class === 'function' && value instanceof Class;
};

/** @param {any} value */
const isAddress = (value) => (typeof value === 'string' && value !== '') || isA(value, 'URL') || isA(value, 'Request');

/** @type {(value: any) => boolean} */
const isBytes = (value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value);

/** @param {any} value */
const isModule = (value) => value instanceof WebAssembly.Module;

/** @param {any} value */
const isSource = (value) => isAddress(value) || isA(value, 'Response') || isBytes(value) || isModule(value);

/**
 * Refuses what cannot be a source before anything is loaded.
 *
 * @param {any} given
 * @returns {{ from: any, integrity?: string }}
 */
function readSource(given) {
  try {
    if (isSource(given) || typeof given.then === 'function') return { from: given };
    const { source, integrity } = given;
    const usable = isSource(source) || typeof source.then === 'function';
    if (usable && typeof integrity === 'string' && integrity.search(HASH) >= 0) return { from: source, integrity };
  } catch (error) {
    if (typeof WebAssembly === 'undefined') throw new CheckoutError('wasm_blocked', { cause: error });
    throw wrongSource(error);
  }
  throw wrongSource();
}

/**
 * @param {any} from
 * @param {string | undefined} integrity
 */
async function start(from, integrity) {
  const module = await compile(await arrive(from, integrity));
  // The glue starts whatever it was given, so a foreign module must not come that far.
  if (!WebAssembly.Module.exports(module).some(({ name }) => name === 'version'))
    throw new CheckoutError('wasm_invalid');
  try {
    glue.start(await WebAssembly.instantiate(module, glue.getImports()));
  } catch (cause) {
    // One engine compiles under a policy that blocks wasm and refuses only to instantiate.
    if (isBlocked()) throw new CheckoutError('wasm_blocked', { cause });
    // Names of imports belong to one build, so a foreign file fails to link.
    throw new CheckoutError(cause instanceof WebAssembly.LinkError ? 'version_mismatch' : 'wasm_invalid', { cause });
  }
  const actual = glue.version();
  if (actual !== VERSION) throw new CheckoutError('version_mismatch', { actual, limit: VERSION });
}

/**
 * Fetches or reads what the source names, and compares its hash.
 *
 * @param {any} from
 * @param {string | undefined} integrity
 * @returns {Promise<any>} Response, bytes or module
 */
async function arrive(from, integrity) {
  let compared = !integrity;
  let source;
  try {
    source = await from;
    const file = isAddress(source) && nodeFile(source);
    if (file) {
      source = await file;
    } else if (isAddress(source)) {
      source = await fetch(source, { integrity });
      compared = true;
    }
    if (isA(source, 'Response')) {
      if (!source.ok) throw new CheckoutError('wasm_unreachable', { status: source.status, retryable: true });
      if (!compared) source = await source.arrayBuffer();
    }
  } catch (cause) {
    throw cause instanceof CheckoutError ? cause : unreachable(cause);
  }
  if (!isSource(source) || (isModule(source) && !compared)) throw wrongSource();
  if (!compared) await compare(source, String(integrity));
  return source;
}

/** @param {unknown} cause */
const unreachable = (cause) => new CheckoutError('wasm_unreachable', { retryable: true, cause });

/**
 * Node's fetch reads no files; its own module is asked for at run time, so that no bundler sees it.
 *
 * @param {any} source
 * @returns {Promise<Uint8Array> | undefined}
 */
function nodeFile(source) {
  const address = String(source.url ?? source);
  if (!address.startsWith('file:')) return undefined;
  const files = /** @type {any} */ (globalThis).process?.getBuiltinModule?.('node:fs/promises');
  return files?.readFile(new URL(address));
}

/**
 * @param {BufferSource} bytes
 * @param {string} integrity
 */
async function compare(bytes, integrity) {
  const hashes = [...integrity.matchAll(HASH)];
  const strongest = hashes
    .map(([, bits]) => bits)
    .sort()
    .at(-1);
  try {
    const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${strongest}`, bytes));
    const text = btoa(String.fromCharCode(...digest));
    if (hashes.some(([, bits, hash]) => bits === strongest && hash === text)) return;
  } catch (cause) {
    throw new CheckoutError('wasm_invalid', { cause });
  }
  throw new CheckoutError('wasm_invalid');
}

/**
 * @param {any} source Response, bytes or module
 * @returns {Promise<WebAssembly.Module>}
 */
async function compile(source) {
  if (isModule(source)) return source;
  try {
    if (isBytes(source)) return await WebAssembly.compile(source);
    // Streaming refuses a file that the server sends under another type.
    const streams = /^application\/wasm$/i.test(source.headers.get('Content-Type') ?? '');
    return await (streams ? WebAssembly.compileStreaming(source) : WebAssembly.compile(await source.arrayBuffer()));
  } catch (cause) {
    if (isBlocked()) throw new CheckoutError('wasm_blocked', { cause });
    throw cause instanceof WebAssembly.CompileError ? new CheckoutError('wasm_invalid', { cause }) : unreachable(cause);
  }
}

/** Engines word a refusal by the page's policy differently, but then they all refuse the smallest module too. */
function isBlocked() {
  try {
    return !new WebAssembly.Instance(new WebAssembly.Module(EMPTY_MODULE));
  } catch {
    return true;
  }
}
