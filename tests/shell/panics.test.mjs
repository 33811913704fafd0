import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silencePanics } from '../../scripts/lib/panics.mjs';

const wasm = `(module
 (data $.rodata (i32.const 16) "src/a.rsquotes \\22\\10\\00\\00\\00\\08\\00\\00\\00\\07\\00\\00\\00\\05\\00\\00\\00kept.rs")
 (func $"core[0a]::panicking::panic_fmt" (param $0 i32)
  (call $print
   (local.get $0)
  )
 )
 (func $"core[0a]::option::Option<T>::is_some" (result i32)
  (i32.const 1)
 )
)
`;

const text = (/** @type {string} */ from) =>
  Buffer.from((/ "([^"]*)"\)\n/.exec(from)?.[1] ?? '').replaceAll('\\', ''), 'hex').toString('latin1');

test('a panic ends at once, and the place that it would have named is gone', () => {
  const silent = silencePanics(wasm);
  assert.match(silent, /panic_fmt" \(param \$0 i32\)\n {2}\(unreachable\)\n \)\n/);
  assert.match(silent, /is_some" \(result i32\)\n {2}\(i32\.const 1\)\n \)\n/);
  assert.equal(text(silent), `${'\0'.repeat(8)}quotes "${'\0'.repeat(16)}kept.rs`);
});

test('a wasm without names is refused', () => {
  assert.throws(() => silencePanics('(module\n (func $1\n  (nop)\n )\n)\n'), /by a name that is known/);
});
