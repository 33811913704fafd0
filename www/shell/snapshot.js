import { freeze } from './freeze.js';

/**
 * What a page shows before a checkout is open, and on a server.
 *
 * @type {import('./index.js').Snapshot}
 */
export const emptySnapshot = /* @__PURE__ */ freeze({
  sessionId: '',
  revision: 0,
  persistedRevision: 0,
  acknowledgedRevision: 0,
  state: 'open',
  draft: {},
  lines: [],
  totals: {
    items: '0',
    itemCosts: '0',
    costs: '0',
    total: '0',
    discount: '0',
    payable: '0',
    payableRounded: '0',
    discounts: [],
    complete: true,
  },
  coupons: [],
  loyalty: { earned: [], spent: [] },
  offers: { freeItems: [], giveaways: [], notifications: [] },
  effects: [],
  sync: { phase: 'opening', attempt: 0, suspect: false, foreign: false },
  persistence: 'memory',
  restored: false,
});
