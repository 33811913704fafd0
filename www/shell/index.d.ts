/**
 * Cartwright keeps a shopper's session as a local draft, checks every limit before anything is sent,
 * and keeps the draft and the session endpoint of the shop in step.
 */

import type { Effect } from './effects.js';

export type { Effect, EffectOf, EffectProps, EffectType, UnknownEffect } from './effects.js';

/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * An amount going in: a decimal text (`'19.99'`), a finite number whose shortest decimal form has at most
 * 15 significant digits, or a `bigint` for a whole amount. At most 20 decimal places, within about ±1.7 · 10¹⁸.
 * Refusals: `amount_invalid`, `amount_inexact`, `amount_out_of_range`.
 */
export type AmountInput = string | number | bigint;

/**
 * An amount coming out, in units of the currency: a decimal text without exponent, padded to the currency's
 * scale, further digits kept (`'19.90'`, `'9.999'`, JPY `'100'`).
 */
export type Amount = string;

/** A 64-bit id going in: beyond 2⁵³ as a `bigint` or as decimal text. */
export type IdInput = string | number | bigint;

/** A number coming out that is no amount of money: a number where one holds it exactly, else its decimal text. */
export type ExactNumber = number | string;

/** A 64-bit id or count coming out, in the same way. */
export type Id = ExactNumber;

// Errors ---------------------------------------------------------------------------------------------------------

/** Why an edit was refused. */
export type RefusalCode =
  | 'lines_limit'
  | 'units_limit'
  | 'quantity_invalid'
  | 'sku_empty'
  | 'amount_invalid'
  | 'amount_inexact'
  | 'amount_out_of_range'
  | 'coupon_too_long'
  | 'coupon_empty'
  | 'referral_too_long'
  | 'loyalty_cards_limit'
  | 'identifiers_limit'
  | 'store_id_length'
  | 'name_pattern'
  | 'line_unknown'
  | 'field_unknown'
  | 'value_type'
  | 'cannot_unset'
  | 'state_forbidden'
  | 'session_closing'
  | 'session_finished';

/** What can go wrong between the draft and the endpoint. */
export type SyncCode =
  | 'network'
  | 'timeout'
  | 'overlap'
  | 'rate_limited'
  | 'server_error'
  | 'rejected'
  | 'unauthorized'
  | 'not_found'
  | 'bad_answer'
  | 'not_sent'
  | 'edit_conflict'
  | 'storage_failed'
  | 'storage_newer'
  | 'quote_changed'
  | 'aborted'
  | 'disposed';

/** What can go wrong while a checkout is opened. */
export type OpenCode =
  | 'option_invalid'
  | 'already_open'
  | 'api_key_in_browser'
  | 'wasm_blocked'
  | 'wasm_unreachable'
  | 'wasm_invalid'
  | 'version_mismatch';

/** What can be wrong with a log. */
export type LogCode = 'log_invalid' | 'log_incomplete';

/** Every code; `internal` means that this checkout broke and must be opened again. */
export type Code = RefusalCode | SyncCode | OpenCode | LogCode | 'internal';

/** An edit that was refused; the draft is as it was. */
export interface Refusal {
  readonly code: Code;
  /** Where, from the argument that was given: `['quantity']`, `[3, 'price']`. */
  readonly path: readonly (string | number)[];
  /** The limit that was passed, or what was expected. */
  readonly limit?: number | string;
  /** The value that passed it. */
  readonly actual?: number | string;
  /** An English text for people. */
  readonly message: string;
}

/** The outcome of an edit. Edits never throw. */
export type Result<T = unknown> =
  | ({ readonly ok: true; readonly revision: number } & T)
  | { readonly ok: false; readonly error: Refusal; readonly errors: readonly Refusal[] };

/** An error body of the session API; any part of it may be missing. */
export interface ProblemBody {
  readonly message?: string;
  readonly errors?: readonly {
    readonly title?: string;
    readonly details?: string;
    readonly source?: {
      readonly pointer?: string;
      readonly parameter?: string;
      readonly line?: string;
      readonly resource?: string;
    };
  }[];
  readonly StatusCode?: number;
  readonly [field: string]: unknown;
}

/** The one error that is thrown, or that a promise is rejected with. */
export class CheckoutError extends Error {
  constructor(
    code: Code,
    details?: {
      retryable?: boolean;
      status?: number;
      problem?: ProblemBody;
      path?: readonly (string | number)[];
      limit?: number | string;
      actual?: number | string;
      cause?: unknown;
    },
  );
  override readonly name: 'CheckoutError';
  readonly code: Code;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Status of the answer, where there was one. */
  readonly status: number | undefined;
  /** Body of the answer, as far as it could be read. */
  readonly problem: ProblemBody | undefined;
  /** The option or argument that is wrong. */
  readonly path: readonly (string | number)[] | undefined;
  readonly limit: number | string | undefined;
  readonly actual: number | string | undefined;
}

