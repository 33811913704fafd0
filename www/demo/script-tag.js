const page = /** @type {any} */ (window);
page.Cartwright ??= { q: [] };
page.Cartwright.q.push(() => {
  const element = /** @type {any} */ (document.querySelector('cartwright-checkout'));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-sku]'))) {
    button.addEventListener('click', async () => {
      const { sku, name, price, category, image } = button.dataset;
      const checkout = await element.whenReady();
      checkout.cart.add({ sku, name, price, quantity: 1, ...(category && { category }), meta: { image } });
    });
  }
});
