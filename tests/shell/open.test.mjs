import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { emptySnapshot, init, LIMITS, openCheckout, VERSION } from 'cartwright';
import { ENDPOINT, ITEM, openOffline } from './offline.mjs';

const root = new URL('../../', import.meta.url);

/** @param {string} file */
const read = (file) => readFile(new URL(file, root));

test('version and limits are those of the package and of the core', async () => {
  assert.equal(JSON.parse(String(await read('package.json'))).version, VERSION);
  assert.equal(/^version = "(.*)"$/m.exec(String(await read('Cargo.toml')))?.[1], VERSION);
  const glue = await import(String(new URL('build/glue/cartwright.js', root)));
  const { instance } = await WebAssembly.instantiate(await read('dist/cartwright.wasm'), glue.getImports());
  glue.start(instance);
  assert.equal(glue.version(), VERSION);
  assert.deepEqual(glue.limits(), { ...LIMITS });
  assert.ok(Object.isFrozen(LIMITS));
});

test('what is declared is what there is', async () => {
  for (const entry of ['index', 'inline']) {
    const declared = String(await read(`dist/${entry === 'inline' ? 'index' : entry}.d.ts`)).matchAll(
      /^export (?:declare )?(?:const|function|class) (\w+)/gm,
    );
    const module = await import(String(new URL(`dist/${entry}.js`, root)));
    assert.deepEqual(Object.keys(module).sort(), [...new Set([...declared].map(([, name]) => name))].sort(), entry);
  }
});

test('a checkout has every member by its name, and none of them can be replaced', async () => {
  const checkout = await openOffline();
  const members = Object.entries(checkout).flatMap(([name, member]) =>
    typeof member === 'function' ? [name] : Object.keys(member).map((inner) => `${name}.${inner}`),
  );
  assert.deepEqual(
    members.sort(),
    `attributes.remove attributes.set attributes.unset cancel cart.accept cart.add cart.clear cart.remove cart.replace
     cart.setQuantity cart.update close costs.remove costs.set coupons.add coupons.clear coupons.remove dispose edit
     finish flush get getSnapshot has identifiers.clear identifiers.set load log loyaltyCard.clear loyaltyCard.set on
     prepare preview profile.anonymous profile.set referral.clear referral.set refresh release reopen returnItems
     session.get session.has set settled startNew subscribe toRequest unset`.split(/\s+/),
  );
  assert.ok(Object.isFrozen(checkout) && Object.values(checkout).every(Object.isFrozen));
  assert.equal(checkout[Symbol.dispose], checkout.dispose);
  checkout.dispose();
});

test('the entry with the binary in it needs no file', async () => {
  const { openCheckout } = await import('cartwright/inline');
  const checkout = await openCheckout({ endpoint: ENDPOINT, currency: 'EUR', sync: { mode: 'manual' } });
  assert.ok(checkout.cart.add(ITEM).ok);
  checkout.dispose();
});

test('the empty snapshot has the parts of a real one and is frozen throughout', async () => {
  const checkout = await openOffline();
  const real = checkout.getSnapshot();
  checkout.dispose();
  /** @param {unknown} value @returns {boolean} */
  const frozen = (value) =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));
  assert.ok(frozen(emptySnapshot));
  assert.deepEqual(Object.keys(emptySnapshot).sort(), Object.keys(real).sort());
  for (const part of /** @type {const} */ (['totals', 'offers', 'loyalty', 'sync'])) {
    assert.deepEqual(Object.keys(emptySnapshot[part]).sort(), Object.keys(real[part]).sort(), part);
  }
});

test('session ids are unguessable, or the one that was given', async () => {
  const ids = [];
  for (const options of [{}, {}, { sessionId: 'order-17' }]) {
    const checkout = await openOffline(options);
    ids.push(checkout.getSnapshot().sessionId);
    checkout.dispose();
  }
  assert.match(ids[0] ?? '', /^cw-[0-9a-f]{32}$/);
  assert.match(ids[1] ?? '', /^cw-[0-9a-f]{32}$/);
  assert.notEqual(ids[0], ids[1]);
  assert.equal(ids[2], 'order-17');
});

