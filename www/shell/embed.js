import { VERSION } from './version.js';

const TAG = 'cartwright-checkout';
const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
const page = /** @type {any} */ (window);
const before = page.Cartwright;

if (before?.version) {
  if (before.version !== VERSION)
    console.warn(`Cartwright ${before.version} is on this page already; ${VERSION} is not used.`);
} else if (script) {
  const { endpoint, currency, locale } = script.dataset;
  const defaults = Object.fromEntries(
    Object.entries({ endpoint, currency, locale }).filter(([, value]) => value !== undefined),
  );
  const address = new URL('embed-module.js', script.src).href;
  /** @type {any} */
  const api = { version: VERSION, q: before?.q ?? [], defaults };
  /** @type {(error: unknown) => void} */
  let fail = () => {};
  api.ready = new Promise((resolve, reject) => {
    api.start = resolve;
    fail = reject;
  });
  api.ready.catch(() => {});
  api.openCheckout = (/** @type {object} */ options) =>
    api.ready.then((/** @type {any} */ loaded) => loaded.openCheckout(options));
  page.Cartwright = api;

  /** Tells every element why it stays as it is. @param {unknown} cause */
  const failed = (cause) => {
    const error = Object.assign(new Error(`${address} could not be loaded.`, { cause }), {
      name: 'CheckoutError',
      code: 'wasm_unreachable',
      retryable: true,
    });
    fail(error);
    const tell = () => {
      for (const element of document.querySelectorAll(TAG)) {
        element.dispatchEvent(new CustomEvent('cartwright:error', { detail: error, bubbles: true, composed: true }));
      }
    };
    if (document.readyState === 'loading') addEventListener('DOMContentLoaded', tell);
    else tell();
  };

  try {
    const module = document.createElement('script');
    module.type = 'module';
    module.onerror = failed;
    const policy = page.trustedTypes?.createPolicy('cartwright', {
      createScriptURL: (/** @type {string} */ url) => {
        if (url === address) return url;
        throw new TypeError('Cartwright only loads its own module.');
      },
    });
    module.src = policy ? policy.createScriptURL(address) : address;
    document.head.append(module);
  } catch (error) {
    failed(error);
  }
}
