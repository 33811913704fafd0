/** The layers, lowest first: each may name itself and what stands before it. */
export const layers = ['amount', 'model', 'draft', 'sync', 'browser'];

const wasmCrates = /\b(?:wasm_bindgen\w*|js_sys|web_sys|gloo\w*|serde_wasm_bindgen)\b/g;

/**
 * Rust without comments and without what stands in quotes, so that only code counts.
 *
 * @param {string} source
 */
export const code = (source) =>
  source.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|r(#*)"[\s\S]*?"\1|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[^\n]+?|[^'\\\n])'/g,
    (match) => (match.startsWith('/') ? ' ' : '""'),
  );

/**
 * The modules at the top of a crate that code names by a path.
 *
 * @param {string} text without comments
 * @param {string} crate
 */
export function named(text, crate) {
  const paths = [...text.matchAll(new RegExp(`\\b(?:${crate}\\s*::\\s*)+(\\w+)`, 'g'))].map(([, name]) => String(name));
  const groups = [...text.matchAll(new RegExp(`\\b(?:${crate}\\s*::\\s*)+\\{`, 'g'))].flatMap((match) =>
    heads(text.slice(match.index + match[0].length)),
  );
  return [...new Set([...paths, ...groups])];
}

/**
 * The first names of a `{a, b::{c, d}, e}` whose opening brace was read.
 *
 * @param {string} text
 */
function heads(text) {
  const found = [];
  let depth = 0;
  for (const [token] of text.matchAll(/\w+(?:\s*::\s*\w+)*|[{}]/g)) {
    if (token === '{') depth += 1;
    else if (token === '}') depth -= 1;
    else if (depth === 0) found.push(String(token.split(/\s*::/)[0]));
    if (depth < 0) break;
  }
  return found;
}

/**
 * What a file of the core does that its layer may not.
 *
 * @param {string} layer
 * @param {string} source
 * @returns {string[]}
 */
export function breaches(layer, source) {
  const text = code(source);
  const higher = layers.slice(layers.indexOf(layer) + 1);
  const up = [...named(text, 'crate'), ...named(text, 'super'), ...named(text, 'cartwright')]
    .filter((name) => higher.includes(name))
    .map((name) => `names the higher layer ${name}`);
  if (layer === 'browser') return up;
  const wasm = [...text.matchAll(wasmCrates)].map(([name]) => `names ${name}`);
  const waits = [...text.matchAll(/\basync\b|\.\s*await\b/g)].map(([word]) => `uses ${word}`);
  return [...up, ...wasm, ...waits];
}
