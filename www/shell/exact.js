/** A number of this many digits is held by a JavaScript number as it is written. */
const EXACT_DIGITS = 15;

/**
 * Parses JSON; `form` gives the JSON that a number is replaced by.
 *
 * @param {string} text
 * @param {(digits: string) => string} form
 * @returns {any}
 */
export const parseNumbers = (text, form) =>
  JSON.parse(
    text.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|-?\d[\d.eE+-]*/g, (found, string) =>
      string === undefined ? form(found) : found,
    ),
  );

/** @param {string} digits whether a JavaScript number holds them all */
function isHeld(digits) {
  const number = Number(digits);
  // What is no number at all is for the parser to refuse.
  if (Number.isNaN(number) || (Number.isSafeInteger(number) && String(number) === digits)) return true;
  const [mantissa = ''] = digits.split(/e/i);
  if (mantissa.replace(/\D/g, '').length > EXACT_DIGITS) return false;
  // Beyond these sizes digits are lost, at last all of them.
  return number === 0 ? !/[1-9]/.test(mantissa) : Math.abs(Math.log10(Math.abs(number))) < 300;
}

/**
 * Parses JSON; numbers that a JavaScript number would change become strings.
 *
 * @param {string} text
 */
export const parseExactly = (text) => parseNumbers(text, (digits) => (isHeld(digits) ? digits : `"${digits}"`));

/**
 * Parses what `encode` wrote; big integers become strings.
 *
 * @param {string} text
 */
export const parseEncoded = (text) => parseNumbers(text, (digits) => digits.replace(/^(.*)E0$/, '"$1"'));