test('options that are wrong are named', async () => {
  /** @type {[options: object, path: (string | number)[]][]} */
  const wrong = [
    [{ currency: undefined }, ['currency']],
    [{ currency: 'eur' }, ['currency']],
    [{ endpoint: '/session-api' }, ['endpoint']],
    [{ endpoint: 'ftp://127.0.0.1/' }, ['endpoint']],
    [{ endpoint: 'http://user:secret@127.0.0.1/' }, ['endpoint']],
    [{ endpoint: 'http://127.0.0.1/?a=1' }, ['endpoint']],
    [{ sessionId: '' }, ['sessionId']],
    [{ sessionId: 'x'.repeat(256) }, ['sessionId']],
    [{ storage: 'cookie' }, ['storage']],
    [{ storageKey: '' }, ['storageKey']],
    [{ headers: 'x' }, ['headers']],
    [{ headers: { 'bad name': 'x' } }, ['headers']],
    [{ credentials: 'always' }, ['credentials']],
    [{ fetch: {} }, ['fetch']],
    [{ allowCrossOrigin: 'yes' }, ['allowCrossOrigin']],
    [{ limits: 'none' }, ['limits']],
    [{ transitions: '2021' }, ['transitions']],
    [{ log: true }, ['log']],
    [{ sync: { mode: 'never' } }, ['sync', 'mode']],
    [{ sync: { debounceMs: -1 } }, ['sync', 'debounceMs']],
    [{ responseContent: [1] }, ['responseContent']],
    [{ sync: 'manual' }, ['sync']],
    [{ initial: [] }, ['initial']],
    [{ initial: { draft: 5 } }, ['initial', 'draft']],
    [{ headers: { Token: {} } }, ['headers']],
  ];
  for (const [options, path] of wrong) {
    await assert.rejects(openOffline(options), { name: 'CheckoutError', code: 'option_invalid', path }, path.join());
  }
  const longest = await openOffline({ sessionId: '😀'.repeat(255) });
  assert.equal(longest.getSnapshot().sessionId, '😀'.repeat(255));
  longest.dispose();
});

test('keys of a back end are refused, however they are written', async () => {
  for (const headers of [
    { Authorization: 'ApiKey-v1 0123456789abcdef' },
    { 'X-Any': 'prefix apikey-V1 0123' },
    { authorization: 'ManagementKey-v1 0123' },
    new Headers({ Authorization: 'MANAGEMENTKEY-V1 0123' }),
    [['Authorization', 'ApiKey-v1 0123']],
  ]) {
    await assert.rejects(openOffline(/** @type {any} */ ({ headers })), { code: 'api_key_in_browser' });
  }
});

test('a key that a header function gives never leaves', async () => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.writeHead(500).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const checkout = await openOffline({
    endpoint: `http://127.0.0.1:${port}/session-api`,
    headers: async () => ({ Authorization: 'ApiKey-v1 0123' }),
  });
  try {
    checkout.cart.add(ITEM);
    await assert.rejects(checkout.flush(), { name: 'CheckoutError', code: 'api_key_in_browser' });
    assert.equal(requests, 0);
  } finally {
    checkout.dispose();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('waits end by time or by signal, and say which', async () => {
  // Takes connections and never answers.
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const checkout = await openOffline({ endpoint: `http://127.0.0.1:${port}/session-api` });
  try {
    checkout.cart.add(ITEM);
    await assert.rejects(checkout.flush({ timeoutMs: 1 }), { code: 'timeout', retryable: true });
    const controller = new AbortController();
    const waiting = checkout.settled({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, ({ code, cause }) => code === 'aborted' && cause.message === 'enough');
    await assert.rejects(checkout.flush({ signal: AbortSignal.abort() }), { code: 'aborted' });
    assert.ok(checkout.cart.add(ITEM).ok);
  } finally {
    checkout.dispose();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('the request to come, as text and as an object', async () => {
  const checkout = await openOffline();
  checkout.cart.add({ sku: 'A', quantity: 2, price: '19.990' });
  checkout.attributes.set('note', 'a "quoted" 12345678901234567890 \\');
  checkout.set('experimentVariantAllocations', [{ experimentID: String(2n ** 62n), variantID: 7 }]);
  const text = checkout.toRequest();
  assert.match(text, /"experimentID":4611686018427387904/);
  assert.match(text, /"price":19\.99/);
  const request = checkout.toRequest({ as: 'object' });
  assert.deepEqual(request.customerSession.experimentVariantAllocations, [
    { experimentID: '4611686018427387904', variantID: 7 },
  ]);
  assert.deepEqual(request.customerSession.attributes, { note: 'a "quoted" 12345678901234567890 \\' });
  assert.equal(JSON.parse(text).customerSession.cartItems[0].quantity, 2);
  checkout.dispose();
});

test('init is one load for everybody, and takes what is loaded already', async () => {
  await Promise.all([init(), init(), openOffline().then(({ dispose }) => dispose())]);
  await init(new URL('http://127.0.0.1:9/not-asked.wasm'));
});

test('opening twice gives two checkouts', async () => {
  const options = { endpoint: ENDPOINT, currency: 'EUR', sync: /** @type {const} */ ({ mode: 'manual' }) };
  const [first, second] = await Promise.all([openCheckout(options), openCheckout(options)]);
  first.cart.add(ITEM);
  assert.equal(second.getSnapshot().lines.length, 0);
  assert.notEqual(first.getSnapshot().sessionId, second.getSnapshot().sessionId);
  first.dispose();
  second.dispose();
});
