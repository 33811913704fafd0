// Every effect type and every documented reason: each row of the tables in server/campaigns/README.md, driven by a
// checkout against the real endpoint, and what its snapshot and its events show then.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openCheckout, replayLog } from 'cartwright';
import locale from '../../www/shell/locales/en.js';
import { rejectionText } from '../../www/shell/wording.js';
import { sandbox } from './sandbox.mjs';

/** @typedef {import('cartwright').Snapshot} Snapshot */
/** @typedef {import('cartwright').CodeState} CodeState */
/** @typedef {{ steps: Snapshot[], last: Snapshot, told: import('cartwright').Effect[] }} Walk */

/** @param {string} file */
const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
/** @param {string} [cell] */
const quoted = (cell) => [...(cell ?? '').matchAll(/`([^`]*)`/g)].map(([, text]) => String(text));

const readme = read('server/campaigns/README.md');
const session = JSON.parse(/```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '');

/** The rows under a title: a word of the API, and the steps that make it appear. @param {string} title */
const rows = (title) =>
  (readme.split(`\n### ${title}\n`)[1]?.split('\n#')[0] ?? '')
    .split('\n')
    .map((line) => line.split('|'))
    .map(([, word, , steps]) => ({ word: String(quoted(word)[0]), steps: quoted(steps) }))
    .filter(({ steps }) => steps.length > 0);

const server = sandbox('everything.json');

/** Takes the steps of a row on a fresh sandbox. @param {string[]} steps @returns {Promise<Walk>} */
async function walk(steps) {
  await fetch(`${server.address}/sandbox/reset`, { method: 'POST' });
  const endpoint = `${server.address}/session-api`;
  const checkout = await openCheckout({ endpoint, currency: 'EUR', storage: 'memory', sync: { mode: 'manual' } });
  /** @type {Walk['told']} */
  const told = [];
  checkout.on('effect', (effect) => told.push(effect));
  /** @type {Record<string, () => Promise<Snapshot>>} */
  const moves = {
    cancel: () => checkout.cancel(),
    reopen: () => checkout.reopen(),
    'return 0': () => checkout.returnItems([{ position: 0 }]),
  };
  /** @param {string} fields */
  const update = (fields) => {
    const { state, ...changed } = JSON.parse(fields);
    assert.ok(checkout.load({ ...session, ...changed }).ok);
    return state === 'closed' ? checkout.close() : checkout.settled();
  };
  const snapshots = [];
  for (const step of steps) snapshots.push(await (moves[step]?.() ?? update(step)));
  const last = checkout.getSnapshot();
  assert.equal(JSON.stringify(await replayLog(checkout.log())), JSON.stringify(last), 'the log leads elsewhere');
  checkout.dispose();
  return { steps: snapshots, last, told };
}

/** What a shopper sees of money. @param {Snapshot} snapshot */
const money = ({ totals, lines }) => ({
  pays: totals.payable,
  saves: totals.discounts.map(({ name, amount, scope }) => `${name} ${amount} ${scope}`),
  lines: lines.map(({ sku, discounts, payable }) => [
    sku,
    payable,
    ...discounts.map(({ name, amount }) => `${name} ${amount}`),
  ]),
});
const whole = [
  ['MUG', '45.00'],
  ['TEE', '19.99'],
];

/** @param {readonly import('cartwright').Points[] | undefined} points */
const points = (points) => points?.map(({ name, programId, value }) => [name, programId, value]);

/** @param {Snapshot} snapshot */
const voided = ({ totals }) => totals.rolledBack?.map(({ name, amount, scope }) => `${name} ${amount} ${scope}`);

/** Digits that the sandbox made up. @param {unknown} value */
const plain = (value) => (typeof value === 'string' ? value.replace(/-\d{6}$/, '-#') : value);

/** Props of all events of a type, those of these names. @param {string} type @param {string[]} names */
const event =
  (type, ...names) =>
  (/** @type {Walk} */ { told }) =>
    told
      .filter(({ effectType }) => effectType === type)
      .map(({ props }) => names.map((name) => plain(/** @type {Record<string, unknown>} */ (props)[name])));

const progress = ['achievementName', 'value', 'target', 'isJustCompleted'];

