/** Long texts are folded to four lines, until someone wants to see them all or moves the focus into them. */
import { el } from '../dom.js';

const LINES = 12; // a text of more lines is folded
const MAY_BE_LONG = 400; // characters below which nothing needs to be measured

/** Fold what is long among `nodes` (messages just made or changed). `unfolded`: the keys of those that stay open. */
export function fold(nodes, unfolded, lang) {
  const long = nodes.filter(({ item }) => !item.deleted && (item.text.length > MAY_BE_LONG || item.text.split('\n').length > LINES));
  const heights = long.map((node) => {
    const body = node.querySelector('.body');
    return { node, body, lines: body.querySelector('.code') ? 0 : Math.round(body.scrollHeight / parseFloat(getComputedStyle(body).lineHeight)) };
  });
  for (const node of nodes) node.querySelector(':scope > .unfold')?.remove();
  for (const { node, body, lines } of heights) {
    if (lines > LINES && !unfolded.has(node.item.key)) foldOne(node, body, lines, unfolded, lang);
  }
}

function foldOne(node, body, lines, unfolded, lang) {
  body.classList.add('folded');
  const open = () => {
    unfolded.add(node.item.key);
    body.classList.remove('folded');
    more.remove();
  };
  const more = el('button', { type: 'button', class: 'unfold', on: { click: open } }, lang.t('message.all', { count: lines }));
  body.addEventListener('focusin', open, { once: true });
  body.after(more);
}
