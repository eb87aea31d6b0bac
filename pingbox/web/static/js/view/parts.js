/** Small parts that several views show. */
import { el } from './dom.js';
import { Colours } from './colours.js';
import { initials } from '../text/names.js';

export const colours = new Colours();

/** A person's picture: initials on their colour. dot: 'here', 'away' or none. Decoration: the name stands beside it. */
export function avatar({ id, name }, room = '', dot = null) {
  const node = el('span', { class: dot ? `avatar dot ${dot}` : 'avatar', 'aria-hidden': 'true' }, initials(name || '?'));
  const { hue, light } = colours.of(id, room);
  node.style.setProperty('--hue', hue);
  node.style.setProperty('--light', light);
  return node;
}

/** A name as its owner wrote it, kept apart from the direction of the text around it. */
export function nameOf({ name }, tail = '') {
  const node = el('bdi', {}, name);
  if (tail) node.append(el('span', { class: 'tail' }, ` ·${tail}`));
  return node;
}

/** `text` with the first place that matches `query` marked. */
export function marked(text, query) {
  const at = query ? text.toLocaleLowerCase().indexOf(query.toLocaleLowerCase()) : -1;
  if (at < 0) return el('bdi', {}, text);
  return el('bdi', {}, text.slice(0, at), el('mark', {}, text.slice(at, at + query.length)), text.slice(at + query.length));
}

/** Put `text` into the clipboard. Plain HTTP has no clipboard of its own, so the old way is used everywhere. */
export function copyText(text) {
  const area = el('textarea', { class: 'unseen', readonly: true, 'aria-hidden': 'true' });
  area.value = text;
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  (before?.closest('dialog') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  before?.focus();
  return done;
}
