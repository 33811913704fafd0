import * as cartwright from 'cartwright';

/** Nobody answers here, and with `mode: 'manual'` nobody is asked. */
export const ENDPOINT = 'http://127.0.0.1:9/session-api';

/**
 * A checkout that sends nothing by itself.
 *
 * @param {Partial<import('cartwright').CheckoutOptions>} [options]
 */
export const openOffline = (options) =>
  cartwright.openCheckout({
    endpoint: ENDPOINT,
    currency: 'EUR',
    storage: 'memory',
    sync: { mode: 'manual' },
    ...options,
  });

/** A line that fits every cart. */
export const ITEM = { sku: 'A', quantity: 1, price: '1.00' };
