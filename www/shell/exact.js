/** A number of this many digits is held by a JavaScript number as it is written. */
const EXACT_DIGITS = 15;

/**
 * Parses JSON; numbers that a JavaScript number would change become strings.
 *
 * @param {string} text
 * @returns {any}
 */
export const parseExactly = (text) =>
  JSON.parse(
    text.replace(/("[^"\\]*(?:\\.[^"\\]*)*")|-?\d[\d.eE+-]*/g, (found, string) => {
      if (string !== undefined || found.replace(/\D/g, '').length <= EXACT_DIGITS) return found;
      return String(Number(found)) === found && Number.isSafeInteger(Number(found)) ? found : `"${found}"`;
    }),
  );
