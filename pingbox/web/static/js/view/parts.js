/** Small parts that several views show. */
import { el } from './dom.js';
import { hue, initials } from '../text/names.js';

export function avatar({ id, name }) {
  const node = el('span', { class: 'avatar', 'aria-hidden': 'true' }, initials(name));
  node.style.setProperty('--hue', hue(id));
  return node;
}

/** A name as its owner wrote it, kept apart from the direction of the text around it. */
export function nameOf({ name }, tail = '') {
  const node = el('bdi', {}, name);
  if (tail) node.append(el('span', { class: 'tail' }, ` ·${tail}`));
  return node;
}
