/** Longest JSON text that crosses into the core, in UTF-16 units. */
export const MAX_TEXT = 8 * 1024 * 1024;

/** Deepest nesting of a value. */
export const MAX_DEPTH = 100;

/**
 * Whether a string has a UTF-8 form: half of a surrogate pair has none.
 *
 * @param {string} string
 */
export const isText = (string) => !/\p{Surrogate}/u.test(string);

/** The characters that JSON wants escaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON escapes
const TO_ESCAPE = /["\\\u0000-\u001f]/g;

/** @param {string} character */
const escaped = (character) =>
  character === '"' || character === '\\'
    ? `\\${character}`
    : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Writes a value of the user as JSON text.
 *
 * Not `JSON.stringify`: it turns NaN into null, drops functions in silence, throws on a bigint,
 * and lets a page's `Array.prototype.toJSON` change what is sent.
 *
 * @param {unknown} value
 * @param {readonly (string | number)[]} [base] where the value stands, for the path of a refusal
 * @returns {string | undefined} nothing for `undefined`
 * @throws {import('./errors.js').Trouble} `value_type` with the path of what cannot be written
 */
export function encode(value, base = []) {
  const path = [...base];
  /** @type {object[]} */
  const parents = [];
  let text = '';
  /** @type {{ limit?: string }} */
  let excess = {};

  /** @param {string} piece */
  const put = (piece) => {
    text += piece;
    if (text.length > MAX_TEXT) {
      excess = { limit: `at most ${MAX_TEXT} characters` };
      throw null;
    }
  };

  /** @param {string} string */
  const putString = (string) => {
    if (!isText(string)) throw null;
    put(`"${string.replace(TO_ESCAPE, escaped)}"`);
  };

  /** @param {object} object */
  const putMembers = (object) => {
    let separator = '{';
    for (const key of Object.keys(object)) {
      path.push(key);
      const member = /** @type {any} */ (object)[key];
      if (member !== undefined) {
        put(separator);
        separator = ',';
        putString(key);
        put(':');
        putValue(member);
      }
      path.pop();
    }
    put(separator === '{' ? '{}' : '}');
  };

  /** @param {unknown[]} array */
  const putElements = (array) => {
    put('[');
    for (let index = 0; index < array.length; index += 1) {
      path.push(index);
      if (index > 0) put(',');
      putValue(array[index]);
      path.pop();
    }
    put(']');
  };

  /**
   * @param {object} object
   * @param {boolean} converted whether it already is what `toJSON` gave
   */
  const putObject = (object, converted) => {
    const { toJSON } = /** @type {any} */ (object);
    if (typeof toJSON === 'function' && !converted) {
      if (Object.prototype.toString.call(object) === '[object Date]' && Number.isNaN(Number(object))) throw null;
      putValue(toJSON.call(object, String(path.at(-1) ?? '')), true);
      return;
    }
    if (parents.length >= MAX_DEPTH || parents.includes(object)) throw null;
    parents.push(object);
    if (Array.isArray(object)) putElements(object);
    else if (Symbol.iterator in object || typeof (/** @type {any} */ (object).then) === 'function') throw null;
    else putMembers(object);
    parents.pop();
  };

  /**
   * @param {unknown} any
   * @param {boolean} [converted]
   */
  const putValue = (any, converted = false) => {
    if (typeof any === 'string') putString(any);
    else if (typeof any === 'boolean' || any === null) put(String(any));
    // The core tells by `E0`, which no number prints, that every digit of it is meant.
    else if (typeof any === 'bigint') put(`${any}E0`);
    else if (typeof any === 'number' && Number.isFinite(any)) put(String(any));
    else if (typeof any === 'object' && any !== null) putObject(any, converted);
    else throw null;
  };

  if (value === undefined) return undefined;
  try {
    putValue(value);
  } catch {
    // Whatever was thrown, by us or by a getter of the user, `path` stands where it happened.
    throw { code: 'value_type', path, ...excess };
  }
  return text;
}

/**
 * Reads one property of an options object.
 *
 * @param {any} options
 * @param {string} name
 * @param {(value: any) => boolean} [fits] asked about a property that is set
 * @throws {import('./errors.js').Trouble} `value_type` when it is no object or the property cannot be read or does not fit
 */
export function option(options, name, fits = () => true) {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) throw { code: 'value_type', path: [] };
  try {
    const value = options[name];
    if (value === undefined || fits(value)) return value;
  } catch {
    // Told below, as of what does not fit.
  }
  throw { code: 'value_type', path: [name] };
}
