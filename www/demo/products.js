/** What the demo store sells; prices are texts, because they are amounts and no numbers. */
export const products = [
  {
    sku: 'STICKER',
    name: 'Harbour sticker',
    price: '0.10',
    category: 'paper',
    image: '/products/sticker.svg',
    text: 'Vinyl, weatherproof, 7 cm',
  },
  {
    sku: 'MUG',
    name: 'Enamel mug',
    price: '19.99',
    category: 'kitchen',
    image: '/products/mug.svg',
    text: 'Hand-dipped steel, 35 cl',
  },
  {
    sku: 'TOTE',
    name: 'Linen tote',
    price: '33.33',
    category: 'bags',
    image: '/products/tote.svg',
    text: 'Heavy linen, long handles',
  },
  {
    sku: 'TRAIL-SHOE',
    name: 'Trail shoe',
    price: '59.00',
    category: 'shoes',
    image: '/products/trail-shoe.svg',
    text: 'Grippy sole, drop of 6 mm',
  },
  {
    sku: 'SNEAKER',
    name: 'Court sneaker',
    price: '74.50',
    category: 'shoes',
    image: '/products/sneaker.svg',
    text: 'Canvas and natural rubber',
  },
  {
    sku: 'BEANIE',
    name: 'Wool beanie',
    price: '24.90',
    category: 'clothes',
    image: '/products/beanie.svg',
    text: 'Merino, knitted in one piece',
  },
  {
    sku: 'BOTTLE',
    name: 'Water bottle',
    price: '29.95',
    category: 'kitchen',
    image: '/products/bottle.svg',
    text: 'Keeps cold for a day, 75 cl',
  },
  {
    sku: 'NOTEBOOK',
    name: 'Field notebook',
    price: '12.40',
    category: 'paper',
    image: '/products/notebook.svg',
    text: 'Dotted pages, with pencil',
  },
];

/** What the sandbox gives away. */
export const gifts = { 'GIFT-SOCKS': { image: '/products/socks.svg' } };

/**
 * The cart item of a product: what the session API gets, and the image, which stays in the page.
 * @param {typeof products[number]} product
 */
export const cartItem = ({ sku, name, price, category, image }) => ({
  sku,
  name,
  price,
  category,
  quantity: 1,
  meta: { image },
});