/** Whether a value is a `CheckoutError`, of this copy of the package or of another one. Never throws. */
export function isCheckoutError(value: unknown): value is CheckoutError;

// Sessions -------------------------------------------------------------------------------------------------------

/** The state of a session; words that are not known here are kept. */
export type State = 'open' | 'closed' | 'partially_returned' | 'cancelled' | (string & {});

/** A product that a SKU belongs to. */
export interface Product {
  name: string;
}

/** A line going in. */
export interface CartItemInput {
  /** Stock keeping unit, at least 1 character (`sku_empty`). */
  sku: string;
  /** Units, a whole number of at least 1 (`quantity_invalid`); 1 where it is left out. */
  quantity?: number;
  /** Price of one unit; left out for a SKU with a catalogue price. */
  price?: AmountInput;
  name?: string;
  category?: string;
  product?: Product;
  /** Grams. */
  weight?: AmountInput;
  /** Millimetres. */
  height?: AmountInput;
  /** Millimetres. */
  width?: AmountInput;
  /** Millimetres. */
  length?: AmountInput;
  /** Attributes of the line by API name. */
  attributes?: { readonly [name: string]: Json };
  /** Costs of the line by API name (`name_pattern`). */
  additionalCosts?: { readonly [name: string]: { price: AmountInput } };
  /** Anything the page wants to keep with the line (image, address, note): stored, never sent. */
  meta?: Json;
}

/** Changes of a line: a member that is left out stays, `null` takes it out. Quantity 0 removes the line. */
export type CartItemPatch = { [Member in keyof CartItemInput]?: CartItemInput[Member] | null };

/** A whole session going in, by the field names of `NewCustomerSessionV2`. */
export interface SessionInput {
  /** Id of the customer; `''` is an anonymous one. */
  profileId?: string;
  /** Store of the sale, 1 to 1000 characters (`store_id_length`). */
  storeIntegrationId?: string;
  /** For previews: evaluate only these campaigns. */
  evaluableCampaignIds?: readonly IdInput[];
  /** Each of at most 100 characters (`coupon_too_long`). */
  couponCodes?: readonly string[];
  /** At most 100 characters (`referral_too_long`). */
  referralCode?: string;
  /** At most one (`loyalty_cards_limit`). */
  loyaltyCards?: readonly string[];
  /** At most 1000 lines (`lines_limit`) and 10 000 units (`units_limit`). */
  cartItems?: readonly CartItemInput[];
  experimentVariantAllocations?: readonly { experimentID: IdInput; variantID: IdInput }[];
  /** Costs of the session by API name (`name_pattern`). */
  additionalCosts?: { readonly [name: string]: { price: AmountInput } };
  /** At most 5 (`identifiers_limit`). */
  identifiers?: readonly string[];
  /** Attributes of the session by API name; `null` deletes one on the server. */
  attributes?: { readonly [name: string]: Json };
  /** Only `'open'`, which means no move at all; moves have functions of their own (`state_forbidden`). */
  state?: 'open';
}

/** A line of the draft, as it is sent. */
export interface CartItem {
  readonly sku: string;
  readonly quantity: number;
  readonly price?: Amount;
  readonly name?: string;
  readonly category?: string;
  readonly product?: Readonly<Product>;
  readonly weight?: ExactNumber;
  readonly height?: ExactNumber;
  readonly width?: ExactNumber;
  readonly length?: ExactNumber;
  readonly attributes?: { readonly [name: string]: Json };
  readonly additionalCosts?: { readonly [name: string]: { readonly price: Amount } };
  /** Fields that the server has set, and unknown ones. */
  readonly [field: string]: unknown;
}

/** The draft: only what is set. Amounts are texts, ids are as they are. */
export interface DraftSession {
  readonly profileId?: string;
  readonly storeIntegrationId?: string;
  readonly evaluableCampaignIds?: readonly Id[];
  readonly couponCodes?: readonly string[];
  readonly referralCode?: string;
  readonly loyaltyCards?: readonly string[];
  readonly cartItems?: readonly CartItem[];
  readonly experimentVariantAllocations?: readonly { readonly experimentID: Id; readonly variantID: Id }[];
  readonly additionalCosts?: { readonly [name: string]: { readonly price: Amount } };
  readonly identifiers?: readonly string[];
  readonly attributes?: { readonly [name: string]: Json };
  readonly state?: State;
}

/**
 * A session as the server last said it, with the fields of every release: each may be missing, unknown ones are kept.
 */
