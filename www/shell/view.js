/*
 * The view of one checkout: every visible thing derives from the snapshot.
 *
 * Parts (all may be styled with ::part; tests find them with shadowRoot.querySelector('[part~=…]')):
 *   checkout            the whole card, hidden until a checkout is there; holds open or closed, then footer
 *   open                the form of an open session
 *   header title count sync retry
 *   notifications, notification (data-type: info, offer, error, misc), notification-title, notification-body
 *   lines, line (data-line-id, data-sku; also "pending"), thumb image placeholder name unit-price line-costs line-discounts
 *                       subtotal (struck through) line-payable stepper step decrease quantity increase
 *                       fixed-quantity remove line-error (role=alert)
 *   empty               around the slot "empty"
 *   offers, offer (data-sku), offer-add
 *   coupon-form, coupon-input, coupon-add, coupon-error (role=alert), coupon-chips
 *   referral, referral-toggle, referral-form, referral-input, referral-add, referral-error, referral-chips
 *   chip                (data-code, data-status: entered, accepted, rejected; data-reason), code code-status code-remove
 *   totals              rows: row-items row-item-costs row-cost (data-name) row-total row-discount (data-name, data-scope)
 *                       row-payable; in each row: term, amount; payable also has the parts payable and, while the
 *                       quote is not current, stale
 *   rewards, reward (data-kind: earned, spent, tier, giveaway), reward-name, reward-value; also in the panel after closing
 *   incomplete sync-error (role=alert) notice (role=alert)
 *   checkout-button, in it checkout-amount (also stale)
 *   closed              the panel after closing: closed-title closed-text reference closed-lines closed-line paid new-order
 *   live                the polite live region
 */
import { h, icon, keyedRows, setAttribute, setText, show, showText } from './dom.js';
import { createCodes } from './view-codes.js';
import { createLines, lineName } from './view-lines.js';
import { createRewards } from './view-rewards.js';
import { byCode, costName, counted, errorText, fieldProblems, fill, refusalText, syncText, textOf } from './wording.js';

/** @typedef {import('./index.js').Snapshot} Snapshot */
/** @typedef {import('./index.js').Checkout} Checkout */
/** @typedef {import('./wording.js').Texts} Texts */
/**
 * What rendering needs besides the snapshot; another object means: render all rows again.
 * @typedef {object} Context
 * @property {Checkout} checkout
 * @property {Texts} texts
 * @property {string | undefined} locale
 * @property {(amount: string) => string} money formats an amount
 * @property {(amount: string) => string} negative formats an amount with its sign turned
 */
/**
 * What the element itself knows.
 * @typedef {object} Ui
 * @property {boolean} busy an order is being placed
 * @property {boolean} disabled a fieldset around the element is disabled
 * @property {boolean} canStartNew the element opened the checkout itself
 * @property {string} notice why placing the order did not work
 */

const GIFT =
  'M5 11h14v8H5zM4 8h16v3H4zM12 8v11M12 8C9 8 7.5 6.8 7.5 5.500S9 3.500 10 4.500 12 8 12 8s1-2.500 2-3.500 2.500 0 2.500 1S15 8 12 8';
const CHECK = 'M6 12.500l4 4 8-9';

/** @param {string} amount */
const isZero = (amount) => /^-?0*(\.0*)?$/.test(amount);

/** @param {Snapshot} snapshot */
const isEnded = (snapshot) => snapshot.state !== 'open';

/**
 * Whether the payable is that of an earlier cart.
 * @param {Snapshot} snapshot
 */
const isStale = ({ quote }) => quote?.current === false;

/**
 * Whether the payable is that of an earlier cart, and the answer that would mend it is not just on its way.
 * @param {Snapshot} snapshot
 */
const isOutdated = (snapshot) =>
  isStale(snapshot) && (snapshot.sync.attempt > 0 || ['blocked', 'offline', 'manual'].includes(snapshot.sync.phase));

/**
 * One row of the totals.
 * @param {string} part
 */
