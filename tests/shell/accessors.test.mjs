// Every cell of the accessors' tables, performed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSession } from 'cartwright';
import { openOffline } from './offline.mjs';

/** @param {string} file */
const read = (file) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

const [, ...chapters] = read('docs/accessors.md').split(/^## /m);
const tables = Object.fromEntries(
  chapters.map((chapter) => {
    const rows = chapter.split('\n').filter((line) => line.startsWith('| `'));
    const [, example = ''] = /```json\n([^`]*)```/.exec(chapter) ?? [];
    const cells = rows.map((row) => [...row.matchAll(/\| `(.*?)`(?= \|)/g)].map(([, cell]) => String(cell)));
    return [chapter.split('\n')[0], { example, rows: cells }];
  }),
);

/**
 * Performs a cell with these things by name.
 *
 * @param {string | undefined} cell
 * @param {object} [things]
 */
const perform = (cell, things = {}) =>
  new Function(...Object.keys(things), `return (${cell});`)(...Object.values(things));

/** @param {string} model the fields that a table names */
const fields = (model) => tables[model]?.rows.map((/** @type {string[]} */ [field]) => field);

test('the tables name every field of the models', () => {
  const [, members = ''] = /NewCustomerSessionV2 \{([^}]*)\}/.exec(read('src/model/request.rs')) ?? [];
  const request = [...members.matchAll(/= "(\w+)"/g)].map(([, name]) => name);
  assert.deepEqual(
    fields('NewCustomerSessionV2'),
    request.filter((name) => name !== 'state'),
  );
  const models = read('tests/fixtures/models/models.tsv').split('\n');
  const answer = models.map((row) => row.split('\t')).filter(([model]) => model === 'CustomerSessionV2');
  assert.deepEqual(
    fields('CustomerSessionV2')?.sort(),
    [...answer.map(([, name]) => name), 'closurePrediction'].sort(),
  );
  const old = Object.keys(JSON.parse(read('tests/fixtures/api/080-v1-session.json')));
  assert.deepEqual(fields('CustomerSession'), [...old, 'updateCount']);
});

for (const [field, set, get, gives, has, unset] of tables.NewCustomerSessionV2?.rows ?? []) {
  test(`${field} of a request is set, read, and taken back`, async () => {
    const checkout = await openOffline();
    const { [String(field)]: value } = { ...perform(gives && `{ ${field}: ${gives} }`) };
    assert.deepEqual([perform(get, checkout), perform(has, checkout)], [undefined, false]);
    assert.equal(perform(set, checkout).ok, true);
    assert.deepEqual([perform(get, checkout), perform(has, checkout)], [value, true]);
    assert.equal(perform(unset, checkout).ok, true);
    assert.deepEqual([perform(get, checkout), perform(has, checkout)], [undefined, false]);
    assert.equal(checkout.load({ [String(field)]: value }).ok, true);
    assert.deepEqual(perform(get, checkout), value);
    checkout.dispose();
  });
}

test('the state of a request is changed by no setter', async () => {
  const checkout = await openOffline();
  assert.equal(checkout.getSnapshot().state, 'open');
  const closed = /** @type {any} */ (checkout).set('state', 'closed');
  assert.equal(closed.error.code, 'state_forbidden');
  checkout.dispose();
});

test('every field of an answer is read', async () => {
  const { example, rows } = /** @type {{ example: string, rows: string[][] }} */ (tables.CustomerSessionV2);
  const initial = { answer: `{"customerSession":${example},"effects":[]}` };
  const checkout = await openOffline({ sessionId: 'cart-1', initial });
  const empty = await openOffline();
  for (const [field, get, gives, has] of rows) {
    assert.deepEqual([perform(get, checkout), perform(has, checkout)], [perform(gives), true], field);
    assert.deepEqual([perform(get, empty), perform(has, empty)], [undefined, false], field);
  }
  assert.deepEqual(Object.keys(readSession(example)), Object.keys(JSON.parse(example)));
  checkout.dispose();
  empty.dispose();
});

test('every field of an answer of the first form is read', () => {
  const { example: data, rows } = /** @type {{ example: string, rows: string[][] }} */ (tables.CustomerSession);
  for (const [field, get, gives, has] of rows) {
    const things = { readSession, data };
    assert.deepEqual([perform(get, things), perform(has, things)], [perform(gives), true], field);
    assert.equal(perform(has, { readSession, data: '{}' }), false, field);
  }
  assert.deepEqual(readSession(data).couponCodes, ['XMAS-20-2021']);
});
