// npm run bench: what an edit costs in headless Chromium, for carts of three sizes: in memory, until it is stored, and
// what storing costs whoever writes the whole cart. All sides in one page, medians over interleaved rounds.
import { openBrowser, startSandbox } from '../tests/e2e/harness.mjs';
import { build } from './build.mjs';
import { main } from './lib/run.mjs';
import { buildServer } from './lib/server.mjs';

const SIZES = [10, 100, 1000];
const ROUNDS = 200;

// Runs in the page.
const measure = `
  const [size, rounds] = arguments;
  return (async () => {
    const { openCheckout } = await import('/dist/index.js');
    let written = 0;
    const { put } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.put = function (value, ...key) {
      written += JSON.stringify(value).length;
      return put.call(this, value, ...key);
    };
    const checkout = await openCheckout({ currency: 'EUR', sessionId: 'bench-' + size, sync: { mode: 'manual' } });
    const isStored = ({ persistedRevision, revision }) => persistedRevision === revision;
    const stored = () =>
      isStored(checkout.getSnapshot()) ||
      new Promise((resolve) => {
        const off = checkout.subscribe((snapshot) => isStored(snapshot) && resolve(off()));
      });
    const items = Array.from({ length: size }, (_, index) => ({
      sku: 'SKU-' + index, name: 'A product with a name', quantity: 1, price: '19.99',
    }));
    checkout.cart.replace(items);
    await stored();
    const opening = indexedDB.open('bench', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('carts');
    await new Promise((resolve) => { opening.onsuccess = resolve; });
    const write = (value) =>
      new Promise((resolve) => {
        const work = opening.result.transaction('carts', 'readwrite');
        put.call(work.objectStore('carts'), value, 'cart');
        work.oncomplete = resolve;
      });
    const { id } = checkout.getSnapshot().lines[size >> 1];
    let quantity = 1;
    const edit = () => {
      quantity = quantity === 1 ? 2 : 1;
      if (!checkout.cart.setQuantity(id, quantity).ok) throw new Error('refused');
      return checkout.getSnapshot();
    };
    const sides = {
      'edit and snapshot': edit,
      'until it is stored': () => { edit(); return stored(); },
      'one small record': () => write('x'.repeat(100)),
      'the whole cart': () => write(JSON.stringify(checkout.getSnapshot().draft)),
    };
    const times = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
    let bytes = 0;
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, work] of Object.entries(sides)) {
        await stored();
        written = 0;
        const start = performance.now();
        await work();
        times[name].push(performance.now() - start);
        if (name === 'until it is stored') bytes = Math.max(bytes, written);
      }
    }
    const whole = JSON.stringify(checkout.getSnapshot().draft).length;
    checkout.dispose();
    const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
    return {
      size, bytes, whole,
      ...Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)])),
    };
  })();
`;

await main(async () => {
  await build();
  await buildServer();
  const sandbox = await startSandbox();
  const page = await openBrowser('chromium');
  try {
    /** @type {Record<string, any>[]} */
    const rows = [];
    for (const size of SIZES) {
      await page.open(`${sandbox.address}/healthz?${size}`);
      rows.push(await page.run(measure, size, ROUNDS));
    }
    const ms = (/** @type {number} */ time) => `${time.toFixed(2)} ms`;
    console.log(
      '| lines | edit and snapshot | until it is stored | one small record | the whole cart | characters per edit | of the whole cart |',
    );
    console.log('|---|---|---|---|---|---|---|');
    for (const row of rows) {
      const times = ['edit and snapshot', 'until it is stored', 'one small record', 'the whole cart'].map((name) =>
        ms(row[name]),
      );
      console.log(`| ${[row.size, ...times, row.bytes, row.whole].join(' | ')} |`);
    }
    console.log(JSON.stringify(rows));
    const stored = rows.at(-1)?.['until it is stored'];
    if (!(stored < 5)) throw new Error(`It takes ${ms(stored)} until an edit of a large cart is stored`);
    const bytes = rows.map((row) => row.bytes);
    // The numbers of edits have more digits after a while.
    if (Math.max(...bytes) - Math.min(...bytes) > 8)
      throw new Error('What an edit writes depends on the size of the cart');
  } finally {
    await page.close();
    await sandbox.stop();
  }
});
