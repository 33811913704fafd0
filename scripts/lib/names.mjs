import { createHash } from 'node:crypto';

/** In the text of a wasm: what it imports (from one module only) and exports. */
const IMPORTS = /(?<=^ \(import ")([^"]+" "[^"]+)(?=")/gm;
const EXPORTS = /^ \(export "([^"]+)" .*\n/gm;

/** In its glue: the module, the functions in it, and what the wasm must export. */
const MODULE = /(?<=^ {8}")([^"]+)(?=": import0,$)/gm;
const GIVEN = /(?<=^ {8})(\w+)(?=: function\()/gm;
const USED = /(?<=\bwasm\.)(\w+)\b/g;

/** The shell tells a foreign wasm by the lack of this export. */
const KEPT = 'version';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** @param {number} index @returns {string} a, b, … Z, aa, ab, … */
const letters = (index) =>
  (index < LETTERS.length ? '' : letters(Math.floor(index / LETTERS.length) - 1)) + LETTERS[index % LETTERS.length];

/** @param {string} text @param {RegExp} pattern @returns {string[]} */
const found = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, name]) => String(name)))];

/**
 * @param {string[]} names at least one
 * @param {string[]} others
 * @param {string} what to say of names that are not among the others
 */
function mustBeAmong(names, others, what) {
  const alone = names.filter((name) => !others.includes(name));
  if (alone.length > 0 || names.length === 0) throw new Error(`${what}: ${alone.join(', ') || 'no name at all'}`);
}

/**
 * Gives short names to what a wasm and its glue know each other by, and drops exports that the glue does not use.
 *
 * The last import is named after the whole glue, so that the wasm of another build still does not link.
 *
 * @param {string} wasm as text
 * @param {string} glue
 * @returns {{ wasm: string, glue: string, build: string }} `build`: the name of the last import
 */
export function shortenNames(wasm, glue) {
  const [module = ''] = found(glue, MODULE);
  const given = found(glue, GIVEN);
  const used = found(glue, USED);
  const imported = found(wasm, IMPORTS);
  const inModule = given.map((name) => `${module}" "${name}`);
  mustBeAmong(imported, inModule, 'The glue does not give what the wasm imports');
  mustBeAmong(inModule, imported, 'The wasm does not import what the glue gives');
  mustBeAmong(used, found(wasm, EXPORTS), 'The wasm does not export what the glue uses');
  mustBeAmong([KEPT], used, 'The glue does not use the export that the shell looks for');

  const build = createHash('sha256').update(glue).digest('base64url').slice(0, 8);
  const imports = new Map(given.map((name, index) => [name, index === given.length - 1 ? build : letters(index)]));
  const exports = new Map(used.map((name, index) => [name, name === KEPT ? name : letters(index)]));
  return {
    wasm: wasm
      .replace(IMPORTS, (name) => `a" "${imports.get(name.slice(module.length + 3))}`)
      .replace(EXPORTS, (line, name) => (exports.has(name) ? line.replace(name, String(exports.get(name))) : '')),
    glue: glue
      .replace(MODULE, 'a')
      .replace(GIVEN, (name) => `"${imports.get(name)}"`)
      .replace(USED, (name) => String(exports.get(name))),
    build,
  };
}
