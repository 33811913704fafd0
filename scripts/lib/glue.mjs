/** What the glue writer ends a script and its declarations with: several ways to load the wasm. */
const LOADERS = 'export { initSync, __wbg_init as default };';
const LOADER_TYPES = '\nexport type InitInput = ';

/** What the glue does in engines that are older than the language of the bundles. */
const FALLBACKS = [
  /if \(!\('encodeInto' in \w+\)\) \{[\s\S]*?\n\}\n/,
  /\(typeof FinalizationRegistry === 'undefined'\)\s+\? \{.*\}\s+:\s+/,
];

/**
 * The glue with its parts of loading in place of its loaders, of which the shell needs none: it has a compiled module.
 *
 * @param {string} script
 * @param {string} types its declarations
 */
export function exposeParts(script, types) {
  const end = types.indexOf(LOADER_TYPES);
  if (!script.includes(LOADERS) || end < 0) throw new Error('The glue ends with other loaders than expected');
  let short = script.replace(LOADERS, 'export { __wbg_get_imports as getImports, __wbg_finalize_init as start };');
  for (const fallback of FALLBACKS) {
    if (!fallback.test(short)) throw new Error(`The glue has no ${fallback}`);
    short = short.replace(fallback, '');
  }
  return {
    script: short,
    types: `${types.slice(0, end)}
/** What the wasm imports. */
export function getImports(): WebAssembly.Imports;

/** Takes an instance into use. */
export function start(instance: WebAssembly.Instance): void;
`,
  };
}
