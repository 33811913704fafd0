import { defineCheckoutElement } from './element.js';
import * as cartwright from './index.js';

const page = /** @type {any} */ (globalThis);
page.Cartwright ??= {};
const api = page.Cartwright;
Object.assign(api, cartwright, {
  version: cartwright.VERSION,
  openCheckout: (/** @type {object} */ options) => cartwright.openCheckout({ ...api.defaults, ...options }),
});
defineCheckoutElement(undefined, { defaults: api.defaults });

/** @param {(cartwright: object) => void} fn one failing function must not keep the others from running */
const run = (fn) => {
  try {
    fn(api);
  } catch (error) {
    reportError(error);
  }
};
const queued = api.q ?? [];
api.q = { push: (/** @type {((cartwright: object) => void)[]} */ ...fns) => fns.forEach(run) };
queued.forEach(run);
api.start?.(api);
api.ready ??= Promise.resolve(api);
