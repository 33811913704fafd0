import wasm from '#wasm';
import { open } from './checkout.js';
import { load } from './loader.js';
import { replay } from './log.js';

export * from './index.js';

/** Decoded when it is needed, so that importing does nothing. */
const bytes = () => Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));

/** @param {unknown} [source] */
export const init = (source = bytes()) => load(source);

/** @param {unknown} options */
export const openCheckout = (options) => open(options, init);

/** @param {unknown} log */
export const replayLog = (log) => replay(log, init);
