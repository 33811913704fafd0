// A shopper in the demo store, from the first click to the next order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suite } from './harness.mjs';
import {
  addButton,
  agrees,
  fill,
  host,
  inside,
  keys,
  requests,
  saved,
  session,
  shopping,
  snapshot,
  typeQuantity,
  units,
  visible,
} from './store.mjs';

suite('shop', (given) => {
  shopping(given, '/');

  test('two products and a changed quantity: every sum is exact', async () => {
    const { page } = given;
    await fill(given, 'STICKER', 'MUG', 'TOTE');
    await page.shows('count', '3 items');
    await page.click({ part: 'increase', nth: 2 });
    await typeQuantity(given, 0, '3');
    await page.shows('count', '6 items');
    await page.shows({ part: 'line-payable', nth: 0 }, '€0.30');
    await page.shows({ part: 'line-payable', nth: 2 }, '€66.66');
    await page.shows('row-items', 'Items€86.95');
    await page.shows('row-cost', 'Shipping€4.90');
    await page.shows('payable', '€91.85');
    await page.shows('notification', 'Almost there Spend 13.05 more for a free gift.');
    await page.shows('sync', 'Saved');
    const stored = await agrees(given);
    assert.deepEqual(units(stored.cartItems), { STICKER: 3, MUG: 1, TOTE: 2 });
    assert.equal(stored.cartItemTotal, 86.95);
    assert.equal(stored.total, 91.85);

    await page.click({ part: 'decrease', nth: 2 });
    await page.click({ part: 'remove', nth: 1 });
    await page.shows('count', '4 items');
    await page.shows('payable', '€38.53');
    assert.deepEqual(units((await agrees(given)).cartItems), { STICKER: 3, TOTE: 1 });
  });

  test('a coupon is accepted: its discount by name, the payable exact, and gone with the code', async () => {
    const { page } = given;
    await fill(given, 'STICKER', 'MUG', 'TOTE', 'TOTE');
    await page.type('coupon-input', ' XMAS-20-2021 ');
    await page.click('coupon-add');
    await page.shows('row-discount', '20% off-€17.35');
    await page.shows('payable', '€74.30');
    await page.shows('row-total', 'Total before discounts€91.65');
    await page.shows({ part: 'chip', text: 'XMAS-20-2021' }, /accepted/);
    await page.shows('checkout-button', /€74\.30/);
    assert.equal(await page.run(`return ${inside('coupon-input')}.value`), '');
    const { totals } = await saved(given);
    assert.equal(totals.payable, '74.30');
    assert.deepEqual((await agrees(given)).couponCodes, ['XMAS-20-2021']);

    await page.click({ part: 'increase', nth: 0 });
    await page.shows('row-discount', '20% off-€17.37');
    assert.equal((await saved(given)).totals.payable, '74.38');

    await page.click('code-remove');
    await page.until(`!${inside('row-discount')}`);
    await page.shows('payable', '€91.75');
    assert.deepEqual((await agrees(given)).couponCodes, []);
  });

  test('an unknown code is refused with its reason beside the field', async () => {
    const { page } = given;
    await fill(given, 'MUG');
    await page.type('coupon-input', 'NO-SUCH-CODE');
    await page.press(keys.enter);
    await page.shows('coupon-error', 'NO-SUCH-CODE: We do not know this code. Please check the spelling.');
    const [described, role, distance] = await page.run(`
      const input = ${inside('coupon-input')};
      const error = input.getRootNode().getElementById(input.getAttribute('aria-describedby'));
      return [error === ${inside('coupon-error')}, error.getAttribute('role'),
        error.getBoundingClientRect().top - input.getBoundingClientRect().bottom];
    `);
    assert.deepEqual([described, role], [true, 'alert']);
    assert.ok(distance >= 0 && distance < 40, `the reason stands ${distance} px below the field`);
    await page.shows('payable', '€24.89');

    await page.type('coupon-input', 'EXPIRED');
    await page.press(keys.enter);
    await page.shows('coupon-error', /^NO-SUCH-CODE: .*\nEXPIRED: This code has expired\.$/);
    await page.click({ part: 'code-remove', nth: 1 });
    await page.click('code-remove');
    await page.until(`${inside('coupon-error')}.getClientRects().length === 0`);
  });

  test('a referral code is accepted or refused beside its own field', async () => {
    const { page } = given;
    await fill(given, 'MUG');
    await page.click('referral-toggle');
    await page.type('referral-input', 'NOBODY');
    await page.press(keys.enter);
    await page.shows('referral-error', 'NOBODY: We do not know this code. Please check the spelling.');
    await page.type('referral-input', 'NT2K54D9');
    await page.press(keys.enter);
    await page.shows('row-discount', 'Referral-€5.00');
    await page.shows('payable', '€19.89');
    await page.shows('referral-chips', /^NT2K54D9\s*accepted$/);
    assert.equal(await visible(given, 'referral-error'), 0);
    assert.equal((await agrees(given)).referralCode, 'NT2K54D9');
  });

  test('10 001 units are refused with the limit and what it would be, and nothing changes', async () => {
    const { page } = given;
    const before = await fill(given, 'MUG', 'TOTE');
    const sent = await requests(given, before.sessionId);
    await typeQuantity(given, 0, '10000');
    await page.shows('line-error', 'A cart holds at most 10000 units in all; this would make 10001.');
    const [invalid, described] = await page.run(`
      const input = ${inside('quantity')};
      return [input.getAttribute('aria-invalid'), input.getRootNode().getElementById(input.getAttribute('aria-describedby')).textContent];
    `);
    assert.equal(invalid, 'true');
    assert.match(described, /10001/);
    await page.shows('count', '2 items');
    await page.shows('payable', '€58.22');
    const after = await page.run(`return ${host}.checkout.flush()`);
    assert.equal(after.revision, before.revision);
    assert.deepEqual(after.lines, before.lines);
    assert.deepEqual(await requests(given, before.sessionId), sent);

    await typeQuantity(given, 0, '9999');
    await page.shows('count', '10000 items');
    assert.equal(await visible(given, 'line-error'), 0);
    assert.deepEqual(units((await agrees(given)).cartItems), { MUG: 9999, TOTE: 1 });
    await page.click({ part: 'increase', nth: 1 });
    await page.shows({ part: 'line-error', nth: 1 }, /at most 10000 .* 10001/);
  });

  test('twenty quick clicks cost at most two further requests', async () => {
    const { page } = given;
    const { sessionId } = await fill(given, 'TOTE');
    const before = await requests(given, sessionId);
    // How quick a driver is says nothing of how quick a shopper is.
    await page.run(`
      const button = ${inside('increase')};
      for (let turn = 0; turn < 20; turn += 1) button.click();
    `);
    await page.shows('count', '21 items');
    await page.shows('payable', '€704.83');
    const stored = await agrees(given);
    assert.deepEqual(units(stored.cartItems), { TOTE: 21 });
    const further = (await requests(given, sessionId)).length - before.length;
    assert.ok(further >= 1 && further <= 2, `${further} further requests`);
  });

  test('a free item is offered from 100.00 on, and costs nothing', async () => {
    const { page } = given;
    await fill(given, 'STICKER');
    await typeQuantity(given, 0, '999');
    await page.shows('notification', /Spend 0\.10? more/);
    assert.equal(await visible(given, 'offer'), 0);
    await page.click('increase');
    await page.shows('offer', /Free for you: Free socks/);
    assert.equal(await visible(given, 'notification'), 0);
    await page.click('offer-add');
    await page.shows('count', '1001 items');
    await page.shows({ part: 'unit-price', nth: 1 }, 'Free');
    await page.shows({ part: 'line-payable', nth: 1 }, '€0.00');
    await page.shows('payable', '€104.90');
    await page.until(`!${inside('offer')}`);
    const { cartItems, total } = await agrees(given);
    assert.deepEqual(units(cartItems), { STICKER: 1000, 'GIFT-SOCKS': 1 });
    assert.equal(cartItems[1].price, 0);
    assert.equal(total, 104.9);
  });

  test('a shopper who signed in sees points, the level they lead to and a giveaway, whose code comes with the order', async () => {
    const { page } = given;
    await fill(given, 'MUG', 'TOTE');
    assert.equal(await visible(given, 'rewards'), 0, 'nobody is signed in');
    await page.run(`
      const { checkout } = ${host};
      checkout.profile.set('SHOPPER-' + checkout.getSnapshot().sessionId);
      checkout.coupons.add('LUCKY');
    `);
    await page.shows({ part: 'reward', nth: 0 }, /^Points for your order\s\+53\.32 points$/);
    await page.shows({ part: 'reward', nth: 1 }, /^Concert tickets\syours with this order$/);
    await page.click({ part: 'increase', nth: 1 }, 2);
    await page.shows({ part: 'reward', nth: 0 }, /\+119\.98 points$/);
    await page.shows({ part: 'reward', nth: 1 }, /^Your new level\sSilver$/);
    const { loyalty, offers } = await saved(given);
    assert.deepEqual([loyalty.earned.length, loyalty.spent, loyalty.tier.name], [1, [], 'Silver']);
    assert.deepEqual([loyalty.earned[0].value, offers.giveaways[0].code], ['119.98', undefined]);

    await page.click('checkout-button');
    await page.shows('closed-title', 'Thank you for your order!');
    const { giveaways } = (await snapshot(given)).offers;
    assert.equal(giveaways.length, 1);
    assert.match(giveaways[0].code, /^TICKET-/);
    const seen = await page.run(`return [...${host}.shadowRoot.querySelectorAll('[part~=closed] [part~=reward]')]
      .filter((piece) => piece.getClientRects().length > 0).map((piece) => piece.textContent)`);
    assert.deepEqual(seen, [
      'Points 119.98 points, Silver',
      'Points for your order +119.98 points',
      'Your new level Silver',
      `Concert tickets ${giveaways[0].code}`,
    ]);
  });

  test('a double click places the order once, and then nothing can be changed', async () => {
    const { page } = given;
    const { sessionId } = await fill(given, 'MUG', 'TOTE');
    await page.click('checkout-button', 2);
    await page.shows('closed-title', 'Thank you for your order!');
    await page.shows('paid', '€58.22');
    await page.shows('reference', sessionId);
    const closing = (await requests(given, sessionId, 'PUT')).filter(({ body }) =>
      /"state":\s*"closed"/.test(text(body)),
    );
    assert.equal(closing.length, 1);
    const stored = await session(given, sessionId);
    assert.equal(stored.state, 'closed');
    assert.deepEqual(units(stored.cartItems), { MUG: 1, TOTE: 1 });

    for (const part of ['open', 'increase', 'quantity', 'remove', 'coupon-input', 'checkout-button']) {
      assert.equal(await visible(given, part), 0, `${part} is still there`);
    }
    assert.equal(await page.run(`return document.querySelector('${addButton('MUG')}').disabled`), true);
    const sent = await requests(given, sessionId);
    const codes = await page.run(`
      const { cart, coupons, getSnapshot } = ${host}.checkout;
      const { id } = getSnapshot().lines[0];
      return [cart.add({ sku: 'MUG', quantity: 1 }), cart.setQuantity(id, 5), cart.clear(), coupons.add('VIP')]
        .map((result) => result.error?.code);
    `);
    assert.deepEqual(codes, Array(4).fill('session_finished'));
    assert.deepEqual(await requests(given, sessionId), sent);
    assert.deepEqual(units((await snapshot(given)).lines), { MUG: 1, TOTE: 1 });
  });

  test('a new order begins empty, as another session, and leaves the old one alone', async () => {
    const { page, sandbox } = given;
    await fill(given, 'MUG');
    await page.click('checkout-button');
    await page.shows('closed-title', /Thank you/);
    const first = (await snapshot(given)).sessionId;
    const old = await session(given, first);
    await page.clickOn('[data-testid="new-order"]');
    await page.find(addButton('TOTE'));
    await page.until(`${inside('empty')}.getClientRects().length > 0`);
    await fill(given, 'TOTE');
    const stored = await agrees(given);
    assert.notEqual(stored.integrationId, first);
    assert.deepEqual(units(stored.cartItems), { TOTE: 1 });
    assert.deepEqual(await session(given, first), old);

    await page.open(`${sandbox.address}/`);
    await page.shows('count', '1 item');
    assert.equal((await snapshot(given)).sessionId, stored.integrationId);
  });

  test('after an order a reload begins a new one', async () => {
    const { page, sandbox } = given;
    await fill(given, 'MUG');
    await page.click('checkout-button');
    await page.shows('closed-title', /Thank you/);
    const { sessionId } = await snapshot(given);
    await page.open(`${sandbox.address}/`);
    await page.find(addButton('MUG'));
    const next = await snapshot(given);
    assert.notEqual(next.sessionId, sessionId);
    assert.deepEqual([next.state, next.lines], ['open', []]);
  });

  test('everything works by keyboard alone', async () => {
    const { page } = given;
    await focus(addButton('MUG'));
    await page.press(keys.enter);
    await page.shows('count', '1 item');
    await focus('increase');
    await page.press(keys.space, keys.enter);
    await page.shows('count', '3 items');
    await focus('coupon-input');
    await page.press(...'XMAS-20-2021', keys.enter);
    await page.shows('row-discount', '20% off-€11.99');
    assert.match(await page.focused(), /coupon-input/);
    await saved(given);
    await focus('checkout-button');
    await page.press(keys.enter);
    await page.shows('closed-title', /Thank you/);
    assert.equal(await page.focused(), 'closed-title');
    const stored = await session(given, (await snapshot(given)).sessionId);
    assert.deepEqual([stored.state, units(stored.cartItems)], ['closed', { MUG: 3 }]);
    await focus('[data-testid="new-order"]');
    await page.press(keys.enter);
    await page.until(`${inside('empty')}.getClientRects().length > 0`);
  });

  /** Presses Tab until the focus is there: on a part of the element, or on what a selector finds. @param {string} where */
  async function focus(where) {
    const { page } = given;
    const there = `
      const outer = document.activeElement;
      const inner = outer?.shadowRoot?.activeElement;
      return ${where.startsWith('[')} ? outer.matches('${where}') : (inner?.getAttribute('part') ?? '').split(' ').includes('${where}');`;
    for (let presses = 0; presses < 60; presses += 1) {
      if (await page.run(there)) return;
      await page.press(keys.tab);
    }
    assert.fail(`${where} is not reached by Tab\n${await page.describe()}`);
  }
});

/** A body of the journal as text. @param {unknown} body */
const text = (body) => (typeof body === 'string' ? body : JSON.stringify(body));
