import type { openCheckout } from './index.js';

/** What the script tag puts on the page. */
export interface CartwrightOnPage {
  /** Version of the script that came first. */
  readonly version: string;
  /** Fulfilled once the module has run; rejected with the `CheckoutError` that kept it from loading. */
  readonly ready: Promise<CartwrightOnPage>;
  /** As of `cartwright`, with the `data-` attributes of the script tag as defaults. */
  readonly openCheckout: typeof openCheckout;
  /** Work to do as soon as it is ready; may be an array before the script has run. */
  readonly q: { push(...work: ((cartwright: CartwrightOnPage) => void)[]): unknown };
}

declare global {
  interface Window {
    Cartwright?: CartwrightOnPage;
  }
}
