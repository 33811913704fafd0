import { option } from './encode.js';
import { CheckoutError, toError } from './errors.js';

/** A number with more significant digits is already a guess. */
const NUMBER_DIGITS = 15;

/** As in the core: an amount is a whole number of 10⁻²⁰ in 128 bits. */
const PLACES = 20;
const MAX_UNITS = 2n ** 127n - 1n;

/** Longest text that is looked at, as in the core. */
const MAX_LENGTH = 400;

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * Reads an amount.
 *
 * @param {unknown} amount
 * @returns {bigint} in units of 10⁻²⁰
 */
function parse(amount) {
  const kind = typeof amount;
  if (kind !== 'string' && kind !== 'number' && kind !== 'bigint') throw new CheckoutError('amount_invalid');
  const text = String(amount);
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    text.length <= MAX_LENGTH ? (DECIMAL.exec(text) ?? []) : [];
  if (!whole) throw new CheckoutError('amount_invalid', { actual: text });
  const digits = (whole + fraction).replace(/^0+|0+$/g, '');
  if (kind === 'number' && digits.length > NUMBER_DIGITS) throw new CheckoutError('amount_inexact', { actual: text });
  const shift = PLACES - fraction.length + Number(exponent);
  const digitsAsWritten = BigInt(whole + fraction);
  const unit = 10n ** BigInt(Math.abs(shift));
  const units = shift < 0 ? digitsAsWritten / unit : digitsAsWritten * unit;
  if (units > MAX_UNITS || (shift < 0 && units * unit !== digitsAsWritten)) {
    throw new CheckoutError('amount_out_of_range', { actual: text });
  }
  return sign ? -units : units;
}

/**
 * An amount as a decimal text without exponent and without zeros at its end.
 *
 * @param {unknown} amount
 */
export function decimal(amount) {
  const units = parse(amount);
  const digits = String(units < 0n ? -units : units).padStart(PLACES + 1, '0');
  const text = `${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, '');
  return units < 0n ? `-${text}` : text;
}

/**
 * The number of decimal places of a currency.
 *
 * @param {unknown} currency ISO 4217, three capital letters
 * @returns {number}
 */
export function scaleOf(currency) {
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw new CheckoutError('option_invalid', { path: ['currency'] });
  }
  const { maximumFractionDigits } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return maximumFractionDigits ?? 2;
}

/**
 * @param {unknown} amount
 * @param {number} scale
 * @returns {bigint} in units of the scale, half up: away from zero
 */
function round(amount, scale) {
  const exact = parse(amount);
  const unit = 10n ** BigInt(PLACES - scale);
  const half = exact < 0n ? -unit : unit;
  return (exact * 2n + half) / (unit * 2n);
}

/**
 * @param {unknown} amount
 * @param {unknown} currency
 * @returns {bigint}
 */
export function toMinorUnits(amount, currency) {
  return round(amount, scaleOf(currency));
}

/**
 * @param {unknown} amount
 * @param {{ currency: string, locale?: string | string[] }} options
 * @returns {string}
 */
export function formatAmount(amount, options) {
  try {
    const currency = option(options, 'currency');
    const locale = option(options, 'locale');
    const scale = scaleOf(currency);
    const units = round(amount, scale);
    const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
    const point = digits.length - scale;
    const decimal = `${units < 0n ? '-' : ''}${digits.slice(0, point)}${scale ? '.' : ''}${digits.slice(point)}`;
    return formatter(currency, locale).format(/** @type {any} */ (decimal));
  } catch (error) {
    throw toError(error);
  }
}

/**
 * @param {string} currency
 * @param {unknown} locale
 */
function formatter(currency, locale) {
  try {
    // What is neither would silently mean the default locale.
    const tags = locale === undefined || typeof locale === 'string' ? locale : Intl.getCanonicalLocales(texts(locale));
    return new Intl.NumberFormat(tags, { style: 'currency', currency });
  } catch (cause) {
    throw new CheckoutError('option_invalid', { path: ['locale'], cause });
  }
}

/** @param {any} list */
function texts(list) {
  if (!Array.isArray(list) || !list.every((text) => typeof text === 'string')) throw new TypeError('no locale');
  return list;
}
