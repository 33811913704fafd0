// What the element tells of points, tiers and giveaways.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySnapshot } from '../../www/shell/index.js';
import texts from '../../www/shell/locales/en.js';
import { rewardsOf } from '../../www/shell/view-rewards.js';

/** @type {any} */
const context = { texts, locale: 'en' };

/** @param {any} parts of a snapshot */
const told = (parts) =>
  rewardsOf({ ...emptySnapshot, ...parts }, context).map(({ kind, label, value }) => [kind, label, value]);

test('without rewards nothing is told', () => {
  assert.deepEqual(told({}), []);
});

test('points, the tier and giveaways are told in this order', () => {
  const loyalty = {
    earned: [
      { name: 'Order', value: '1' },
      { name: 'Bonus', value: '1234.5' },
    ],
    spent: [{ value: '50' }],
    tier: { name: 'Gold' },
  };
  const giveaways = [{ poolName: 'Tickets' }, { poolName: 'Tickets', code: 'T-1' }, {}];
  assert.deepEqual(told({ loyalty, offers: { giveaways } }), [
    ['earned', 'Order', '+1 point'],
    ['earned', 'Bonus', '+1,234.5 points'],
    ['spent', 'Points', '−50 points'],
    ['tier', 'Your new level', 'Gold'],
    ['giveaway', 'Tickets', 'yours with this order'],
    ['giveaway', 'Tickets', 'T-1'],
    ['giveaway', 'A gift for you', 'yours with this order'],
  ]);
});

test('balances are told by program, with the tier that is held', () => {
  const programs = {
    5: { title: 'Club', name: 'club', ledger: { currentBalance: 1234.5, currentTier: { name: 'Silver' } } },
    6: { name: 'kitchen', ledger: { currentBalance: 1, currentTier: null } },
    7: { title: 'Nothing there', ledger: { currentBalance: 0 } },
    8: { title: 'A level without points', ledger: { currentBalance: 0, currentTier: { name: 'Gold' } } },
    9: { ledger: { currentBalance: '9007199254740993' } },
    10: {},
  };
  assert.deepEqual(told({ loyalty: { earned: [], spent: [], programs } }), [
    ['balance', 'Club', '1,234.5 points, Silver'],
    ['balance', 'kitchen', '1 point'],
    ['balance', 'A level without points', '0 points, Gold'],
    ['balance', 'Points', '9,007,199,254,740,993 points'],
  ]);
});

test('what another profile gets is not told', () => {
  const to = (/** @type {string} */ recipientIntegrationId) => ({
    loyalty: { earned: [{ name: 'P', value: '5', recipientIntegrationId }], spent: [] },
    offers: { giveaways: [{ poolName: 'G', code: 'SECRET', recipientIntegrationId }] },
  });
  const count = (/** @type {any} */ parts) => told(parts).length;
  assert.equal(count({ ...to('ME'), draft: { profileId: 'ME' } }), 2);
  assert.equal(count({ ...to('ME'), session: { profileId: 'ME' } }), 2);
  assert.equal(count({ ...to('ADVOCATE'), draft: { profileId: 'ME' } }), 0);
  assert.equal(count(to('ADVOCATE')), 0);
});
