/** Parsed text as nodes of the document. User text only ever becomes text nodes and the `href` of checked addresses. */
import { el } from '../view/dom.js';
import { isOnlyEmoji, parse } from './parse.js';

export function textNodes(text) {
  const blocks = parse(text);
  if (isOnlyEmoji(blocks)) return [el('p', { class: 'jumbo', dir: 'auto' }, ...inline(blocks[0].inline))];
  return blocks.map(block);
}

function block({ type, text, inline: parts }) {
  if (type === 'code') return el('pre', { tabindex: 0 }, el('code', {}, text));
  return el(type === 'quote' ? 'blockquote' : 'p', { dir: 'auto' }, ...inline(parts));
}

function inline(parts) {
  return parts.map((part) => (typeof part === 'string' ? part : INLINE[part.type](part)));
}

const INLINE = {
  break: () => el('br'),
  bold: (part) => el('strong', {}, ...inline(part.inline)),
  italic: (part) => el('em', {}, ...inline(part.inline)),
  code: (part) => el('code', {}, part.text),
  link: ({ url }) => el('a', { href: url, target: '_blank', rel: 'noopener noreferrer nofollow ugc', dir: 'ltr' }, url),
};