function createRow(part) {
  const term = h('dt', { part: 'term' });
  const amount = h('dd', { part: part === 'row-payable' ? 'amount payable' : 'amount', class: 'amount' });
  const node = h('div', { part, class: `row ${part}` }, term, amount);
  return {
    node,
    amount,
    /**
     * @param {string} label
     * @param {string} value
     */
    set(label, value) {
      setText(term, label);
      setText(amount, value);
    },
  };
}

/**
 * Rows by name, for costs and discounts.
 * @param {'row-cost' | 'row-discount'} part
 */
function createNamedRows(part) {
  const list = h('div', { class: 'rows' });
  const rows = keyedRows(
    list,
    (/** @type {{ name: string, scope?: string, label: string, value: string }} */ item) =>
      `${item.scope ?? ''} ${item.name}`,
    (item) => {
      const row = createRow(part);
      row.node.setAttribute('data-name', item.name);
      if (item.scope) row.node.setAttribute('data-scope', item.scope);
      return { node: row.node, update: (/** @type {typeof item} */ { label, value }) => row.set(label, value) };
    },
  );
  return { node: list, update: rows.update };
}

/**
 * Builds the view inside a shadow root.
 * @param {ShadowRoot} root
 * @param {{ order: () => void, retry: () => void, startNew: () => void }} actions
 */
