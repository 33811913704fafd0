/**
 * An element with attributes and children, made without markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * A decorative icon drawn as strokes on a 24 by 24 grid.
 * @param {string} path
 */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const stroke = document.createElementNS(SVG, 'path');
  stroke.setAttribute('d', path);
  svg.append(stroke);
  return svg;
}

/**
 * Makes the text of a node read as given, touching its one text node only when it differs.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  const first = /** @type {Text | null} */ (node.firstChild);
  if (!first) {
    if (text) node.appendChild(document.createTextNode(text));
  } else if (first.data !== text) first.data = text;
}

/**
 * Sets an attribute, or removes it for `null`, only when that changes something.
 * @param {Element} node
 * @param {string} name
 * @param {string | null} value
 */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) === value) return;
  if (value === null) node.removeAttribute(name);
  else node.setAttribute(name, value);
}

/**
 * Shows or hides a node by its `hidden` property.
 * @param {HTMLElement} node
 * @param {boolean} visible
 */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/**
 * Shows a text, or hides the node when there is none.
 * @param {HTMLElement} node
 * @param {string} text
 */
export function showText(node, text) {
  setText(node, text);
  show(node, text !== '');
}

/**
 * Brings children into an order without ever moving the pinned one, since a moved node loses focus and selection.
 * @param {Node} parent
 * @param {Node[]} nodes
 * @param {Node | undefined} pinned
 */
export function arrange(parent, nodes, pinned) {
  const at = pinned ? nodes.indexOf(pinned) : -1;
  /** @type {Node | null} */
  let next = null;
  for (const node of nodes.slice(at + 1).reverse()) {
    if (node.parentNode !== parent || node.nextSibling !== next) parent.insertBefore(node, next);
    next = node;
  }
  if (at < 0) return;
  next = nodes[at] ?? null;
  for (const node of nodes.slice(0, at).reverse()) {
    if (node.parentNode !== parent || node.nextSibling !== next) parent.insertBefore(node, next);
    next = node;
  }
}

/**
 * Keeps one row per key in a container: rows of gone keys leave, others are reused, and a row is
 * updated only when its item or the context is another object than before.
 * @template Item, Context
 * @param {HTMLElement} container
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => { node: HTMLElement, update: (item: Item, context: Context) => void }} create
 */
export function keyedRows(container, keyOf, create) {
  /** @typedef {{ node: HTMLElement, update: (item: Item, context: Context) => void, item?: Item, context?: Context }} Row */
  /** @type {Map<string, Row>} */
  let rows = new Map();
  /** @type {readonly Item[] | undefined} */
  let shown;
  /** @type {Context | undefined} */
  let shownContext;
  return {
    /** @param {string} key */
    row: (key) => rows.get(key),
    /**
     * @param {readonly Item[]} items
     * @param {Context} context
     */
    update(items, context) {
      if (items === shown && context === shownContext) return;
      shown = items;
      shownContext = context;
      /** @type {typeof rows} */
      const kept = new Map();
      for (const item of items) {
        let key = keyOf(item);
        while (kept.has(key)) key += '+';
        /** @type {Row} */
        const row = rows.get(key) ?? create(item);
        kept.set(key, row);
        if (row.item === item && row.context === context) continue;
        row.item = item;
        row.context = context;
        row.update(item, context);
      }
      for (const [key, row] of rows) if (!kept.has(key)) row.node.remove();
      rows = kept;
      const nodes = [...kept.values()].map((row) => row.node);
      const focused = /** @type {ShadowRoot | Document} */ (container.getRootNode()).activeElement;
      arrange(container, nodes, focused ? nodes.find((node) => node.contains(focused)) : undefined);
      show(container, nodes.length > 0);
    },
  };
}
