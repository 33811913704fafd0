// npm run pictures [NAME …]: takes the pictures of the demo store in docs/pictures, at the width of a phone and of a
// desktop, or those of these names.
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

/** A cart with these codes, from the campaigns that make every effect appear. @param {object} session */
const loaded = (session) => `
  document.querySelector('cartwright-checkout').checkout.load(${JSON.stringify({
    cartItems: [
      {
        ...{ sku: 'MUG', name: 'Enamel mug', quantity: 2, price: '10.00', category: 'kitchen' },
        additionalCosts: { assembly: { price: '25.00' } },
      },
      { sku: 'TEE', name: 'T-shirt', quantity: 1, price: '19.99', category: 'clothes' },
    ],
    ...session,
  })});
`;
const phone = { width: 360, campaigns: 'everything.json' };
const loyal = { profileId: 'LOYAL-1', couponCodes: ['E-POINTS', 'E-PAY', 'E-GIVEAWAY'] };

/** @type {{ name: string, width: number, height: number, dark?: boolean, campaigns?: string, scripts: string[] }[]} */
const pictures = [
  { name: 'store-360', width: 360, height: 780, scripts: [filled] },
  { name: 'cart-360', width: 360, height: 1170, scripts: [filled, toCart] },
  { name: 'cart-360-dark', width: 360, height: 1170, dark: true, scripts: [filled, toCart] },
  { name: 'thanks-360', width: 360, height: 520, scripts: [filled, order, toCart] },
  { name: 'store-1280', width: 1280, height: 1240, scripts: [filled] },
  { name: 'store-1280-dark', width: 1280, height: 1240, dark: true, scripts: [filled] },
  {
    ...{ ...phone, name: 'effects-discounts', height: 1352 },
    scripts: [
      loaded({ couponCodes: ['E-DISCOUNT', 'E-ITEM', 'E-PRORATA', 'E-BUNDLE', 'E-SHIPPING', 'E-ASSEMBLY'] }),
      toCart,
    ],
  },
  {
    ...{ ...phone, name: 'effects-codes', height: 1392 },
    scripts: [
      loaded({ couponCodes: ['E-DISCOUNT', 'NO-SUCH', 'G-SMALL', 'G-LARGE', 'R-NEWER'], referralCode: 'F-OTHER' }),
      toCart,
    ],
  },
  {
    ...{ ...phone, name: 'effects-offers', height: 980 },
    scripts: [
      loaded({
        cartItems: [{ sku: 'NOTICE', name: 'Picture', quantity: 1, price: '450.00' }],
        couponCodes: ['E-FREE'],
      }),
      toCart,
    ],
  },
  { ...{ ...phone, name: 'effects-loyalty', height: 1152 }, scripts: [loaded(loyal), toCart] },
  { ...{ ...phone, name: 'effects-ordered', height: 640 }, scripts: [loaded(loyal), order, toCart] },
];

const settled = `(({ quote, lines, sync, state }) => state !== 'open' || (lines.length > 0 && quote?.current === true && sync.phase === 'idle'))
  (document.querySelector('cartwright-checkout').checkout.getSnapshot())`;

/**
 * @param {import('../tests/e2e/harness.mjs').Page} page
 * @param {(typeof pictures)[number]} picture
 */
async function take(page, { name, width, height, dark = false, campaigns, scripts }) {
  // One each, since a browser remembers the cart of an address.
  const sandbox = await startSandbox(campaigns);
  try {
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
    await page.until(`document.querySelector('[data-testid="add-MUG"]')?.disabled === false`);
    for (const script of scripts) {
      await page.run(script);
      await page.until(settled);
    }
    await page.until(`[...document.images].every((image) => image.complete)`);
    const { data } = await page.driver.sendCommandAndGetResult('Page.captureScreenshot', { format: 'png' });
    writeFileSync(join(folder, `${name}.png`), Buffer.from(data, 'base64'));
    console.log(`docs/pictures/${name}.png`);
  } finally {
    await sandbox.stop();
  }
}

await main(async () => {
  const wanted = process.argv.slice(2);
  await build();
  await buildServer();
  mkdirSync(folder, { recursive: true });
  const page = await openBrowser('chromium');
  try {
    for (const picture of pictures) {
      if (wanted.length === 0 || wanted.includes(picture.name)) await take(page, picture);
    }
  } finally {
    await page.close();
  }
});
