/** Making and updating elements. Everything the page shows goes through here: attributes and text nodes, no HTML. */

/**
 * An element with attributes and children (nodes or strings). null, undefined and false leave an attribute out; `on` are
 * listeners by type.
 * @param {string} name
 * @param {Record<string, any>} attributes
 * @param {...(Node | string)} children
 * @returns {any} an HTMLElement of that name
 */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) setAttribute(node, key, value);
  node.append(...children);
  return node;
}

function setAttribute(node, key, value) {
  if (key === 'on') for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
  else if (value === true) node.setAttribute(key, '');
  else if (value !== null && value !== false && value !== undefined) node.setAttribute(key, value);
}

/** An icon of the sprite in index.html; decoration only, the button around it has the name. */
export function icon(name, kind = '') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', kind ? `icon ${kind}` : 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button with nothing but an icon, so it needs a name. */
export function tool(iconName, name, click, attributes = {}) {
  return el('button', { type: 'button', class: 'tool', title: name, 'aria-label': name, on: { click }, ...attributes }, icon(iconName));
}

/** A button with words. */
export function button(words, click, kind = '') {
  return el('button', { type: 'button', class: kind ? `button ${kind}` : 'button', on: { click } }, words);
}

/** The element of that id; it is in index.html, so it is there. */
export function byId(root, id) {
  return /** @type {any} */ (root.getElementById(id));
}

/** The element that has the focus, or null. */
export function focused() {
  return /** @type {HTMLElement | null} */ (document.activeElement);
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function setName(node, name) {
  if (node.title === name) return;
  node.title = name;
  node.setAttribute('aria-label', name);
}

/**
 * Make the children of `parent` those of `items`, reusing elements by key, so that focus and selection stay.
 * `make(item)` builds one; `update(node, item, old)` changes it when the item is not the same as before.
 */
export function reconcile(parent, items, { make, update, same }) {
  const known = parent.keyed ?? new Map();
  const next = new Map(items.map((item) => [item.key, { item, node: known.get(item.key)?.node ?? make(item) }]));
  for (const [key, { node }] of known) if (!next.has(key)) node.remove();
  let cursor = parent.firstChild;
  for (const [key, { item, node }] of next) {
    const was = known.get(key);
    if (was && !same(was.item, item)) update(node, item, was.item);
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  parent.keyed = next;
}

/** Build the children of `node` anew, but only if `key` says that something changed. */
export function rebuild(node, key, build) {
  const text = JSON.stringify(key);
  if (node.builtFrom === text) return;
  node.builtFrom = text;
  node.replaceChildren(...build());
}
