import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

const dist = new URL('../../dist/', import.meta.url);

/** @type {Uint8Array<ArrayBuffer>} */
let wasm;
/** @type {import('node:http').Server} */
let server;
let base = '';
let copies = 0;

/** @type {Record<string, { status?: number, type?: string, body?: () => Uint8Array }>} */
const FILES = {
  '/good.wasm': { type: 'application/wasm' },
  '/typed.wasm': { type: 'application/octet-stream' },
  '/missing.wasm': { status: 404 },
  '/page.wasm': { type: 'text/html', body: () => Buffer.from('<!doctype html>') },
  '/cut.wasm': { type: 'application/wasm', body: () => wasm.subarray(0, 1000) },
  '/foreign.wasm': { type: 'application/wasm', body: () => Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0) },
};

before(async () => {
  wasm = new Uint8Array(await readFile(new URL('cartwright.wasm', dist)));
  server = createServer(({ url = '' }, response) => {
    const { status = 200, type = 'text/plain', body = () => wasm } = FILES[url] ?? { status: 404 };
    response.writeHead(status, { 'Content-Type': type }).end(body());
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  base = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
});

after(() => new Promise((resolve) => server.close(resolve)));

/** A copy of the module that has loaded nothing yet. @returns {Promise<typeof import('cartwright')>} */
const fresh = () => {
  copies += 1;
  return import(`${new URL('index.js', dist)}?${copies}`);
};

/** @param {string} [algorithm] */
const integrity = (algorithm = 'sha384') => `${algorithm}-${createHash(algorithm).update(wasm).digest('base64')}`;

/** @param {typeof import('cartwright')} cartwright */
async function works(cartwright) {
  const checkout = await cartwright.openCheckout({ endpoint: `${base}/x`, currency: 'EUR', sync: { mode: 'manual' } });
  assert.ok(checkout.cart.add({ sku: 'A', price: '1' }).ok);
  checkout.dispose();
}

/** @type {Record<string, () => any>} */
const GOOD = {
  'nothing: the file beside the script': () => undefined,
  'a file URL': () => new URL('cartwright.wasm', dist),
  'the text of a file URL': () => String(new URL('cartwright.wasm', dist)),
  'the text of a URL': () => `${base}/good.wasm`,
  'a URL': () => new URL(`${base}/good.wasm`),
  'a wrong content type': () => new URL(`${base}/typed.wasm`),
  'a Request': () => new Request(`${base}/good.wasm`),
  'a Response': () => fetch(`${base}/good.wasm`),
  'a promise of bytes': () => Promise.resolve(wasm),
  'an ArrayBuffer': () => Uint8Array.from(wasm).buffer,
  'a module': () => new WebAssembly.Module(wasm),
  'a fetched file with its hash': () => ({ source: `${base}/good.wasm`, integrity: integrity() }),
  'a read file with its hash': () => ({ source: new URL('cartwright.wasm', dist), integrity: integrity('sha256') }),
  'a Response with its hash': () => ({ source: fetch(`${base}/good.wasm`), integrity: integrity('sha512') }),
  'two hashes, of which the stronger one counts': () => ({ source: wasm, integrity: `sha256-AAAA ${integrity()}` }),
};

for (const [name, source] of Object.entries(GOOD)) {
  test(`init with ${name}`, async () => {
    const cartwright = await fresh();
    await cartwright.init(source());
    await works(cartwright);
  });
}

/** The wasm with one import under another name, as another build has it. */
function ofAnotherBuild() {
  const names = WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map(({ name }) => name);
  const [build = ''] = names.filter((name) => name.length === 8);
  const bytes = Buffer.from(wasm);
  bytes.write('x'.repeat(build.length), bytes.indexOf(build), 'latin1');
  return bytes;
}

/** @type {[name: string, source: () => any, error: object][]} */
const BAD = [
  ['nobody there', () => 'http://127.0.0.1:9/x.wasm', { code: 'wasm_unreachable', retryable: true }],
  ['no such file', () => new URL('none.wasm', dist), { code: 'wasm_unreachable' }],
  ['a 404', () => `${base}/missing.wasm`, { code: 'wasm_unreachable', status: 404 }],
  ['a page instead', () => `${base}/page.wasm`, { code: 'wasm_invalid' }],
  ['a cut file', () => `${base}/cut.wasm`, { code: 'wasm_invalid' }],
  ['a foreign module', () => `${base}/foreign.wasm`, { code: 'wasm_invalid' }],
  ['the file of another build', ofAnotherBuild, { code: 'version_mismatch' }],
  ['a promise of nonsense', () => Promise.resolve(5), { code: 'option_invalid' }],
  ['a promise that fails', () => Promise.reject(new Error('x')), { code: 'wasm_unreachable' }],
  ['bytes of another hash', () => ({ source: wasm, integrity: 'sha384-AAAA' }), { code: 'wasm_invalid' }],
  [
    'a weaker hash that fits',
    () => ({ source: wasm, integrity: `${integrity('sha256')} sha512-AAAA` }),
    { code: 'wasm_invalid' },
  ],
  [
    'a fetched file of another hash',
    () => ({ source: `${base}/good.wasm`, integrity: integrity().replace(/.{8}$/, 'AAAAAAAA') }),
    { code: 'wasm_unreachable' },
  ],
  [
    'a module with a hash',
    () => ({ source: new WebAssembly.Module(wasm), integrity: integrity() }),
    { code: 'option_invalid' },
  ],
];

for (const [name, source, error] of BAD) {
  test(`init with ${name}, and then with the right one`, async () => {
    const cartwright = await fresh();
    await assert.rejects(cartwright.init(source()), { name: 'CheckoutError', ...error });
    await cartwright.init();
    await works(cartwright);
  });
}

test('concurrent loads are one request', async () => {
  const cartwright = await fresh();
  let requests = 0;
  server.on('request', () => {
    requests += 1;
  });
  await Promise.all([1, 2, 3].map(() => cartwright.init(`${base}/good.wasm`)));
  assert.equal(requests, 1);
});
