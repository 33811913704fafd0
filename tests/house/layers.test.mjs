import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/lib/run.mjs';
import { breaches, code, layers, named } from './layers.mjs';

/** @param {string} folder */
const rustFiles = (folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.rs'));

const core = rustFiles('src').filter((name) => name !== 'lib.rs');

/** @param {string} name */
const layerOf = (name) => String(name.split(sep)[0]).replace(/\.rs$/, '');

test('every file of the core belongs to a layer, and every layer is there', () => {
  assert.deepEqual([...new Set(core.map(layerOf))].sort(), [...layers].sort());
});

test('no layer names a higher one, a wasm crate or waits, but the browser layer', () => {
  const found = core.flatMap((name) =>
    breaches(layerOf(name), readFileSync(join(root, 'src', name), 'utf8')).map((breach) => `${name} ${breach}`),
  );
  assert.deepEqual(found, []);
});

test('the session endpoint uses only amount, model and draft of the core', () => {
  const found = ['server/src', 'server/tests']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      rustFiles(folder).flatMap((name) =>
        named(code(readFileSync(join(root, folder, name), 'utf8')), 'cartwright').map((used) => `${name} uses ${used}`),
      ),
    );
  assert.ok(found.length > 0, 'it uses the core');
  assert.deepEqual(
    found.filter((use) => !/ uses (?:amount|model|draft)$/.test(use)),
    [],
  );
});

const wrong = [
  { layer: 'model', source: 'use crate::draft::Draft;', breach: 'names the higher layer draft' },
  { layer: 'amount', source: 'use crate::{amount::Amount, model};', breach: 'names the higher layer model' },
  {
    layer: 'draft',
    source: 'use crate::{\n  model::{Value, sync},\n  sync,\n};',
    breach: 'names the higher layer sync',
  },
  { layer: 'draft', source: 'fn f() { super::super::sync::run() }', breach: 'names the higher layer sync' },
  { layer: 'sync', source: 'fn f() -> js_sys::Array {}', breach: 'names js_sys' },
  { layer: 'sync', source: 'use wasm_bindgen_futures::spawn_local;', breach: 'names wasm_bindgen_futures' },
  { layer: 'sync', source: 'async fn f() {}', breach: 'uses async' },
  { layer: 'model', source: 'let x = "\\""; let y = f().await;', breach: 'uses .await' },
  { layer: 'sync', source: "let c = '\"'; crate::browser::f();", breach: 'names the higher layer browser' },
];
for (const { layer, source, breach } of wrong) {
  test(`the check sees in ${layer}: ${source}`, () => assert.deepEqual(breaches(layer, source), [breach]));
}

const right = [
  { layer: 'model', source: '/// See `crate::draft`, which is async.\nuse std::sync::Arc;' },
  { layer: 'model', source: 'let text = "crate::draft .await";' },
  { layer: 'sync', source: "use crate::{amount::Amount, draft::{self, Draft}}; fn f<'a>(a: &'a str) {}" },
  { layer: 'browser', source: 'use wasm_bindgen::prelude::*; use crate::sync::Machine; async fn f() {}' },
];
for (const { layer, source } of right) {
  test(`the check lets pass in ${layer}: ${source}`, () => assert.deepEqual(breaches(layer, source), []));
}