export interface CustomerSession extends DraftSession {
  readonly id?: Id;
  readonly created?: string;
  readonly updated?: string;
  readonly integrationId?: string;
  readonly applicationId?: Id;
  readonly firstSession?: boolean;
  readonly updateCount?: Id;
  readonly total?: Amount;
  readonly cartItemTotal?: Amount;
  readonly additionalCostTotal?: Amount;
  readonly cartItemAdditionalCostTotal?: Amount;
  /** Of January 2025. */
  readonly closurePrediction?: ExactNumber;
  /** Of the first form of the model, `''` for none; `readSession` gives it in `couponCodes` too. */
  readonly coupon?: string;
  /** Of the first form of the model, `''` for none; `readSession` gives it in `referralCode` too. */
  readonly referral?: string;
  /** Of the first form of the model: discounts by label. */
  readonly discounts?: { readonly [label: string]: Amount };
  readonly [field: string]: unknown;
}

/**
 * Reads a session of any release of the API as one of the newest: the first form of the model (`coupon`, `referral`,
 * `discounts`) and all that followed. Needs no wasm.
 *
 * @param session JSON text, best, since it keeps every digit, or an object
 * @returns frozen; amounts are texts without padding, `null` is as good as missing, unknown fields are kept
 * @throws CheckoutError `value_type`, `amount_invalid`, `amount_inexact`, `amount_out_of_range`, with the path
 */
export function readSession(session: string | object): CustomerSession;

/** A field of the draft. */
export type SessionField = keyof DraftSession;

// Snapshot -------------------------------------------------------------------------------------------------------

/** A discount with its name; amounts are positive. */
export interface Discount {
  readonly name: string;
  readonly amount: Amount;
  /** What it would be without limits of budgets, where partial discounts are allowed. */
  readonly desiredAmount?: Amount;
}

/** A discount of the session, named once for all that it applies to. */
export interface SessionDiscount extends Discount {
  readonly scope?: 'session' | 'line' | 'cost';
}

/** A line as a page shows it. */
export interface Line {
  /** Stays the same for the life of the line. */
  readonly id: string;
  readonly sku: string;
  readonly name?: string;
  readonly quantity: number;
  /** Of one unit. */
  readonly price?: Amount;
  /** Price times quantity; absent for a catalogue price that the server has not named yet. */
  readonly subtotal?: Amount;
  readonly discounts: readonly Discount[];
  /** What is left to pay for this line. */
  readonly payable?: Amount;
  /** Whether it is a free item that was accepted. */
  readonly free: boolean;
  /** Units that were given back. */
  readonly returned: number;
  /** Whether the server has not confirmed it yet. */
  readonly pending: boolean;
  readonly meta?: Json;
}

/** A coupon or referral code with what the newest quote says about it; `entered` until there is one. */
export interface CodeState {
  readonly code: string;
  readonly status: 'entered' | 'accepted' | 'rejected';
  /** The word of the API, such as `CouponNotFound`; unknown ones are kept. */
  readonly reason?: string;
  /** Why its campaign was left out, else free text. */
  readonly detail?: string;
  /** The word of the API for why its campaign was left out, such as `CampaignGaveLowerDiscount`. */
  readonly campaignExclusionReason?: string;
  /** Free text about the refusal. */
  readonly details?: string;
  /** Present where its redemption was undone by a cancellation or reopening: it is `entered` and works again. */
  readonly rolledBack?: true;
}

/** Sums of the cart. Local ones at once, discounts and payable by the newest quote. */
export interface Totals {
  readonly items: Amount;
  readonly itemCosts: Amount;
  readonly costs: Amount;
  /** Items, their costs and those of the session, before discounts. */
  readonly total: Amount;
  readonly discount: Amount;
  /** Never below zero. */
  readonly payable: Amount;
  /** Payable, rounded half up at the currency's scale. */
  readonly payableRounded: Amount;
  /** Every discount of the newest quote, in the order of the answer. */
  readonly discounts: readonly SessionDiscount[];
  /** Present where the newest answer takes discounts back, after a cancellation, a return or a reopening. */
  readonly rolledBack?: readonly SessionDiscount[];
  /** False while a line has no price. */
  readonly complete: boolean;
}

/** Loyalty points of one name, program and recipient together. */
export interface Points {
  /** Absent in points that were taken or given back. */
  readonly name?: string;
  readonly programId?: Id;
  readonly subLedgerId?: string;
  /** Whose they are: not always the shopper's, such as those for who referred the shopper. */
  readonly recipientIntegrationId?: string;
  readonly cardIdentifier?: string;
  readonly startDate?: string;
  readonly expiryDate?: string;
  /** How many, as a decimal string without padding. */
  readonly value: Amount;
  /** How many it would be without limits of budgets, where partial rewards are allowed. */
  readonly desiredValue?: Amount;
  readonly [field: string]: unknown;
}

/** A loyalty tier that the points of this session lead to. */
export interface Tier {
  readonly name: string;
  readonly programId?: Id;
  readonly subLedgerId?: string;
  readonly previousTierName?: string;
  readonly expiryDate?: string;
  readonly [field: string]: unknown;
}