/** By effect type: where a page finds it after the steps of its row, and what is there. @type {Record<string, [(walk: Walk) => unknown, unknown]>} */
const SHOWN = {
  acceptCoupon: [({ last }) => last.coupons, [{ code: 'E-DISCOUNT', status: 'accepted' }]],
  rejectCoupon: [({ last }) => last.coupons, [{ code: 'NO-SUCH', status: 'rejected', reason: 'CouponNotFound' }]],
  acceptReferral: [({ last }) => last.referral, { code: 'E-REFERRAL', status: 'accepted' }],
  rejectReferral: [({ last }) => last.referral, { code: 'NO-SUCH', status: 'rejected', reason: 'ReferralNotFound' }],
  redeemReferral: [event('redeemReferral', 'id', 'value'), [[12, 'REF-ABC123']]],
  setDiscount: [({ last }) => money(last), { pays: '65.992', saves: ['20% off 7.998 session'], lines: whole }],
  setDiscountPerItem: [
    ({ last }) => money(last),
    {
      pays: '56.98',
      saves: ['Kitchen 2.01 line', 'Spread 10.00 line', 'Mug with a tee 5.00 line'],
      lines: [
        ['MUG', '32.9888', 'Kitchen 2.01', 'Spread 5.0012', 'Mug with a tee 5.00'],
        ['TEE', '14.9912', 'Spread 4.9988'],
      ],
    },
  ],
  setDiscountPerAdditionalCost: [
    ({ last }) => money(last),
    { pays: '64.99', saves: ['Free shipping 9.00 cost'], lines: whole },
  ],
  setDiscountPerAdditionalCostPerItem: [
    ({ last }) => money(last),
    { pays: '61.49', saves: ['Assembly 12.50 line'], lines: [['MUG', '32.50', 'Assembly 12.50'], whole[1]] },
  ],
  addFreeItem: [
    ({ last }) => last.offers.freeItems,
    [
      { sku: 'GIFT', name: 'A gift', quantity: 1, desiredQuantity: 2 },
      { sku: 'MUG', name: 'One more', quantity: 1, desiredQuantity: 1 },
    ],
  ],
  showNotification: [
    ({ last }) => last.offers.notifications.map(({ type, title, body }) => [type, title, body]),
    [
      ...['Info', 'Offer', 'Error', 'Misc'].map((type) => [type, `${type} title`, `A notice of type ${type}`]),
      ['Offer', 'Almost there', 'Spend 50 more.'],
    ],
  ],
  couponCreated: [event('couponCreated', 'value', 'profileId'), [['THANKS-#', 'SHOPPER-1']]],
  referralCreated: [event('referralCreated', 'value'), [['FRIEND-#']]],
  reserveCoupon: [
    event('reserveCoupon', 'couponValue', 'profileIntegrationId', 'isNewReservation'),
    [['R-RESERVED', 'SHOPPER-1', true]],
  ],
  addLoyaltyPoints: [
    ({ last }) => points(last.loyalty.earned),
    [
      ['Points for the order', 5, '79.98'],
      ['Points for mugs', 5, '6'],
      ['Card', 7, '4'],
    ],
  ],
  deductLoyaltyPoints: [({ last }) => points(last.loyalty.spent), [['Paid with points', 5, '50']]],
  changeLoyaltyTierLevel: [({ last }) => last.loyalty.tier, { name: 'Silver', programId: 5, subLedgerId: '' }],
  extendLoyaltyPointsExpiryDate: [
    ({ last }) => last.loyalty.expiry,
    [{ programId: 5, extensionDuration: '12h', subLedgerId: '' }],
  ],
  setLoyaltyPointsExpiryDate: [
    ({ last }) => last.loyalty.expiry,
    [{ programId: 5, subLedgerId: 'kitchen', newExpiryDate: '2999-07-24T14:15:22Z' }],
  ],
  willAwardGiveaway: [
    ({ last }) => last.offers.giveaways,
    [{ poolId: 2, poolName: 'Concert tickets', recipientIntegrationId: 'SHOPPER-1' }],
  ],
  awardGiveaway: [
    ({ last }) => last.offers.giveaways.map(({ poolName, code }) => [poolName, code]),
    [['Concert tickets', 'TICKET-57638']],
  ],
  increaseAchievementProgress: [event('increaseAchievementProgress', ...progress), [['TenOrders', 10, 10, true]]],
  startAchievementProgress: [event('startAchievementProgress', 'achievementName', 'target'), [['TenOrders', 10]]],
  rollbackIncreasedAchievementProgress: [
    event('rollbackIncreasedAchievementProgress', 'achievementName', 'decreaseProgressBy', 'currentProgress'),
    [['TenOrders', 1, 0]],
  ],
  customEffect: [
    event('customEffect', 'name', 'payload', 'cartItemPosition', 'cartItemSubPosition'),
    [
      ['confetti', { colors: ['red', 'gold'] }, undefined, undefined],
      ['engraving', { text: 'To you' }, 0, 0],
      ['engraving', { text: 'To you' }, 0, 1],
    ],
  ],
  updateAttribute: [event('updateAttribute', 'path', 'value'), [['Session.Attributes.Tier', 'Gold']]],
  rollbackCoupon: [({ last }) => last.coupons, [{ code: 'E-DISCOUNT', status: 'entered', rolledBack: true }]],
  rollbackReferral: [({ last }) => last.referral, { code: 'E-REFERRAL', status: 'entered', rolledBack: true }],
  rollbackDiscount: [
    ({ steps }) => steps.map((snapshot) => [snapshot.totals.payable, voided(snapshot)]),
    [
      ['50.48', undefined],
      ['64.99', ['Kitchen 2.01 line', 'Assembly 12.50 line']],
      ['73.99', ['Free shipping 9.00 cost']],
    ],
  ],
  rollbackAddedLoyaltyPoints: [
    ({ steps }) => steps.map(({ loyalty }) => [loyalty.earned.length, points(loyalty.takenBack)]),
    [
      [3, undefined],
      [2, [[undefined, 5, '6']]],
      [
        0,
        [
          [undefined, 5, '79.98'],
          [undefined, 7, '4'],
        ],
      ],
    ],
  ],
  rollbackDeductedLoyaltyPoints: [({ last }) => points(last.loyalty.givenBack), [[undefined, 5, '50']]],
  addToAudience: [event('addToAudience', 'audienceName', 'profileIntegrationId'), [['Regulars', 'SHOPPER-1']]],
  removeFromAudience: [event('removeFromAudience', 'audienceName', 'profileIntegrationId'), [['Regulars', 'MEMBER-1']]],
  triggerWebhook: [event('triggerWebhook', 'webhookId', 'webhookName'), [[7, 'Warehouse']]],
  error: [event('error', 'message'), [['division by zero']]],
  showBundleMetadata: [
    event('showBundleMetadata', 'description', 'bundleAttributes', 'itemsIndices'),
    [['A mug with a tee', ['category'], [0]]],
  ],
  unlockReward: [event('unlockReward', 'rewardId', 'profileIntegrationId'), [[5, 'SHOPPER-1']]],
  useReward: [event('useReward', 'rewardId', 'applicationId'), [[5, 322]]],
  rollbackUseReward: [event('rollbackUseReward', 'rewardId', 'applicationId'), [[5, 322]]],
};

