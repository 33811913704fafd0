import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, MAX_DEPTH, MAX_TEXT } from '../../www/shell/encode.js';

/**
 * @param {unknown} value
 * @param {(string | number)[]} [base]
 */
function refusal(value, base) {
  try {
    return { code: `written as ${encode(value, base)}` };
  } catch (/** @type {any} */ { code, path }) {
    return { code, path };
  }
}

/** @param {...(string | number)} path */
const refusedAt = (...path) => ({ code: 'value_type', path });

/** @param {number} levels */
function nested(levels) {
  /** @type {unknown} */
  let value = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

test('plain JSON is written as JSON.stringify writes it', () => {
  const control = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code)).join('');
  for (const value of [
    null,
    true,
    '',
    `quote " backslash \\ ${control} é 漢 😀 \u2028`,
    0.1,
    -1.5e-9,
    1e21,
    [],
    {},
    [1, [2, { three: [] }]],
    { a: 1, 'b c': { d: null }, '': 0 },
  ]) {
    assert.deepEqual(JSON.parse(String(encode(value))), value);
    assert.equal(JSON.stringify(JSON.parse(String(encode(value)))), JSON.stringify(value));
  }
});

test('what JSON.stringify bends is written exactly or refused', () => {
  assert.equal(encode(-0), '0');
  assert.equal(encode(2n ** 64n), '18446744073709551616E0');
  assert.equal(encode(undefined), undefined);
  assert.equal(encode({ a: undefined, b: 1, c: undefined }), '{"b":1}');
  assert.deepEqual(refusal([1, undefined]), refusedAt(1));
  assert.deepEqual(refusal({ a: [0, { price: Number.NaN }] }), refusedAt('a', 1, 'price'));
  assert.deepEqual(refusal({ price: Number.POSITIVE_INFINITY }, ['items']), refusedAt('items', 'price'));
  assert.deepEqual(refusal({ a: () => {} }), refusedAt('a'));
  assert.deepEqual(refusal(Symbol('x')), refusedAt());
  assert.deepEqual(refusal(new Array(2)), refusedAt(0));
});

test('dates and toJSON', () => {
  assert.equal(encode({ at: new Date(0) }), '{"at":"1970-01-01T00:00:00.000Z"}');
  assert.deepEqual(refusal({ at: new Date(Number.NaN) }), refusedAt('at'));
  const decimal = { toJSON: () => '19.99' };
  assert.equal(encode([decimal, { decimal }]), '["19.99",{"decimal":"19.99"}]');
  const once = { toJSON: () => ({ a: 1, toJSON: undefined }) };
  assert.equal(encode(once), '{"a":1}');
  const endless = { toJSON: () => endless, a: 1 };
  assert.deepEqual(refusal(endless), refusedAt('toJSON'));
  assert.deepEqual(
    refusal({
      at: {
        toJSON() {
          throw new Error('no');
        },
      },
    }),
    refusedAt('at'),
  );
});

test('objects that are no plain data', () => {
  class Item {
    sku = 'A';
    #hidden = 1;
    get shown() {
      return this.#hidden;
    }
  }
  assert.equal(encode(new Item()), '{"sku":"A"}');
  assert.equal(encode(Object.create(null)), '{}');
  for (const value of [new Map([[1, 2]]), new Set(), new Uint8Array(2), Promise.resolve(1), new String('x')]) {
    assert.deepEqual(refusal({ value }), refusedAt('value'));
  }
});

test('a page that changes the prototypes of arrays and strings changes nothing', () => {
  const prototypes = /** @type {any[]} */ ([String.prototype, Number.prototype, Boolean.prototype]);
  for (const prototype of prototypes) prototype.toJSON = () => 'changed';
  try {
    assert.equal(encode(['a', 1, true]), '["a",1,true]');
  } finally {
    for (const prototype of prototypes) delete prototype.toJSON;
  }
});

test('getters and proxies that throw are refused where they stand', () => {
  const value = {
    a: 1,
    get b() {
      throw new Error('no');
    },
  };
  assert.deepEqual(refusal([value]), refusedAt(0, 'b'));
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assert.deepEqual(refusal({ proxy }), refusedAt('proxy'));
});

test('cycles are refused where they close, repetitions are not', () => {
  /** @type {Record<string, any>} */
  const value = { inner: { list: [1] } };
  value.inner.list.push(value.inner);
  assert.deepEqual(refusal(value), refusedAt('inner', 'list', 1));
  const shared = { a: 1 };
  assert.equal(encode([shared, shared]), '[{"a":1},{"a":1}]');
});

test('depth and length end somewhere', () => {
  assert.equal(encode(nested(MAX_DEPTH)), `${'['.repeat(MAX_DEPTH)}1${']'.repeat(MAX_DEPTH)}`);
  assert.deepEqual(refusal(nested(MAX_DEPTH + 1)), refusedAt(...Array(MAX_DEPTH).fill(0)));
  assert.equal(encode('x'.repeat(2 ** 20))?.length, 2 ** 20 + 2);
  assert.equal(encode('x'.repeat(MAX_TEXT - 2))?.length, MAX_TEXT);
  assert.deepEqual(refusal({ a: 'x'.repeat(MAX_TEXT) }), refusedAt('a'));
  const line = { text: 'x'.repeat(1000) };
  assert.deepEqual(refusal({ list: Array(10_000).fill(line) }).code, 'value_type');
});

test('half surrogate pairs are refused, whole ones are text', () => {
  assert.equal(encode('😀'), '"😀"');
  for (const text of ['\ud83d', '\ude00', 'a\ud83db', '\ude00\ud83d']) {
    assert.deepEqual(refusal({ text }), refusedAt('text'));
    assert.deepEqual(refusal({ [text]: 1 }), refusedAt(text));
  }
});

test('__proto__ is an ordinary key', () => {
  assert.equal(encode(JSON.parse('{"__proto__":{"a":1}}')), '{"__proto__":{"a":1}}');
});
