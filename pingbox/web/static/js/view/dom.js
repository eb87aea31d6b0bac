/** Making and updating elements. Everything the page shows goes through here: attributes and text nodes, no HTML. */

/** An element with attributes and children (nodes or strings). null and false leave an attribute out. */
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
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function toggle(node, attribute, on) {
  node.toggleAttribute(attribute, on);
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
