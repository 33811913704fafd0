import { CheckoutError } from './errors.js';

const TYPES = [
  'change',
  'quote',
  'coupon',
  'notification',
  'effect',
  'withdrawn',
  'sync',
  'conflict',
  'error',
  'closed',
];

/** Most events handed over at a stretch, so that a listener that edits at every change cannot hold the page. */
const MAX_STRETCH = 100;

/**
 * Listeners and the queue of what they are still to hear.
 *
 * @param {() => unknown} getSnapshot
 */
export function makeEvents(getSnapshot) {
  /** @type {Set<{ type: string, fn: Function }>} */
  const listeners = new Set();
  /** @type {[string, unknown][]} */
  let queue = [];
  /** How many of the queue are told. */
  let told = 0;
  let delivering = false;

  /** @param {string} type @param {unknown} fn */
  const on = (type, fn) => {
    if (!TYPES.includes(type)) throw new CheckoutError('value_type', { path: ['type'] });
    if (typeof fn !== 'function') throw new CheckoutError('value_type', { path: ['fn'] });
    const listener = { type, fn };
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  };

  /** @param {string} type @param {unknown} detail */
  const add = (type, detail) => {
    if (type === 'change' && queue.some(([waiting], index) => waiting === 'change' && index >= told)) return;
    queue.push([type, detail]);
  };

  /** @param {string} type whether anybody listens to it */
  const hears = (type) => [...listeners].some((listener) => listener.type === type);

  const deliver = () => {
    if (delivering) return;
    delivering = true;
    for (let left = MAX_STRETCH; told < queue.length; left -= 1) {
      if (left === 0) {
        setTimeout(deliver);
        break;
      }
      const [type, detail] = /** @type {[string, unknown]} */ (queue[told]);
      told += 1;
      const heard = type === 'change' ? getSnapshot() : detail;
      for (const listener of [...listeners]) {
        if (listener.type === type && listeners.has(listener)) tell(listener.fn, heard);
      }
    }
    // All at once, since taking the first of many moves all the others.
    queue.splice(0, told);
    told = 0;
    delivering = false;
  };

  const clear = () => {
    listeners.clear();
    queue = [];
    told = 0;
  };

  return { on, add, hears, deliver, clear };
}

/** @param {Function} fn @param {unknown} heard */
function tell(fn, heard) {
  try {
    fn(heard);
  } catch (error) {
    if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
    else
      setTimeout(() => {
        throw error;
      });
  }
}
