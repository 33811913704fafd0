// No page is wider than the screen that shows it, with long names, long codes and large amounts in the cart.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { suite } from './harness.mjs';

const LONG_NAME = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen';

// Runs in the page: what sticks out at the right or the left, in the page and in shadow roots.
const sticksOut = `
  const width = document.documentElement.clientWidth;
  const all = (root) => [...root.querySelectorAll('*')].flatMap((node) => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])]);
  const seen = (node) => node.getClientRects().length > 0 && !node.closest('.skip, .unseen');
  const name = (node) => node.localName + (node.getAttribute('part') || node.className ? '.' + (node.getAttribute('part') || node.className) : '');
  return [
    ...(document.documentElement.scrollWidth > width ? ['page: ' + document.documentElement.scrollWidth] : []),
    ...all(document.body).filter(seen).filter((node) => {
      const { left, right } = node.getBoundingClientRect();
      return left < -0.5 || right > width + 0.5;
    }).map(name),
  ];
`;

suite('overflow', (given) => {
  before(() => given.sandbox.reset());

  for (const width of [360, 1280]) {
    test(`the demo store fits ${width} px, empty and full`, async () => {
      const { page, sandbox } = given;
      await page.viewport(width, 800);
      await page.open(`${sandbox.address}/`);
      await page.until(`document.querySelector('[data-testid="add-MUG"]')?.disabled === false`);
      assert.deepEqual(await page.run(sticksOut), []);

      await page.run(`
        const { checkout } = document.querySelector('cartwright-checkout');
        checkout.cart.add({ sku: 'LONG', name: ${JSON.stringify(LONG_NAME)}, price: '123456789.99', quantity: 99 });
        checkout.cart.add({ sku: 'TRAIL-SHOE', name: 'Trail shoe', price: '59.00', category: 'shoes', quantity: 2 });
        for (const code of ['XMAS-20-2021', 'SHOES5', 'LUCKY', 'EXPIRED', 'A'.repeat(100)]) checkout.coupons.add(code);
        checkout.referral.set('NT2K54D9');
        checkout.profile.set('SHOPPER');
      `);
      await page.until(`document.querySelector('cartwright-checkout').checkout.getSnapshot().quote?.current === true`);
      await page.shows({ part: 'coupon-error' }, /EXPIRED/);
      await page.shows({ part: 'reward', nth: 2 }, /Concert tickets/);
      assert.deepEqual(await page.run(sticksOut), []);
    });

    for (const path of ['/module.html', '/script-tag.html']) {
      test(`${path} fits ${width} px`, async () => {
        const { page, sandbox } = given;
        await page.viewport(width, 800);
        await page.open(sandbox.address + path);
        await page.find('[data-testid="add-MUG"]');
        assert.deepEqual(await page.run(sticksOut), []);
      });
    }
  }
});
