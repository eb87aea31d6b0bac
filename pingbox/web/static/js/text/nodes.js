/** Parsed text as nodes of the document. User text only ever becomes text nodes and the `href` of checked addresses. */
import { el, icon } from '../view/dom.js';
import { shownAddress } from './links.js';
import { isOnlyEmoji, parse } from './parse.js';

export const CODE_LINES = 20; // a longer block of code is folded

/**
 * `people`: [{id, name, me}] who may stand in the text as @name. `does`: {copy(text), profile(id, node), words} where words
 * are {copy, all} and `all(count)`.
 */
export function textNodes(text, people = [], does = null) {
  const blocks = parse(text);
  if (isOnlyEmoji(blocks)) return [el('p', { class: 'jumbo', dir: 'auto' }, ...blocks[0].inline)];
  const find = mentionPattern(people);
  return blocks.map((each) => block(each, { find, does }));
}

function block(each, tools) {
  if (each.type === 'code') return codeBlock(each, tools.does);
  if (each.type === 'list') {
    const items = each.items.map((parts) => el('li', { dir: 'auto' }, ...inline(parts, tools)));
    return each.ordered ? el('ol', { start: each.start }, ...items) : el('ul', {}, ...items);
  }
  return el(each.type === 'quote' ? 'blockquote' : 'p', { dir: 'auto' }, ...inline(each.inline, tools));
}

function codeBlock({ text, language }, does) {
  const lines = text.split('\n').length;
  const pre = el('pre', { tabindex: 0, dir: 'ltr', 'aria-label': language || does?.words.code }, el('code', {}, text));
  if (!does) return el('div', { class: 'code' }, pre);
  const copy = el('button', { type: 'button', on: { click: () => does.copy(text) } }, icon('copy', 'small'), does.words.copy);
  const node = el('div', { class: 'code' }, el('header', {}, el('span', { class: 'grow cut' }, language || does.words.code), copy), pre);
  if (lines > CODE_LINES) {
    node.classList.add('short');
    const show = () => {
      node.classList.remove('short');
      more.remove();
    };
    const more = el('button', { type: 'button', class: 'unfold', on: { click: show } }, does.words.all(lines));
    node.append(more);
  }
  return node;
}

function inline(parts, tools) {
  return parts.flatMap((part) => (typeof part === 'string' ? mentions(part, tools) : [INLINE[part.type](part, tools)]));
}

const INLINE = {
  break: () => el('br'),
  bold: (part, tools) => el('strong', {}, ...inline(part.inline, tools)),
  italic: (part, tools) => el('em', {}, ...inline(part.inline, tools)),
  strike: (part, tools) => el('s', {}, ...inline(part.inline, tools)),
  code: (part) => el('code', {}, part.text),
  link: ({ url }) => el('a', { href: url, target: '_blank', rel: 'noopener noreferrer nofollow ugc', dir: 'ltr' }, ...shown(url)),
};

function shown(url) {
  return shownAddress(url).map((part) => (typeof part === 'string' ? part : el('span', { class: 'control' }, part.control)));
}

/** Longest names first, so that @Ana Lind is not taken for @Ana. */
function mentionPattern(people) {
  if (people.length === 0) return null;
  const byName = new Map(people.map((person) => [person.name.toLocaleLowerCase(), person]));
  const names = [...byName.keys()].sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));
  return { byName, pattern: new RegExp(`@(${names.join('|')})(?![\\p{L}\\p{N}])`, 'giu') };
}

function mentions(text, { find, does }) {
  if (!find || !text.includes('@')) return [text];
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(find.pattern)) {
    const person = find.byName.get(match[1].toLocaleLowerCase());
    const open = (event) => does?.profile(person, event.currentTarget);
    nodes.push(text.slice(at, match.index), el('button', {
      type: 'button', class: person.me ? 'mention-name me-name-chip' : 'mention-name', on: { click: open },
    }, match[0]));
    at = match.index + match[0].length;
  }
  return [...nodes, text.slice(at)].filter((node) => node !== '');
}