/** The points of a loyalty program, or of a part of it; `tentative` is what they are if the order is placed now. */
export interface LedgerInfo {
  readonly currentBalance?: ExactNumber;
  /** Not active yet. */
  readonly pendingBalance?: ExactNumber;
  /** Owed; then `currentBalance` is 0. */
  readonly negativeBalance?: ExactNumber;
  readonly tentativeCurrentBalance?: ExactNumber;
  readonly tentativePendingBalance?: ExactNumber;
  readonly tentativeNegativeBalance?: ExactNumber;
  /** The tier that is held. */
  readonly currentTier?: {
    readonly id?: Id;
    readonly name?: string;
    readonly startDate?: string;
    readonly expiryDate?: string;
    /** `one_down` or `balance_based`. */
    readonly downgradePolicy?: string;
  } | null;
  readonly pointsToNextTier?: ExactNumber;
  readonly nextTierName?: string | null;
  readonly [field: string]: unknown;
}

/** A loyalty program with the shopper's balance in it. */
export interface LoyaltyProgram {
  readonly id?: Id;
  readonly title?: string;
  readonly name?: string;
  readonly joinDate?: string;
  readonly ledger?: LedgerInfo;
  readonly subLedgers?: { readonly [name: string]: LedgerInfo };
  readonly [field: string]: unknown;
}

/** A loyalty card that was sent, with its balance. */
export interface LoyaltyCard {
  readonly programID?: Id;
  readonly programName?: string;
  readonly programTitle?: string;
  readonly identifier?: string;
  /** `active` or `inactive`. */
  readonly status?: string;
  readonly ledger?: LedgerInfo;
  readonly subledgers?: { readonly [name: string]: LedgerInfo };
  readonly [field: string]: unknown;
}

/** Loyalty points that get another expiry: moved by a duration, or set to a date. */
export interface PointsExpiry {
  readonly programId?: Id;
  readonly subLedgerId?: string;
  /** `immediate`, or a number and a unit such as `12h`. */
  readonly extensionDuration?: string;
  readonly newExpiryDate?: string;
  readonly [field: string]: unknown;
}

/** What the newest answer says about loyalty. */
export interface Loyalty {
  /** Points earned; booked at the closing. */
  readonly earned: readonly Points[];
  /** Points spent; booked at the closing. */
  readonly spent: readonly Points[];
  /** Present where the tier changes. */
  readonly tier?: Tier;
  /** Present where points get another expiry. */
  readonly expiry?: readonly PointsExpiry[];
  /** Present where earned points were taken back. */
  readonly takenBack?: readonly Points[];
  /** Present where spent points were given back. */
  readonly givenBack?: readonly Points[];
  /** Balances and tiers as the server last said them, by the id of the program. */
  readonly programs?: { readonly [id: string]: LoyaltyProgram };
  /** The same of loyalty cards, where one was sent. */
  readonly cards?: readonly LoyaltyCard[];
}

/** A free item on offer: `cart.accept` puts it into the cart. */
export interface FreeItem {
  readonly sku: string;
  readonly name?: string;
  /** Units on offer. */
  readonly quantity?: number;
  /** Units wished, where only a part of a reward could be given. */
  readonly desiredQuantity?: number;
}

/** A giveaway, with its code once the session is closed. */
export interface Giveaway {
  readonly poolId?: Id;
  readonly poolName?: string;
  readonly recipientIntegrationId?: string;
  readonly giveawayId?: Id;
  /** Absent until the closing. */
  readonly code?: string;
  readonly [field: string]: unknown;
}

/** A message for the shopper. */
export interface Notification {
  /** `Info`, `Offer`, `Error`, `Misc`, or a word of the shop. */
  readonly type: string;
  readonly title: string;
  readonly body: string;
}

/** Where the server does not hold what was sent. */
export interface Mismatch {
  /** Fields of the session that differ. */
  readonly fields: readonly string[];
  /** Both totals, where they differ; the server's is the one that is shown. */
  readonly total?: { readonly ours: Amount; readonly server: Amount };
}

/** What the newest answer says about money and codes. */
export interface Quote {
  /** The same while what the shopper pays and gets is the same; times, texts and refused codes are not in it. */
  readonly fingerprint: string;
  /** The revision it was made for. */
  readonly revision: number;
  /** Whether it is fresh and of the present revision. */
  readonly current: boolean;
  readonly total: Amount;
  readonly payable: Amount;
  readonly mismatch?: Mismatch;
}

/** The quote of a preview, with all that a snapshot would show of it. */
export interface Preview extends Quote {
  readonly discount: Amount;
  readonly payableRounded: Amount;
  readonly complete: boolean;
  readonly discounts: readonly SessionDiscount[];
  readonly coupons: readonly CodeState[];
  readonly referral?: CodeState;
  readonly rolledBack?: readonly SessionDiscount[];
  readonly loyalty: Loyalty;
  readonly offers: Snapshot['offers'];
  readonly effects: readonly Effect[];
}

/** Where the sync stands. */
export type Phase =
  | 'idle'
  | 'opening'
  | 'scheduled'
  | 'sending'
  | 'waiting'
  | 'offline'
  | 'blocked'
  | 'follower'
  | 'manual'
  | 'closing'
  | 'finished';

