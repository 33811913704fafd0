// Takes the pictures of the demo store in docs/pictures, at the width of a phone and of a desktop.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, startSandbox } from '../tests/e2e/harness.mjs';
import { build } from './build.mjs';
import { main, root } from './lib/run.mjs';
import { buildServer } from './lib/server.mjs';

const folder = join(root, 'docs', 'pictures');

/** Fills a cart whose totals a float would get wrong, and tries two codes. */
const filled = `
  const { checkout } = document.querySelector('cartwright-checkout');
  for (const sku of ['STICKER', 'STICKER', 'STICKER', 'MUG', 'TOTE']) document.querySelector('[data-testid="add-' + sku + '"]').click();
  for (const code of ['XMAS-20-2021', 'EXPIRED']) checkout.coupons.add(code);
`;
const toCart = `document.querySelector('#cart').scrollIntoView({ behavior: 'instant' });`;
const order = `document.querySelector('cartwright-checkout').shadowRoot.querySelector('[part~=checkout-button]').click();`;

/** @type {{ name: string, width: number, height: number, dark?: boolean, scripts: string[] }[]} */
const pictures = [
  { name: 'store-360', width: 360, height: 780, scripts: [filled] },
  { name: 'cart-360', width: 360, height: 1170, scripts: [filled, toCart] },
  { name: 'cart-360-dark', width: 360, height: 1170, dark: true, scripts: [filled, toCart] },
  { name: 'thanks-360', width: 360, height: 520, scripts: [filled, order, toCart] },
  { name: 'store-1280', width: 1280, height: 1240, scripts: [filled] },
  { name: 'store-1280-dark', width: 1280, height: 1240, dark: true, scripts: [filled] },
];

const settled = `(({ quote, lines, sync, state }) => state !== 'open' || (lines.length > 0 && quote?.current === true && sync.phase === 'idle'))
  (document.querySelector('cartwright-checkout').checkout.getSnapshot())`;

await main(async () => {
  await build();
  await buildServer();
  mkdirSync(folder, { recursive: true });
  const sandbox = await startSandbox();
  const page = await openBrowser('chromium');
  try {
    for (const { name, width, height, dark = false, scripts } of pictures) {
      await page.driver.sendCommandAndGetResult('Emulation.setEmulatedMedia', {
        features: [
          { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' },
          { name: 'prefers-reduced-motion', value: 'reduce' },
        ],
      });
      await page.driver.sendCommandAndGetResult('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: width < 600 ? 2 : 1,
        mobile: width < 600,
      });
      await page.driver.sendCommandAndGetResult('Emulation.setScrollbarsHidden', { hidden: true });
      await page.open(`${sandbox.address}/`);
      await page.run(`sessionStorage.clear();`);
      await page.open(`${sandbox.address}/`);
      await page.until(`document.querySelector('[data-testid="add-MUG"]')?.disabled === false`);
      for (const script of scripts) {
        await page.run(script);
        await page.until(settled);
      }
      await page.until(`[...document.images].every((image) => image.complete)`);
      const { data } = await page.driver.sendCommandAndGetResult('Page.captureScreenshot', { format: 'png' });
      writeFileSync(join(folder, `${name}.png`), Buffer.from(data, 'base64'));
      console.log(`docs/pictures/${name}.png`);
    }
  } finally {
    await page.close();
    await sandbox.stop();
  }
});
