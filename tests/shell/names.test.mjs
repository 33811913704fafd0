import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortenNames } from '../../scripts/lib/names.mjs';

const WASM = ` (import "./bg.js" "__wbg_new_12" (func $fimport$0 (result externref)))
 (import "./bg.js" "__wbg_init" (func $fimport$1))
 (memory $0 17)
 (export "memory" (memory $0))
 (export "core_new" (func $7))
 (export "unused" (func $8))
 (export "version" (func $9))
`;

const GLUE = `function core() { return wasm.core_new(wasm.memory.buffer); }
function version() { return wasm.version(); }
    const import0 = {
        __wbg_init: function() {
            return core_new;
        },
        __wbg_new_12: function() { return handleError(function () {
        }, arguments); },
    };
        "./bg.js": import0,
`;

test('names are short on both sides, and unused exports are gone', () => {
  const { wasm, glue, build } = shortenNames(WASM, GLUE);
  assert.match(build, /^[\w-]{8}$/);
  assert.equal(
    wasm,
    ` (import "a" "${build}" (func $fimport$0 (result externref)))
 (import "a" "a" (func $fimport$1))
 (memory $0 17)
 (export "b" (memory $0))
 (export "a" (func $7))
 (export "version" (func $9))
`,
  );
  assert.equal(
    glue,
    `function core() { return wasm.a(wasm.b.buffer); }
function version() { return wasm.version(); }
    const import0 = {
        "a": function() {
            return core_new;
        },
        "${build}": function() { return handleError(function () {
        }, arguments); },
    };
        "a": import0,
`,
  );
});

test('another glue is another build', () => {
  assert.notEqual(shortenNames(WASM, `${GLUE} `).build, shortenNames(WASM, GLUE).build);
});

/** @type {[what: string, wasm: string, glue: string, message: RegExp][]} */
const WRONG = [
  ['an import that nobody gives', WASM.replace('__wbg_init', 'other'), GLUE, /glue does not give .*other/],
  [
    'a function that nobody imports',
    WASM,
    GLUE.replace('    };', '        other: function() {},\n    };'),
    /not import .*other/,
  ],
  ['another module', WASM.replace('./bg.js', './other.js'), GLUE, /glue does not give .*other/],
  ['a missing export', WASM, GLUE.replace('core_new(', 'other('), /does not export .*other/],
  ['no imports', '', '', /no name at all/],
  ['no version', WASM, GLUE.replace('wasm.version', 'version'), /shell looks for: version/],
];
for (const [what, wasm, glue, message] of WRONG) {
  test(`refused: ${what}`, () => assert.throws(() => shortenNames(wasm, glue), { message }));
}
