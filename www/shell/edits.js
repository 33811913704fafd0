import { option } from './encode.js';

/**
 * One argument of an edit.
 *
 * @typedef {object} Argument
 * @property {string} name in the command
 * @property {string} [at] where a refusal says that it stands; at the top where it is left out
 * @property {boolean} [below] whether it stands below the name that the first argument gives
 * @property {(given: unknown) => unknown} [read] what is taken of it
 */

/** @param {unknown} value */
const isFlag = (value) => typeof value === 'boolean';

/** @type {(name: string, at?: string) => Argument} */
export const argument = (name, at) => ({ name, at });
const lineId = argument('lineId', 'lineId');
const code = argument('code', 'couponCodes');
const costName = argument('name', 'additionalCosts');
const attributeName = argument('name', 'attributes');
export const field = argument('field', 'field');

/**
 * The edits by group, with their arguments.
 *
 * @type {Record<string, Record<string, Argument[]>>}
 */
export const EDITS = {
  cart: {
    add: [argument('item'), { name: 'merge', at: 'merge', read: (options) => option(options, 'merge', isFlag) }],
    update: [lineId, argument('patch')],
    setQuantity: [lineId, argument('quantity', 'quantity')],
    remove: [lineId],
    clear: [],
    replace: [argument('items')],
    accept: [argument('freeItem')],
  },
  coupons: { add: [code], remove: [code], clear: [] },
  referral: { set: [argument('code', 'referralCode')], clear: [] },
  loyaltyCard: { set: [argument('id', 'loyaltyCards')], clear: [] },
  costs: { set: [costName, { name: 'amount', at: 'additionalCosts', below: true }], remove: [costName] },
  attributes: {
    set: [attributeName, { name: 'value', at: 'attributes', below: true }],
    remove: [attributeName],
    unset: [attributeName],
  },
  identifiers: { set: [argument('values', 'identifiers')], clear: [] },
  profile: { set: [argument('id', 'profileId')], anonymous: [] },
};
