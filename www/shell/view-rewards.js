import { h, keyedRows, setText } from './dom.js';
import { counted, fill } from './wording.js';

/** @typedef {import('./view.js').Context} Context */
/** @typedef {import('./index.js').Snapshot} Snapshot */
/** @typedef {{ key: string, kind: string, label: string, value: string }} Reward */

/**
 * What an order brings beside its price.
 * @param {Snapshot} snapshot
 * @param {Context} context
 * @returns {Reward[]}
 */
export function rewardsOf({ draft, session, loyalty, offers }, { texts, locale }) {
  const shopper = draft.profileId ?? session?.profileId ?? '';
  // What somebody else gets for this order, such as who referred the shopper, is none of the shopper's business.
  const mine = (/** @type {{ recipientIntegrationId?: string }} */ { recipientIntegrationId: recipient }) =>
    !recipient || recipient === shopper;
  const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  /** @param {'earned' | 'spent' | 'balance'} kind @param {any} value text, which keeps every digit, or a number */
  const worded = (kind, value) => fill(counted(texts[kind], Number(value), locale), { points: format.format(value) });
  /**
   * @param {'earned' | 'spent'} kind
   * @returns {Omit<Reward, 'key'>[]}
   */
  const points = (kind) =>
    loyalty[kind].filter(mine).map(({ name, value }) => ({
      kind,
      label: String(name || texts.points),
      value: worded(kind, value),
    }));
  const balances = Object.values(loyalty.programs ?? {}).flatMap((program) => {
    const { currentBalance = 0, currentTier } = program?.ledger ?? {};
    if (!Number(currentBalance) && !currentTier) return [];
    const balance = worded('balance', currentBalance);
    const value = currentTier ? fill(texts.balanceTier, { balance, tier: currentTier.name }) : balance;
    return [{ kind: 'balance', label: String(program.title || program.name || texts.points), value }];
  });
  const rewards = [
    ...balances,
    ...points('earned'),
    ...points('spent'),
    ...(loyalty.tier ? [{ kind: 'tier', label: texts.tier, value: String(loyalty.tier.name) }] : []),
    ...offers.giveaways.filter(mine).map(({ poolName, code }) => ({
      kind: 'giveaway',
      label: String(poolName ?? texts.giveaway),
      value: code === undefined ? texts.giveawayToCome : String(code),
    })),
  ];
  return rewards.map((reward) => ({ ...reward, key: `${reward.kind} ${reward.label}` }));
}

/** Points, the tier they lead to, and giveaways; hidden while there are none, or only those of an earlier cart. */
export function createRewards() {
  const node = h('ul', { role: 'list', part: 'rewards', class: 'rewards' });
  const rows = keyedRows(
    node,
    (/** @type {Reward} */ { key }) => key,
    ({ kind }) => {
      const label = h('span', { part: 'reward-name' });
      const value = h('span', { part: 'reward-value', class: 'reward' });
      return {
        node: h('li', { part: 'reward', class: 'row', 'data-kind': kind }, label, ' ', value),
        /** @param {Reward} newest */
        update(newest) {
          setText(label, newest.label);
          setText(value, newest.value);
        },
      };
    },
  );
  /** @type {unknown[]} */
  let shown = [];
  return {
    node,
    /** @param {Snapshot} snapshot @param {Context} context @param {boolean} outdated of an earlier cart */
    update(snapshot, context, outdated) {
      const { loyalty, offers, draft, session } = snapshot;
      const from = [loyalty, offers, draft.profileId, session?.profileId, context, outdated];
      if (from.every((part, index) => part === shown[index])) return;
      shown = from;
      rows.update(outdated ? [] : rewardsOf(snapshot, context), context);
    },
  };
}
