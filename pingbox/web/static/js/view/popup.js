/**
 * What lies over the page for a moment: a menu, a picker, a card. One at a time. It takes the focus, keeps it, and gives it
 * back; Escape, a click beside it and Tab out of it close it. On touch screens it is a sheet at the lower edge.
 */
import { el, icon } from './dom.js';

let open = null;

export const isTouch = () => matchMedia('(pointer: coarse)').matches;

/**
 * Show `content` beside `anchor` (an element, or {x, y}). kind: classes; role and label: what it is to a screen reader;
 * focus: the element to start at; back: where the focus goes afterwards. Returns the function that closes it.
 */
export function popup(anchor, content, { kind = '', role = 'dialog', label, focus = null, back = null, sheet = isTouch(), onClose = () => {} }) {
  close();
  const opener = back ?? document.activeElement;
  const node = el('div', { class: `popup ${kind}${sheet ? ' sheet' : ''}`, role, 'aria-label': label, tabindex: -1 }, ...content);
  const veil = el('div', { class: sheet ? 'popup-veil dim' : 'popup-veil', on: { pointerdown: () => close() } });
  const layer = document.getElementById('overlays');
  layer.hidden = false;
  const host = (anchor instanceof Element ? anchor.closest('dialog') : null) ?? layer;
  host.append(veil, node);
  if (anchor instanceof Element) anchor.setAttribute('aria-expanded', 'true');
  if (!sheet) place(node, anchor);
  open = { node, veil, anchor, opener, onClose };
  node.addEventListener('keydown', keydown);
  (focus ?? node.querySelector('input, button') ?? node).focus();
  return close;
}

export function isOpen() {
  return open !== null;
}

export function close() {
  if (!open) return;
  const { node, veil, anchor, opener, onClose } = open;
  open = null;
  const inside = node.contains(document.activeElement);
  node.remove();
  veil.remove();
  document.getElementById('overlays').hidden = true;
  if (anchor instanceof Element) anchor.setAttribute('aria-expanded', 'false');
  if (inside && opener?.isConnected) opener.focus();
  onClose();
}

/** A menu. items: {icon, words, act, key, bad, checked} or null for a line; head: a node above them. */
export function menu(anchor, items, { label, head = [], ...options }) {
  const nodes = items.map((item) => (item ? menuItem(item) : el('div', { class: 'menu-line', role: 'separator' })));
  return popup(anchor, [...head, ...nodes], { role: 'menu', label, focus: nodes[0], ...options });
}

function menuItem({ icon: sign, words, act, key = null, bad = false, checked = null }) {
  const node = el('button', {
    type: 'button', class: bad ? 'menu-item bad' : 'menu-item', role: checked === null ? 'menuitem' : 'menuitemradio', tabindex: -1,
    'aria-checked': checked === null ? null : String(checked), on: { click: () => { close(); act(); } },
  }, icon(sign), el('span', {}, words));
  if (key) node.append(el('kbd', { 'aria-hidden': 'true' }, key));
  return node;
}

function keydown(event) {
  if (!open) return; // what the key did has closed it
  const { node } = open;
  if (event.key === 'Escape') {
    event.preventDefault();
    event.stopPropagation();
    close();
  } else if (event.key === 'Tab') trap(node, event);
  else if (node.getAttribute('role') === 'menu') arrows(node, event);
}

/** Tab goes round inside `node`. */
export function trap(node, event) {
  const stops = [...node.querySelectorAll('button:not([tabindex="-1"]), input, select, a')].filter((stop) => stop.offsetParent !== null);
  event.preventDefault();
  if (stops.length === 0) return;
  const at = stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
  stops[(at + stops.length) % stops.length].focus();
}

function arrows(node, event) {
  const items = [...node.querySelectorAll('.menu-item, .quick button')];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[(to + items.length) % items.length]?.focus();
}

/** Under the anchor, or above it where there is more room; never outside the window. */
function place(node, anchor) {
  const box = anchor instanceof Element ? anchor.getBoundingClientRect() : { left: anchor.x, right: anchor.x, top: anchor.y, bottom: anchor.y };
  const { offsetWidth: width, offsetHeight: height } = node;
  const rtl = document.documentElement.dir === 'rtl';
  const wanted = (rtl ? box.left : box.right - width);
  const beside = anchor instanceof Element ? wanted : rtl ? box.left - width : box.left;
  const below = box.bottom + 4;
  const top = below + height > innerHeight - 8 && box.top - 4 - height > 8 ? box.top - 4 - height : below;
  node.style.left = `${Math.max(8, Math.min(beside, innerWidth - width - 8))}px`;
  node.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}