/** How draft and server stand. */
export interface Sync {
  readonly phase: Phase;
  /** Attempts in a row that did not succeed. */
  readonly attempt: number;
  /** When the next attempt is made, in milliseconds since 1970; in phase `waiting`. */
  readonly retryAt?: number;
  /** Whether an old attempt may still reach the server. */
  readonly suspect: boolean;
  /**
   * Whether the newest answer shows that somebody else wrote: more updates than this checkout made, or a state that it
   * did not ask for. Nothing is sent against it by itself; `refresh()` takes over what is there, the next edit
   * overwrites it.
   */
  readonly foreign: boolean;
  readonly error?: { readonly code: Code; readonly status?: number; readonly problem?: ProblemBody };
}

/** All that a page shows. Read-only; the same object until something changes, and so is every part of it. */
export interface Snapshot {
  /** Integration id of the session. */
  readonly sessionId: string;
  /** Counts the changes of the draft. */
  readonly revision: number;
  /** The last revision that survives this page. */
  readonly persistedRevision: number;
  /** The last revision that the server confirmed. */
  readonly acknowledgedRevision: number;
  readonly state: State;
  readonly draft: DraftSession;
  readonly lines: readonly Line[];
  readonly totals: Totals;
  readonly coupons: readonly CodeState[];
  readonly referral?: CodeState;
  readonly loyalty: Loyalty;
  readonly offers: {
    readonly freeItems: readonly FreeItem[];
    readonly giveaways: readonly Giveaway[];
    readonly notifications: readonly Notification[];
  };
  readonly quote?: Quote;
  /** What the server last said. */
  readonly session?: CustomerSession;
  /** Every effect of the newest answer, in order. */
  readonly effects: readonly Effect[];
  readonly sync: Sync;
  /** `'indexeddb'`: what is here outlives the page; `'memory'`: it lives as long as the page. */
  readonly persistence: 'indexeddb' | 'memory';
  /** Whether the session was read, or is new; until then the draft may still be replaced by the server's. */
  readonly restored: boolean;
}

/** A frozen snapshot of nothing, for servers and until a checkout is open. Needs no wasm. */
export const emptySnapshot: Snapshot;

// Opening --------------------------------------------------------------------------------------------------------

/** Where the wasm comes from. */
export type WasmSource =
  | string
  | URL
  | Request
  | Response
  | BufferSource
  // The library's type of a module is empty, so that anything would fit.
  | (WebAssembly.Module & { readonly source?: never });

/**
 * Loads the wasm once; later and concurrent calls share the first one, a failed one may be tried again.
 * `openCheckout` calls it when nobody did.
 *
 * @param source `cartwright.wasm` beside this script by default; with `integrity` (`'sha384-…'`) its hash is compared
 * @throws CheckoutError `wasm_blocked` (a Content-Security-Policy without `'wasm-unsafe-eval'`),
 * `wasm_unreachable`, `wasm_invalid`, `version_mismatch`, `option_invalid`
 */
export function init(
  source?: WasmSource | PromiseLike<WasmSource> | { source: WasmSource | PromiseLike<WasmSource>; integrity: string },
): Promise<void>;

/** When requests are made; times in milliseconds. */
export interface SyncOptions {
  /** `'manual'` sends only when `flush`, `settled`, `close` and the like ask for it. Default `'auto'`. */
  mode?: 'auto' | 'manual';
  /** How long an edit waits for the next one. Default 150. */
  debounceMs?: number;
  /** How long the first of several edits waits at most. Default 1500. */
  maxWaitMs?: number;
  /** How long an answer may take. Default 15 000. */
  timeoutMs?: number;
  /** Back-off after the first failure. Default 300. */
  baseMs?: number;
  /** Longest back-off. Default 30 000. */
  capMs?: number;
  /** How long an unanswered request may still arrive at the server. Default 60 000. */
  settleMs?: number;
}

/** What a server rendered. */
export interface Initial {
  /** A cart, as an object or JSON text. */
  draft?: SessionInput | string;
  /** An answer of the session API, best as JSON text, since that keeps every digit. */
  answer?: object | string;
}

/** Headers of every request; a member that is `undefined` is left out. */
export type HeadersInput =
  | Headers
  | readonly (readonly [string, string])[]
  | { readonly [name: string]: string | undefined };