for (const { word, steps } of rows('Effects')) {
  test(`${word} is shown, and told as an event`, async () => {
    const walked = await walk(steps);
    const [sees, expected] = SHOWN[word] ?? assert.fail(`nothing is expected of ${word}`);
    assert.deepEqual(sees(walked), expected);
    assert.ok(walked.told.some(({ effectType }) => effectType === word));
  });
}

/** What an element says of a refused code. @param {CodeState} state */
const text = (state) => rejectionText(locale, state);

/** The reasons that another text says more of, and one that no reader knows. @type {Record<string, string>} */
const saidBy = {
  CouponPartOfNotTriggeredCampaign: locale.exclusions.CampaignNotInEvaluationSet,
  ReferralPartOfNotTriggeredCampaign: locale.exclusions.CampaignNotInEvaluationSet,
  CouponFromTomorrow: locale.exclusions.unknown,
};

for (const title of ['Reasons of a refused coupon', 'Reasons of a refused referral']) {
  for (const { word, steps } of rows(title)) {
    test(`${title}: ${word} is shown with its text`, async () => {
      const { last } = await walk(steps);
      const codes = [...last.coupons, ...(last.referral ? [last.referral] : [])];
      const said = saidBy[word] ?? /** @type {Record<string, string>} */ (locale.reasons)[word];
      assert.ok(codes.length > 0 && said);
      for (const state of codes) {
        assert.deepEqual([state.status, state.reason, text(state)], ['rejected', word, `${state.code}: ${said}`]);
      }
    });
  }
}

/** By why a campaign was left out: the codes of the row that say so. @type {Record<string, string[]>} */
const LEFT_OUT = {
  CampaignGaveLowerDiscount: ['G-SMALL', 'F-SMALL'],
  CampaignIsNotFirst: ['G-SECOND', 'F-SECOND'],
  CampaignNotInEvaluationSet: ['R-ARCHIVED', 'F-ARCHIVED'],
};

for (const { word, steps } of rows('Why a campaign was left out')) {
  test(`${word} is shown with its text`, async () => {
    const { last } = await walk(steps);
    const left = [...last.coupons, last.referral].filter((state) => state?.campaignExclusionReason === word);
    const said = /** @type {Record<string, string>} */ (locale.exclusions)[word];
    assert.ok(said);
    assert.deepEqual(
      left.map((state) => state && [state.code, state.status, text(state)]),
      LEFT_OUT[word]?.map((code) => [code, 'rejected', `${code}: ${said}`]),
    );
  });
}

test('every documented effect type and reason has a row', () => {
  const lines = (/** @type {string} */ name) =>
    read(`tests/fixtures/models/${name}`)
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
  const types = lines('models.tsv').flatMap(([model]) => (model?.startsWith('effect ') ? [model.slice(7)] : []));
  const words = (/** @type {string} */ title) => rows(title).map(({ word }) => word);
  assert.deepEqual(words('Effects').sort(), [...new Set(types)].sort());
  /** @type {Record<string, string>} */
  const titles = {
    rejectCoupon: 'Reasons of a refused coupon',
    rejectReferral: 'Reasons of a refused referral',
    campaignExclusionReason: 'Why a campaign was left out',
  };
  for (const [where = '', word = ''] of lines('reasons.tsv'))
    assert.ok(words(titles[where] ?? '').includes(word), word);
});