export function createView(root, actions) {
  const title = h('h2', { part: 'title', class: 'title' });
  const count = h('p', { part: 'count', class: 'muted' });
  const sync = h('span', { part: 'sync' });
  const retry = h('button', { type: 'button', part: 'retry', class: 'link' });
  const syncLine = h('p', { class: 'sync muted' }, sync, ' ', retry);
  const syncAlert = h('p', { part: 'sync-error', class: 'error box', role: 'alert' });
  const notifications = h('ul', { role: 'list', part: 'notifications', class: 'notifications' });
  const lines = createLines({ onRemoved: () => title.focus() });
  const emptySlot = h('slot', { name: 'empty' });
  const emptyText = h('p', { class: 'muted' });
  emptySlot.append(emptyText);
  const empty = h('div', { part: 'empty', class: 'empty' }, emptySlot);
  const offers = h('ul', { role: 'list', part: 'offers', class: 'offers' });
  const offerError = h('p', { part: 'offer-error', class: 'error', role: 'alert' });
  const coupons = createCodes('coupon', {
    add: (context, code) => context.checkout.coupons.add(code),
    remove: (context, code) => context.checkout.coupons.remove(code),
  });
  const referral = createCodes('referral', {
    add: (context, code) => context.checkout.referral.set(code),
    remove: (context) => context.checkout.referral.clear(),
  });
  const referralToggle = h('summary', { part: 'referral-toggle' });
  const referralBox = h('details', { part: 'referral', class: 'referral' }, referralToggle, referral.node);
  const itemsRow = createRow('row-items');
  const itemCostsRow = createRow('row-item-costs');
  const costs = createNamedRows('row-cost');
  const totalRow = createRow('row-total');
  const discounts = createNamedRows('row-discount');
  const payableRow = createRow('row-payable');
  const totals = h(
    'dl',
    { part: 'totals', class: 'totals' },
    itemsRow.node,
    itemCostsRow.node,
    costs.node,
    totalRow.node,
    discounts.node,
    payableRow.node,
  );
  const rewards = createRewards();
  const closedRewards = createRewards();
  const incomplete = h('p', { part: 'incomplete', class: 'muted' });
  const notice = h('p', { part: 'notice', class: 'error box', role: 'alert' });
  const buttonText = h('span');
  const buttonAmount = h('span', { part: 'checkout-amount', class: 'amount' });
  const button = h('button', { type: 'button', part: 'checkout-button', class: 'primary' }, buttonText, buttonAmount);
  const fields = h(
    'fieldset',
    { class: 'fields' },
    lines.node,
    empty,
    // Below the lines, so that what comes and goes with an answer never moves a stepper under a pointer.
    notifications,
    offers,
    offerError,
    coupons.node,
    referralBox,
  );
  const panel = h(
    'section',
    { part: 'open', class: 'open' },
    h('header', { part: 'header', class: 'header' }, title, count),
    fields,
    totals,
    rewards.node,
    incomplete,
    syncAlert,
    notice,
    button,
    syncLine,
  );

  const closedTitle = h('h2', { part: 'closed-title', class: 'title', tabindex: '-1' });
  const closedText = h('p', { part: 'closed-text', class: 'muted' });
  const referenceTerm = h('dt');
  const reference = h('dd', { part: 'reference', class: 'reference' });
  const paidTerm = h('dt');
  const paid = h('dd', { part: 'paid', class: 'amount' });
  const closedLines = h('ul', { role: 'list', part: 'closed-lines', class: 'receipt' });
  const newOrder = h('button', { type: 'button', part: 'new-order', class: 'secondary' });
  const mark = h('span', { class: 'mark' }, icon(CHECK));
  const closed = h(
    'section',
    { part: 'closed', class: 'closed' },
    mark,
    closedTitle,
    closedText,
    closedLines,
    h(
      'dl',
      { class: 'totals' },
      h('div', { class: 'row row-payable' }, paidTerm, paid),
      h('div', { class: 'row-reference' }, referenceTerm, reference),
    ),
    closedRewards.node,
    newOrder,
  );
  const card = h(
    'div',
    { part: 'checkout', class: 'card' },
    panel,
    closed,
    h('div', { part: 'footer' }, h('slot', { name: 'footer' })),
  );

  const live = h('p', { part: 'live', class: 'unseen', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' });
  const fallback = h('slot');
  title.tabIndex = -1;
  for (const node of [card, closed, retry, syncAlert, notice, incomplete, offerError]) node.hidden = true;
  root.append(fallback, card, live);

  /** @type {Context} */
  let context;
  let acting = false;

  const offerRows = keyedRows(
    offers,
    (/** @type {any} */ item) => String(item.sku),
    (first) => {
      const text = h('span', { part: 'offer-name' });
      const add = h('button', { type: 'button', part: 'offer-add', class: 'secondary' });
      let item = first;
      add.addEventListener('click', () => {
        const result = context.checkout.cart.accept(item);
        showText(offerError, result.ok ? '' : refusalText(context.texts, result.error));
        if (result.ok) title.focus();
      });
      return {
        node: h('li', { part: 'offer', class: 'offer', 'data-sku': String(first.sku) }, icon(GIFT), text, add),
        /** @param {any} newest @param {Context} newContext */
        update(newest, { texts }) {
          item = newest;
          const name = String(item.name || item.sku);
          setText(text, fill(texts.freeOffer, { name }));
          setText(add, texts.add);
          setAttribute(add, 'aria-label', fill(texts.addFree, { name }));
        },
      };
    },
  );

  const notificationRows = keyedRows(
    notifications,
    (/** @type {any} */ item) => JSON.stringify([item.type, item.title, item.body]),
    (first) => {
      const heading = h('strong', { part: 'notification-title' });
      const body = h('span', { part: 'notification-body' });
      const type = String(first.type ?? first.notificationType ?? 'misc').toLowerCase();
      return {
        node: h('li', { part: 'notification', class: 'notification', 'data-type': type }, heading, ' ', body),
        /** @param {any} item */
        update(item) {
          setText(heading, String(item.title ?? ''));
          setText(body, String(item.body ?? ''));
        },
      };
    },
  );

  const closedRows = keyedRows(
    closedLines,
    (/** @type {import('./index.js').Line} */ line) => line.id,
    () => {
      const name = h('span');
      const amount = h('span', { class: 'amount' });
      return {
        node: h('li', { part: 'closed-line', class: 'row' }, name, amount),
        /** @param {import('./index.js').Line} line @param {Context} newest */
        update(line, { texts, money }) {
          setText(name, fill(texts.times, { count: line.quantity, amount: lineName(line) }));
          const value = line.payable ?? line.subtotal;
          setText(amount, value === undefined ? '' : money(value));
        },
      };
    },
  );

  button.addEventListener('click', () => {
    if (!acting) actions.order();
  });
  retry.addEventListener('click', () => actions.retry());
  newOrder.addEventListener('click', () => actions.startNew());

  /** @type {Snapshot | undefined} */
  let last;
  let announcedPayable = '';

  /** What changed since the last rendering, for those who do not see it. @param {Snapshot} snapshot */
  const announcement = (snapshot) => {
    const { texts, money } = context;
    /** @type {string[]} */
    const told = [];
    if (last && last.lines !== snapshot.lines) {
      const before = new Map(last.lines.map((line) => [line.id, line]));
      for (const line of snapshot.lines) {
        const known = before.get(line.id);
        before.delete(line.id);
        const values = { name: lineName(line), quantity: line.quantity };
        if (!known) told.push(fill(texts.announceAdded, values));
        else if (known.quantity !== line.quantity) told.push(fill(texts.announceQuantity, values));
      }
      for (const line of before.values()) told.push(fill(texts.announceRemoved, { name: lineName(line) }));
    }
    if (last && last.coupons !== snapshot.coupons) {
      const before = new Map(last.coupons.map((coupon) => [coupon.code, coupon.status]));
      for (const { code, status } of snapshot.coupons) {
        if (status === 'accepted' && before.get(code) !== status) told.push(fill(texts.announceAccepted, { code }));
      }
    }
    if (snapshot.quote?.current || !snapshot.lines.length) {
      const payable = money(snapshot.totals.payable);
      if (last && payable !== announcedPayable) told.push(fill(texts.announcePayable, { amount: payable }));
      announcedPayable = payable;
    }
    return told.join('. ');
  };

  /** What the shop said, by line and by code field. @param {Snapshot} snapshot */
  const problemsOf = (snapshot) => {
    /** @type {Map<string, string>} */
    const byLine = new Map();
    /** @type {Record<string, string>} */
    const byField = {};
    for (const {
      path: [field, position],
      text,
    } of fieldProblems(snapshot.sync.error)) {
      const line = field === 'cartItems' ? snapshot.lines[Number(position)] : undefined;
      if (line) byLine.set(line.id, text);
      else if (field) byField[field] = text;
    }
    return { byLine, byField };
  };

  /** @param {Snapshot} snapshot @param {boolean} outdated */
  const renderTotals = (snapshot, outdated) => {
    const { texts, money, negative } = context;
    const { totals: sums } = snapshot;
    const named = /** @type {any} */ (sums).discounts ?? [];
    itemsRow.set(texts.items, money(sums.items));
    itemCostsRow.set(texts.itemCosts, money(sums.itemCosts));
    show(itemCostsRow.node, !isZero(sums.itemCosts));
    const additional = Object.entries(/** @type {Record<string, any>} */ (snapshot.draft.additionalCosts ?? {}));
    costs.update(
      additional.map(([name, cost]) => ({
        name,
        label: costName(texts, name),
        value: money(String(cost?.price ?? cost)),
      })),
      context,
    );
    totalRow.set(texts.total, money(sums.total));
    show(totals, snapshot.lines.length > 0);
    show(totalRow.node, named.length > 0 || !isZero(sums.discount));
    discounts.update(
      named.map((/** @type {any} */ { name, amount, scope }) => ({
        name,
        scope,
        label: name,
        value: outdated ? texts.unknownAmount : negative(amount),
      })),
      context,
    );
    payableRow.set(texts.payable, outdated ? texts.unknownAmount : money(sums.payable));
    setAttribute(payableRow.amount, 'part', isStale(snapshot) ? 'amount payable stale' : 'amount payable');
    showText(incomplete, sums.complete ? '' : texts.incomplete);
  };

  /** @param {Snapshot} snapshot @param {Ui} ui */
  const renderOpen = (snapshot, ui) => {
    const { texts, locale, money } = context;
    const { byLine, byField } = problemsOf(snapshot);
    const units = snapshot.lines.reduce((sum, line) => sum + line.quantity, 0);
    const closing = snapshot.sync.phase === 'closing' || ui.busy;
    setText(title, texts.title);
    showText(count, units > 0 ? counted(texts.count, units, locale) : '');
    // What an answer said to an earlier cart goes together with that cart's total.
    const outdated = isOutdated(snapshot);
    if (outdated && offers.contains(root.activeElement)) title.focus();
    notificationRows.update(outdated ? [] : snapshot.offers.notifications, context);
    lines.update(snapshot, context, byLine);
    setText(emptyText, texts.empty);
    show(empty, snapshot.lines.length === 0);
    const isHere = (/** @type {{ sku: unknown }} */ { sku }) =>
      snapshot.lines.some((line) => line.free && line.sku === sku);
    offerRows.update(outdated ? [] : snapshot.offers.freeItems.filter((item) => !isHere(item)), context);
    coupons.update(snapshot.coupons, context, byField.couponCodes ?? '');
    referral.update(snapshot.referral ? [snapshot.referral] : [], context, byField.referralCode ?? '');
    setText(referralToggle, texts.referralQuestion);
    if (snapshot.referral && !last?.referral) referralBox.open = true;
    renderTotals(snapshot, outdated);
    rewards.update(snapshot, context, outdated);
    fields.disabled = closing || ui.disabled;

    const blocked = snapshot.sync.phase === 'blocked';
    const text = syncText(texts, snapshot);
    setAttribute(syncLine, 'data-phase', snapshot.sync.phase);
    setText(sync, blocked ? '' : text);
    showText(syncAlert, blocked ? text : '');
    setText(retry, texts.retry);
    show(retry, blocked && snapshot.sync.error?.code !== 'rejected');
    show(syncLine, text !== '');
    showText(notice, ui.notice);

    acting = closing;
    setAttribute(button, 'aria-busy', closing ? 'true' : null);
    button.disabled = ui.disabled || snapshot.lines.length === 0;
    setAttribute(button, 'aria-disabled', closing ? 'true' : null);
    setText(buttonText, closing ? texts.placing : texts.checkout);
    const told = !closing && snapshot.lines.length > 0 && !outdated;
    setText(buttonAmount, told ? money(snapshot.totals.payable) : '');
    setAttribute(buttonAmount, 'part', isStale(snapshot) ? 'checkout-amount stale' : 'checkout-amount');
  };

  /** @param {Snapshot} snapshot @param {Ui} ui */
  const renderEnded = (snapshot, ui) => {
    const { texts, money } = context;
    const done = snapshot.state === 'closed';
    setText(closedTitle, done ? texts.closed : textOf(texts, snapshot.state, texts.otherState));
    show(mark, done);
    showText(closedText, '');
    closedRows.update(snapshot.lines, context);
    closedRewards.update(snapshot, context, false);
    setText(paidTerm, texts.closedPaid);
    setText(paid, money(snapshot.totals.payable));
    setText(referenceTerm, texts.closedReference);
    setText(reference, snapshot.sessionId);
    setText(newOrder, texts.newOrder);
    show(newOrder, ui.canStartNew);
  };

  return {
    /** Moves the focus to the title, after something the shopper did took the focused piece away. */
    focus: () => title.focus(),
    /** Shows the default slot again and forgets what was shown. */
    reset() {
      last = undefined;
      announcedPayable = '';
      show(fallback, true);
      show(card, false);
      setText(live, '');
    },
    /**
     * Renders a snapshot.
     * @param {Snapshot} snapshot
     * @param {Context} newContext
     * @param {Ui} ui
     */
    render(snapshot, newContext, ui) {
      context = newContext;
      const ended = isEnded(snapshot);
      const focusWithin = panel.contains(root.activeElement);
      if (ended) renderEnded(snapshot, ui);
      else renderOpen(snapshot, ui);
      show(fallback, false);
      show(card, true);
      show(panel, !ended);
      show(closed, ended);
      if (ended && focusWithin) closedTitle.focus();
      const text = ended ? (last && !isEnded(last) ? (closedTitle.textContent ?? '') : '') : announcement(snapshot);
      if (text) setText(live, text);
      last = snapshot;
    },
  };
}

/**
 * The text for a failed attempt to place the order.
 * @param {Context} context
 * @param {any} error
 * @param {Snapshot} snapshot
 */
export function orderFailure({ texts, money }, error, snapshot) {
  if (error?.code === 'quote_changed') return fill(texts.totalChanged, { amount: money(snapshot.totals.payable) });
  return error?.code in texts.refusals ? byCode(texts.refusals, error.code) : errorText(texts, error);
}