export interface CheckoutOptions {
  /** ISO 4217 code, three capital letters: for scale and display, never sent. */
  currency: string;
  /** Base address of the session endpoint; absolute in Node. Default `'/session-api'`. */
  endpoint?: string;
  /** Needed for an endpoint of another origin. Default false. */
  allowCrossOrigin?: boolean;
  /** Integration id of the session, 1 to 255 characters. Default: an unguessable one, which the tabs of this browser share until it ends. */
  sessionId?: string;
  /** A cart or an answer that the server rendered. */
  initial?: Initial;
  /**
   * `'auto'`: the cart and what is under way are kept in IndexedDB until the order is placed, shared by all tabs of this
   * browser, for 7 days; in memory where the browser has no IndexedDB.
   * `'memory'` keeps nothing beyond the page, not even the session id. Default `'auto'`.
   */
  storage?: 'auto' | 'memory';
  /**
   * Separates several checkouts on one origin and of one currency. Default `'cartwright'`. A page has each of them
   * open once: a second one is refused with `already_open` until the first is disposed of.
   */
  storageKey?: string;
  /**
   * `'flattened'`: 1000 lines and 10 000 units; `'unflattened'`: 1000 lines only, as before October 2023. Default
   * `'flattened'`, which is what the session endpoint of this package checks too.
   */
  limits?: 'flattened' | 'unflattened';
  /** Which moves between states exist: `'2022'` and `'v1'`, the first form of the model, have no reopening. Default `'current'`. */
  transitions?: 'current' | '2022' | 'v1';
  /** Extra parts of answers; `customerSession` is always among them. Default `['customerSession', 'loyalty']`. */
  responseContent?: readonly string[];
  /**
   * Headers, or a function that gives them, asked before every request. Where it fails three times in a row
   * (`not_sent`), nothing is sent until the next edit or `flush()`.
   * A value that looks like `ApiKey-v1` or `ManagementKey-v1` is refused with `api_key_in_browser`.
   */
  headers?: HeadersInput | (() => HeadersInput | undefined | Promise<HeadersInput | undefined>);
  /** As for `fetch`. Default `'same-origin'`. */
  credentials?: RequestCredentials;
  /** Instead of the global `fetch`. */
  fetch?: (request: Request, init?: RequestInit) => Promise<Response>;
  sync?: SyncOptions;
  /**
   * `'bounded'` keeps the last 1000 events and at most 2²⁰ characters of them, `'full'` all, `'off'` none. Default
   * `'bounded'`.
   */
  log?: 'bounded' | 'full' | 'off';
}

/**
 * Opens a checkout. Loads the wasm when that was not done yet.
 *
 * @throws CheckoutError `option_invalid` (with `path`), `already_open`, `api_key_in_browser`, what `init` throws, and the code of a
 * refusal where `initial.draft` breaks a limit
 */
export function openCheckout(options: CheckoutOptions): Promise<Checkout>;

// Checkout -------------------------------------------------------------------------------------------------------

/** What `on` tells. */
export interface CheckoutEvents {
  change: Snapshot;
  /** A new quote; `undefined` where there is none any more. */
  quote: Quote | undefined;
  /** A code whose status changed. */
  coupon: CodeState;
  notification: Notification;
  /**
   * An effect that the answer before did not have, as often as it is new: for what the page decides about, such as
   * custom effects, attribute updates, achievements and rewards. `switch (effect.effectType)` tells its props.
   */
  effect: Effect;
  /** Units of an accepted free item that were taken out of the cart by themselves, since they are offered no more. */
  withdrawn: { readonly lineId: string; readonly sku: string; readonly name: string; readonly quantity: number };
  sync: Sync;
  /** An edit that no longer fits what was done elsewhere first. */
  conflict: {
    readonly code: 'edit_conflict';
    readonly edit: unknown;
    readonly errors: readonly Omit<Refusal, 'message'>[];
  };
  error: CheckoutError;
  /** `foreign`: not by us; `quoteChanged`: at another price than was agreed to. */
  closed: { readonly foreign: boolean; readonly quoteChanged: boolean };
}

/** How long a promise is waited for. */
export interface WaitOptions {
  /** Milliseconds, a whole number from 0 to 2³¹ − 1; then the promise is rejected with `timeout`. */
  timeoutMs?: number;
  /** Rejects the promise with `aborted`. The work itself goes on. */
  signal?: AbortSignal;
}

/** Changes of the draft for one preview. */
export interface PreviewChanges {
  couponCodes?: readonly string[];
  cartItems?: readonly CartItemInput[];
  evaluableCampaignIds?: readonly IdInput[];
  /** A time in the future, RFC 3339; anything else is refused with `value_type`. */
  now?: string | Date;
  responseContent?: readonly string[];
}

/**
 * Units of an order that come back: of a line of `snapshot.lines`, of all lines of a SKU one after the other, or of the
 * line at a position of the order, from 0. Without a quantity, all that is left.
 */
export type ReturnItem = {
  /** A whole number of at least 1 (`quantity_invalid`). */
  quantity?: number;
} & (
  | { lineId: string; sku?: undefined; position?: undefined }
  | { sku: string; lineId?: undefined; position?: undefined }
  | { position: number; lineId?: undefined; sku?: undefined }
);

/** What the shop's back end needs to take the payment and close. */
export interface Preparation {
  readonly sessionId: string;
  readonly revision: number;
  readonly fingerprint: string;
  readonly payable: Amount;
}

