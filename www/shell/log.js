// What happened to a checkout: everything that its core was told, in order. The core has no clock, no chance and no
// network of its own, so the same calls lead to the same snapshot.
import { newCore } from './core.js';
import { makePicture } from './drive.js';
import { CheckoutError, toError } from './errors.js';
import { VERSION } from './version.js';

/** When the core was told, in milliseconds since 1970, what, and of which attempt or question. @typedef {readonly [now: number, word: string, text: string, id: number]} LogEvent */

/** How many events are kept, and how many characters of their texts. @type {Record<string, [number, number]>} */
const BOUNDS = { bounded: [1000, 2 ** 20], full: [Infinity, Infinity], off: [0, 0] };

/** The kinds of logs. */
export const LOGS = Object.keys(BOUNDS);

/** The form of what `log()` gives. */
const FORMAT = 1;

/**
 * Keeps the newest events.
 *
 * @param {string} kind
 * @param {string} options what the core was opened with, as JSON text
 */
export function makeLog(kind, options) {
  const [most, size] = BOUNDS[kind] ?? [0, 0];
  /** @type {LogEvent[]} */
  const events = [];
  let length = 0;
  let dropped = 0;
  return {
    /** @param {LogEvent} event */
    note(event) {
      events.push(Object.freeze(event));
      length += event[2].length;
      while (events.length > most || length > size) {
        length -= events.shift()?.[2].length ?? length;
        dropped += 1;
      }
    },
    read: () =>
      Object.freeze({
        ...{ format: FORMAT, version: VERSION, dropped },
        options: most > 0 ? options : '',
        events: Object.freeze([...events]),
      }),
  };
}

/** @param {(string | number)[]} path @param {Omit<import('./errors.js').Trouble, 'code'>} [more] */
const invalid = (path, more) => new CheckoutError('log_invalid', { path, ...more });

/** @param {any} event @returns {event is LogEvent} */
const isEvent = (event) =>
  Array.isArray(event) && ['number', 'string', 'string', 'number'].every((type, place) => typeof event[place] === type);

/**
 * @param {any} log what `log()` gave, or its JSON text
 * @returns {{ format: number, version: string, dropped: number, options: string, events: LogEvent[] }}
 */
export function checkLog(log) {
  try {
    const { format, version, dropped, options, events } = Object(typeof log === 'string' ? JSON.parse(log) : log);
    if (format !== FORMAT) throw invalid(['format'], { limit: FORMAT, actual: format });
    if (version !== VERSION) throw invalid(['version'], { limit: VERSION, actual: version });
    if (typeof dropped !== 'number') throw invalid(['dropped']);
    if (typeof options !== 'string') throw invalid(['options']);
    if (!Array.isArray(events)) throw invalid(['events']);
    const wrong = events.findIndex((event) => !isEvent(event));
    if (wrong >= 0) throw invalid(['events', wrong]);
    return { format, version, dropped, options, events };
  } catch (cause) {
    throw cause instanceof CheckoutError ? cause : invalid([], { cause });
  }
}

/**
 * The snapshot that a log leads to. Nothing is sent, stored or told.
 *
 * @param {unknown} log what `log()` gave, or its JSON text
 * @param {() => Promise<void>} init
 */
export async function replay(log, init) {
  try {
    const { options, events, dropped } = checkLog(log);
    if (dropped > 0) throw new CheckoutError('log_incomplete', { path: ['dropped'], limit: 0, actual: dropped });
    await init();
    const core = newCore(options);
    try {
      for (const [now, word, text, id] of events) {
        core.call(now, word, text, id);
        core.call(now, 'actions', '', 0);
      }
      return makePicture((word) => core.call(0, word, '', 0))();
    } finally {
      core.free();
    }
  } catch (error) {
    throw toError(error);
  }
}
