/** In the text of a wasm: the functions of Rust's libraries that a panic begins with. None of them returns. */
const PANICS = new RegExp(
  `^( \\(func \\$"(?:${[
    'core\\[\\w+\\]::(?:panicking::(?:panic|assert_failed)|cell::(?:lazy::)?panic_)[\\w:]*',
    'core\\[\\w+\\]::(?:option|result)::(?:unwrap|expect)_failed',
    'core\\[\\w+\\]::(?:slice|str)::[\\w:]*_fail',
    'alloc\\[\\w+\\]::(?:raw_vec::(?:capacity_overflow|handle_error)|alloc::handle_alloc_error)',
    '__rustc\\[\\w+\\]::rust_begin_unwind',
  ].join('|')})(?:::<[^\\n]*>)?".*)\\n[^]*?\\n \\)$`,
  'gm',
);

/** What writes a value as text: where nothing calls for text, only panics would have. */
const FORMATS = /^( \(func \$"<.* as core\[\w+\]::fmt::(?:Display|Debug)>::fmt".*)\n[\s\S]*?\n \)$/gm;
const FORMATTING = /^ +\(call \$"(?:core\[\w+\]::fmt::write|alloc\[\w+\]::fmt::)/m;

/** Its data: where it lies and what it holds. */
const DATA = /(?<=^ \(data \$\S+ \(i32\.const (\d+)\) ")(.*)(?="\)$)/gm;

/** The file of a place in the sources. */
const FILE = /[\w./-]+\.rs/g;

/** A place in the sources: address and length of its file, line and column. */
const PLACE = 16;

/**
 * Lets a panic end at once: a page has nowhere to print what it would say and where it stood.
 *
 * @param {string} wasm as text, with names
 */
export function silencePanics(wasm) {
  let count = 0;
  const end = (/** @type {string} */ _, /** @type {string} */ head) => {
    count += 1;
    return `${head}\n  (unreachable)\n )`;
  };
  let silent = wasm.replace(PANICS, end);
  if (count === 0) throw new Error('The wasm has no panic by a name that is known');
  if (!FORMATTING.test(silent)) silent = silent.replace(FORMATS, end);
  return silent.replace(DATA, (text, start) => encode(withoutPlaces(decode(text), Number(start))));
}

/**
 * @param {Buffer} data
 * @param {number} start its address
 */
function withoutPlaces(data, start) {
  const files = new Map([...data.toString('latin1').matchAll(FILE)].map(({ index, 0: file }) => [start + index, file]));
  for (let at = 0; at + PLACE <= data.length; at += 4) {
    const address = data.readUInt32LE(at);
    const length = data.readUInt32LE(at + 4);
    if (files.get(address)?.length !== length) continue;
    data.fill(0, at, at + PLACE);
    data.fill(0, address - start, address - start + length);
  }
  return data;
}

/** @param {string} text of a wasm's data */
const decode = (text) =>
  Buffer.from(
    text.replace(/\\(?:([0-9a-f]{2})|(.))/g, (_, hex, letter) =>
      hex ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[letter] ?? letter),
    ),
    'latin1',
  );

/** @type {Record<string, string>} */
const ESCAPES = { n: '\n', r: '\r', t: '\t' };

/** @param {Buffer} data */
const encode = (data) => data.toString('hex').replace(/../g, '\\$&');