/**
 * One session of one shopper. Reads and edits are synchronous; what needs the server is a promise, which
 * is rejected with a `CheckoutError`. Functions may be taken off and passed around: they need no `this`.
 */
export interface Checkout {
  /** The newest snapshot; the same object until something changes. */
  getSnapshot(): Snapshot;
  /** Calls `fn` after the outermost edit or event. What it throws reaches `reportError`, not other listeners. */
  subscribe(fn: (snapshot: Snapshot) => void): () => void;
  /** Calls `fn` at each event of that type. */
  on<Type extends keyof CheckoutEvents>(type: Type, fn: (detail: CheckoutEvents[Type]) => void): () => void;

  readonly cart: {
    /** Adds a line, or grows an equal one (same SKU, price, attributes and costs) unless `merge` is false. */
    add(item: CartItemInput, options?: { merge?: boolean }): Result<{ readonly lineId: string }>;
    update(lineId: string, patch: CartItemPatch): Result;
    /** 0 removes the line. */
    setQuantity(lineId: string, quantity: number): Result;
    remove(lineId: string): Result;
    clear(): Result;
    /** All lines at once. */
    replace(items: readonly CartItemInput[]): Result;
    /**
     * Takes a free item of `snapshot.offers.freeItems`: a line at price 0, once per SKU. It is taken out by itself, with
     * the event `withdrawn`, when its offer is gone.
     */
    accept(freeItem: FreeItem): Result<{ readonly lineId: string }>;
  };
  readonly coupons: {
    /** Trimmed, never re-cased; at most 100 characters. A code that is there already changes nothing. */
    add(code: string): Result;
    remove(code: string): Result;
    clear(): Result;
  };
  readonly referral: {
    /** At most 100 characters. */
    set(code: string): Result;
    clear(): Result;
  };
  readonly loyaltyCard: {
    set(id: string): Result;
    clear(): Result;
  };
  readonly costs: {
    /** A cost of the session by its API name. */
    set(name: string, amount: AmountInput): Result;
    remove(name: string): Result;
  };
  readonly attributes: {
    set(name: string, value: Json | Date | bigint): Result;
    /** Deletes it on the server. */
    remove(name: string): Result;
    /** Stops sending one that was never sent (`cannot_unset`). */
    unset(name: string): Result;
  };
  readonly identifiers: {
    /** At most 5. */
    set(identifiers: readonly string[]): Result;
    clear(): Result;
  };
  readonly profile: {
    /** The customer; the cart stays (guest to login). */
    set(id: string): Result;
    anonymous(): Result;
  };
  /** The server's session as last read, by the names of its fields. */
  readonly session: {
    get<Field extends keyof CustomerSession>(field: Field): CustomerSession[Field] | undefined;
    has(field: string): boolean;
  };

  /** A field of the draft by its API name; `undefined` where it is not set. Throws `field_unknown`. */
  get<Field extends SessionField>(field: Field): DraftSession[Field];
  /** Whether a field of the draft is set. Throws `field_unknown`. */
  has(field: SessionField): boolean;
  set<Field extends keyof SessionInput>(field: Field, value: NonNullable<SessionInput[Field]>): Result;
  /** Stops sending a field, or clears it where it was sent (`cannot_unset` where nothing clears it). */
  unset(field: SessionField): Result;

  /**
   * Several edits as one revision, all or none: none when `fn` throws (the exception goes on), when one edit is
   * refused, or when `fn` is async, since edits after an `await` would stand outside. Until it is over, snapshots
   * and `get` show the state before it.
   */
  edit<Given>(fn: (checkout: Checkout) => Given extends PromiseLike<unknown> ? never : Given): Result;
  /** A whole session as the draft, as an object or JSON text: all or none, with every refusal. */
  load(session: SessionInput | string): Result;

  /** JSON text of the request that the next sync would send. Throws `disposed`. */
  toRequest(options?: { as?: 'text' }): string;
  /** The same as an object; numbers that a JavaScript number would change are texts. */
  toRequest(options: { as: 'object' }): {
    customerSession: Record<string, unknown>;
    responseContent?: string[];
  };

