import { h, icon, keyedRows, setAttribute, setText, show, showText } from './dom.js';
import { costName, fill, refusalText } from './wording.js';

/** @typedef {import('./index.js').Line} Line */
/** @typedef {import('./view.js').Context} Context */

let made = 0;

const TRASH = 'M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 10.5v5M13.5 10.5v5';

/**
 * The address of a line's image when it is one that an image may come from, else `undefined`.
 * @param {unknown} value
 */
export function imageAddress(value) {
  if (typeof value !== 'string' || value === '') return undefined;
  try {
    const url = new URL(value, document.baseURI);
    const allowed =
      ['http:', 'https:'].includes(url.protocol) || (url.protocol === 'data:' && /^image\//i.test(url.pathname));
    return allowed ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** The name that a shopper reads. @param {Line} line */
export const lineName = (line) => line.name || line.sku || '';

/**
 * What is struck through beside the amount of a line. What is to pay holds the costs of the line too, and may be more
 * than its reduced price.
 * @param {Pick<Line, 'discounts' | 'subtotal' | 'payable'>} line
 */
export const struckOf = ({ discounts, subtotal, payable }) =>
  discounts.length > 0 && Number(payable) < Number(subtotal) ? subtotal : undefined;

/**
 * The costs of lines in words, by line id; they are in what is to pay for a line, and nowhere in its price.
 * @param {Pick<import('./index.js').Snapshot, 'lines' | 'draft'>} snapshot
 * @param {Pick<Context, 'texts' | 'money'>} context
 */
export function costsOf({ lines, draft }, { texts, money }) {
  /** @type {Map<string, string>} */
  const costs = new Map();
  for (const [index, { additionalCosts }] of (draft.cartItems ?? []).entries()) {
    const line = lines[index];
    const told = Object.entries(additionalCosts ?? {}).map(
      ([name, { price }]) => `${costName(texts, name)} ${money(price)}`,
    );
    if (line && told.length > 0) costs.set(line.id, told.join(' · '));
  }
  return costs;
}

/**
 * The list of lines with steppers and remove.
 * @param {{ onRemoved: () => void }} events
 */
export function createLines(events) {
  const list = h('ul', { role: 'list', part: 'lines', class: 'lines' });
  const rows = keyedRows(list, (/** @type {Line} */ line) => line.id, createLine);

  /** @param {Line} first */
  function createLine(first) {
    const key = first.id;
    const image = h('img', { part: 'image', alt: '', decoding: 'async' });
    const initial = h('span', { part: 'placeholder', class: 'placeholder', 'aria-hidden': 'true' });
    const name = h('p', { part: 'name', class: 'name' });
    const unit = h('p', { part: 'unit-price', class: 'muted' });
    const costs = h('p', { part: 'line-costs', class: 'muted' });
    const subtotal = h('s', { part: 'subtotal', class: 'muted' });
    const payable = h('span', { part: 'line-payable', class: 'amount' });
    const discounts = h('p', { part: 'line-discounts', class: 'saving' });
    const decrease = h('button', { type: 'button', part: 'step decrease', class: 'step' }, icon('M6 12h12'));
    const input = h('input', {
      part: 'quantity',
      class: 'quantity',
      type: 'text',
      inputmode: 'numeric',
      autocomplete: 'off',
      maxlength: '20',
    });
    const increase = h('button', { type: 'button', part: 'step increase', class: 'step' }, icon('M6 12h12M12 6v12'));
    const stepper = h('div', { part: 'stepper', class: 'stepper', role: 'group' }, decrease, input, increase);
    const fixed = h('span', { part: 'fixed-quantity', class: 'muted' });
    const remove = h('button', { type: 'button', part: 'remove', class: 'quiet' }, icon(TRASH));
    const errorId = `line-error-${++made}`;
    const error = h('p', { part: 'line-error', class: 'error', role: 'alert', id: errorId });
    const node = h(
      'li',
      { part: 'line', class: 'line', 'data-line-id': key },
      h('div', { class: 'thumb', part: 'thumb' }, image, initial),
      h('div', { class: 'about' }, name, unit, costs),
      h('div', { class: 'amounts' }, subtotal, payable),
      h('div', { class: 'tools' }, stepper, fixed, remove),
      discounts,
      error,
    );
    error.hidden = true;
    costs.hidden = true;

    /** @type {Line} */
    let line = first;
    /** @type {Context} */
    let context;
    let editing = false;
    let refused = '';
    let problem = '';

    const showError = () => {
      showText(error, [refused, problem].filter(Boolean).join(' '));
      setAttribute(input, 'aria-invalid', error.hidden ? null : 'true');
      setAttribute(input, 'aria-describedby', error.hidden ? null : errorId);
    };

    const showQuantity = () => {
      const text = String(line.quantity);
      if (editing || input.value === text) return;
      const { selectionStart, selectionEnd } = input;
      const focused = /** @type {ShadowRoot} */ (input.getRootNode()).activeElement === input;
      input.value = text;
      if (focused) input.setSelectionRange(selectionStart, selectionEnd);
    };

    /** @param {number} quantity */
    const setQuantity = (quantity) => {
      const result = context.checkout.cart.setQuantity(key, quantity);
      refused = result.ok ? '' : refusalText(context.texts, result.error);
      editing = !result.ok;
      showError();
      if (result.ok && quantity === 0) events.onRemoved();
      return result.ok;
    };

    const restore = () => {
      editing = false;
      refused = '';
      showQuantity();
      showError();
    };

    const commit = () => {
      if (!editing) return;
      const text = input.value.trim();
      if (text === '' || text === String(line.quantity)) restore();
      else setQuantity(/^[+-]?\d*[.,]?\d+$/.test(text) ? Number(text.replace(',', '.')) : Number.NaN);
    };

    /** @param {number} by */
    const step = (by) => {
      restore();
      // What is shown may be older: a script clicks more than once before anything is drawn.
      const known = context.checkout.getSnapshot().lines.find(({ id }) => id === key) ?? line;
      if (known.quantity + by >= 1 && !setQuantity(known.quantity + by)) editing = false;
    };

    input.addEventListener('input', () => {
      editing = true;
    });
    input.addEventListener('change', commit);
    input.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (event.key === 'Enter') {
        event.preventDefault();
        commit();
      } else if (event.key === 'Escape' && (editing || refused)) {
        event.preventDefault();
        event.stopPropagation();
        restore();
        input.select();
      } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
        event.preventDefault();
        step(event.key === 'ArrowUp' ? 1 : -1);
      }
    });
    decrease.addEventListener('click', () => step(-1));
    increase.addEventListener('click', () => step(1));
    remove.addEventListener('click', () => {
      const next = /** @type {HTMLElement | null} */ (
        node.nextElementSibling?.querySelector('[part~=remove]') ??
          node.previousElementSibling?.querySelector('[part~=remove]')
      );
      const result = context.checkout.cart.remove(key);
      if (!result.ok) {
        refused = refusalText(context.texts, result.error);
        showError();
      } else if (next) next.focus();
      else events.onRemoved();
    });
    image.addEventListener('error', () => {
      show(image, false);
      show(initial, true);
    });

    return {
      node,
      /** @param {string} text */
      setProblem(text) {
        problem = text;
        showError();
      },
      /** @param {string} text */
      setCosts(text) {
        showText(costs, text);
      },
      /**
       * @param {Line} newest
       * @param {Context} newContext
       */
      update(newest, newContext) {
        line = newest;
        context = newContext;
        const { texts, money, negative } = context;
        const label = lineName(line);
        setAttribute(node, 'data-sku', line.sku ?? null);
        setText(name, label);

        const address = imageAddress(/** @type {any} */ (line.meta)?.image);
        if (address && image.getAttribute('src') !== address) {
          image.setAttribute('src', address);
          show(image, true);
          show(initial, false);
        } else if (!address) {
          show(image, false);
          show(initial, true);
        }
        setText(initial, label.trim().charAt(0).toUpperCase());

        showText(
          unit,
          line.free ? texts.free : line.price === undefined ? '' : fill(texts.each, { amount: money(line.price) }),
        );
        const reduced = line.discounts.length > 0 && line.subtotal !== undefined;
        // The payable of an older quantity says nothing, unless a discount is all that is left to know.
        const amount = line.pending && !reduced ? (line.subtotal ?? line.payable) : (line.payable ?? line.subtotal);
        setText(payable, amount === undefined ? '' : money(amount));
        const struck = struckOf(line);
        showText(subtotal, struck === undefined ? '' : money(struck));
        showText(discounts, line.discounts.map(({ name, amount }) => `${name} ${negative(amount)}`).join(' · '));

        show(stepper, !line.free);
        show(fixed, line.free);
        setText(fixed, `× ${line.quantity}`);
        showQuantity();
        setAttribute(stepper, 'aria-label', fill(texts.quantityOf, { name: label }));
        setAttribute(input, 'aria-label', fill(texts.quantityOf, { name: label }));
        setAttribute(decrease, 'aria-label', fill(texts.decrease, { name: label }));
        setAttribute(decrease, 'aria-disabled', line.quantity <= 1 ? 'true' : null);
        setAttribute(increase, 'aria-label', fill(texts.increase, { name: label }));
        setAttribute(remove, 'aria-label', fill(texts.remove, { name: label }));
        setAttribute(remove, 'title', texts.removeShort);
        setAttribute(node, 'part', line.pending ? 'line pending' : 'line');
      },
    };
  }

  /** @typedef {ReturnType<typeof createLine>} Row */
  /** @type {Map<string, string>} */
  let problems = new Map();
  /** @type {Map<string, string>} */
  let costs = new Map();
  /**
   * Hands lines the texts that are others than before.
   * @param {Map<string, string>} before
   * @param {Map<string, string>} now
   * @param {'setProblem' | 'setCosts'} set
   */
  const hand = (before, now, set) => {
    for (const id of new Set([...before.keys(), ...now.keys()])) {
      if (before.get(id) === now.get(id)) continue;
      const row = /** @type {Row | undefined} */ (/** @type {unknown} */ (rows.row(id)));
      row?.[set](now.get(id) ?? '');
    }
    return now;
  };
  return {
    node: list,
    /**
     * @param {import('./index.js').Snapshot} snapshot
     * @param {Context} context
     * @param {Map<string, string>} newProblems what the shop said about lines, by line id
     */
    update(snapshot, context, newProblems) {
      rows.update(snapshot.lines, context);
      problems = hand(problems, newProblems, 'setProblem');
      costs = hand(costs, costsOf(snapshot, context), 'setCosts');
    },
  };
}
