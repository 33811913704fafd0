import { parseNumbers } from './exact.js';
import { checkLog } from './log.js';

/** Members that name somebody, open something, or hold what shops and people write. */
const PRIVATE = new Set([
  ...['sessionId', 'integrationId', 'profileId', 'identifiers', 'attributes', 'loyaltyCards', 'loyaltyCardId', 'meta'],
  ...['couponCodes', 'couponCode', 'referralCode', 'code', 'recipientIntegrationId', 'friendProfileIntegrationId'],
  ...['advocateProfileIntegrationId', 'message', 'title', 'details', 'body', 'payload'],
]);

/** Arguments of edits that are private, beside those that are called as the API calls them. */
const ARGUMENTS = new Set(['id', 'values']);

/** What marks a number in a text, so that it keeps its digits. */
const NUMBER = '\u0000';

/**
 * Masks what names a shopper, and what shops and people wrote: attribute values, codes, ids, and texts for people. Equal
 * ones stay equal.
 *
 * @param {unknown} log what `log()` gave, or its JSON text
 */
export function maskLog(log) {
  const given = checkLog(log);
  /** @type {Map<string, string>} */
  const names = new Map();
  /** @param {string} text */
  const alias = (text) => {
    const known = text.trim();
    if (!names.has(known)) names.set(known, `masked-${names.size + 1}`);
    return known ? text.replace(known, () => String(names.get(known))) : text;
  };

  /** @param {string} text what is no JSON stays as it is */
  function maskText(text) {
    if (!/^\s*[[{]/.test(text)) return text;
    try {
      const value = parseNumbers(text, (digits) => JSON.stringify(NUMBER + digits));
      return JSON.stringify(mask(value, false)).replace(/"\\u0000(.*?)"/g, '$1');
    } catch {
      return text;
    }
  }

  /** @param {any} value @param {boolean} isPrivate @returns {any} */
  function mask(value, isPrivate) {
    if (typeof value === 'string') {
      if (value.startsWith(NUMBER)) return isPrivate ? `${NUMBER}0` : value;
      return isPrivate ? alias(value) : maskText(value);
    }
    if (Array.isArray(value)) return value.map((entry) => mask(entry, isPrivate));
    if (typeof value !== 'object' || value === null) return value;
    /** @param {string} name */
    const hides = (name) => {
      if (isPrivate || PRIVATE.has(name)) return true;
      if (name !== 'value') return typeof value.do === 'string' && ARGUMENTS.has(name);
      // Of an attribute any value, of effects and coupons the code.
      const isAttribute = value.do === 'attributes.set' || PRIVATE.has(value.field);
      return isAttribute || (typeof value.value === 'string' && !value.value.startsWith(NUMBER));
    };
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, mask(entry, hides(name))]));
  }

  return Object.freeze({
    ...given,
    options: maskText(given.options),
    events: Object.freeze(given.events.map(([now, word, text, id]) => Object.freeze([now, word, maskText(text), id]))),
  });
}