  /** Resolves when the server has confirmed the present revision. */
  flush(options?: WaitOptions): Promise<Snapshot>;
  /** Resolves when in addition nothing is ambiguous and the quote is fresh. */
  settled(options?: WaitOptions): Promise<Snapshot>;
  /** The quote for the draft with these changes; changes nothing. */
  preview(changes?: PreviewChanges): Promise<Preview>;
  /** Reads the session; never replaces fields with unconfirmed edits. */
  refresh(): Promise<Snapshot>;
  /** Flushes, then closes. With `quote` (a fingerprint): rejected with `quote_changed` when the newest differs. */
  close(options?: { quote?: string }): Promise<Snapshot>;
  /** For shops whose back end closes after payment: settles, and refuses edits until `finish` or `release`. */
  prepare(options?: { quote?: string }): Promise<Preparation>;
  /** Reads until the back end has closed the session. */
  finish(): Promise<Snapshot>;
  /** Frees the edits again. */
  release(): Promise<Snapshot>;
  /** Gives the cart or the order up, for good. */
  cancel(): Promise<Snapshot>;
  /**
   * Opens an order again, so that it can be edited, closed or cancelled. Its codes work again, and the newest cart is
   * sent for a new quote. A second call while one is under way waits for the same. Rejected with `state_forbidden` unless
   * the session is `closed`, and where `transitions` has no reopening.
   */
  reopen(): Promise<Snapshot>;
  /**
   * Gives units of an order back, of the whole order too, one call after the other: `overlap` while one is under way.
   * Rejected before anything is sent with `line_unknown`, with `units_limit` (`limit` is what is left of the line) or
   * with `state_forbidden`; `path` begins with the place in the list. However often an answer is lost, a call gives back
   * once or not at all.
   */
  returnItems(items: readonly ReturnItem[]): Promise<Snapshot>;
  /**
   * Ends the work on this session here, for the next order or at a log-out, and opens a checkout with the same options
   * and a session of its own. Resolves when what this one still sends is over; this one is then disposed of. A second call
   * gives the same checkout. Where it is rejected, this checkout goes on.
   */
  startNew(options?: { initial?: Pick<Initial, 'draft'> }): Promise<Checkout>;
  /**
   * What happened so far, as plain data: what the checkout was opened with, and everything that it was told since, with
   * the answers of the endpoint. It holds what the shopper typed; `maskLog` hides that. Headers are never in it. It can be
   * had after the end too.
   */
  log(): Log;
  /**
   * Sends what waits, once and without a retry, and ends listeners and timers. Afterwards edits are refused and
   * promises are rejected with `disposed`; `getSnapshot` gives the last snapshot. In manual mode nothing is sent.
   */
  dispose(): void;
  /** The same, where the engine has `Symbol.dispose`. */
  [Symbol.dispose]?(): void;
}

// Log ------------------------------------------------------------------------------------------------------------

/** What a checkout was told: when (milliseconds since 1970), what, with which text, and of which attempt or question. */
export type LogEvent = readonly [now: number, word: string, text: string, id: number];

/** What happened to a checkout. */
export interface Log {
  /** The form of this object. */
  readonly format: 1;
  /** The version of the package: another one may read the same events otherwise. */
  readonly version: string;
  /** How many events at the beginning were not kept. */
  readonly dropped: number;
  /** What the checkout was opened with, as JSON text; empty where no event is kept. */
  readonly options: string;
  readonly events: readonly LogEvent[];
}

/**
 * The snapshot that a log leads to, the same as the checkout's own, in any browser and in Node. Nothing is sent, stored or
 * told. Loads the wasm when that was not done yet.
 *
 * @param log what `log()` gave, or its JSON text
 * @throws CheckoutError `log_invalid` (with `path`), `log_incomplete` where its beginning was dropped, and what `init` throws
 */
export function replayLog(log: Log | string): Promise<Snapshot>;

/**
 * The same log without what names the shopper and what people wrote: attribute values, codes, ids of profiles, sessions
 * and cards, identifiers, `meta` of lines, payloads of custom effects, and texts of messages. Equal texts stay equal, so
 * that it can still be replayed; numbers of attributes become 0. SKUs, names and prices stay.
 *
 * @throws CheckoutError `log_invalid` (with `path`)
 */
export function maskLog(log: Log | string): Log;

// Amounts --------------------------------------------------------------------------------------------------------

/**
 * Formats an amount for people, rounded half up (away from zero) at the currency's scale.
 *
 * @throws CheckoutError `amount_invalid`, `amount_inexact`, `amount_out_of_range`, `option_invalid`
 */
export function formatAmount(amount: AmountInput, options: { currency: string; locale?: string | string[] }): string;

/**
 * The amount in the smallest unit of the currency, rounded half up (away from zero).
 *
 * @throws CheckoutError `amount_invalid`, `amount_inexact`, `amount_out_of_range`, `option_invalid`
 */
export function toMinorUnits(amount: AmountInput, currency: string): bigint;

/** The limits of the session API that are checked at the edit. */
export const LIMITS: {
  /** Lines of a cart. */
  readonly lines: 1000;
  /** Units over all lines. */
  readonly units: 10000;
  /** Characters of a coupon code. */
  readonly couponLength: 100;
  /** Characters of a referral code. */
  readonly referralLength: 100;
  /** Loyalty cards of a session. */
  readonly loyaltyCards: 1;
  /** Identifiers of a session. */
  readonly identifiers: 5;
  /** Characters of a store id. */
  readonly storeIdLength: 1000;
  /** Characters of a session id. */
  readonly sessionIdLength: 255;
};

/** The version of this package. */
export const VERSION: string;
