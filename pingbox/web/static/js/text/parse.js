/**
 * A small, safe subset of what people type into chats, as plain data. Nothing here touches the document.
 *   blocks  {type: 'text', inline} · {type: 'quote', inline} · {type: 'code', text}
 *   inline  string · {type: 'bold' | 'italic', inline} · {type: 'code', text} · {type: 'link', url} · {type: 'break'}
 * What is not understood stays as it was typed. One pass, no backtracking: the time grows with the length only.
 */
import { SHORTCODES } from './shortcodes.js';

const FENCE = '```';

export function parse(text) {
  const blocks = [];
  const lines = text.split('\n');
  let at = 0;
  while (at < lines.length) {
    const end = lines[at].startsWith(FENCE) ? closingFence(lines, at) : -1;
    if (end > at) {
      blocks.push({ type: 'code', text: lines.slice(at + 1, end).join('\n') });
      at = end + 1;
    } else {
      const type = lines[at].startsWith('> ') ? 'quote' : 'text';
      const until = endOfBlock(lines, at, type);
      blocks.push({ type, inline: inlineLines(lines.slice(at, until), type) });
      at = until;
    }
  }
  return blocks;
}

function closingFence(lines, from) {
  return lines.findIndex((line, index) => index > from && line.trimEnd() === FENCE);
}

function endOfBlock(lines, from, type) {
  let at = from + 1;
  while (at < lines.length && !lines[at].startsWith(FENCE) && lines[at].startsWith('> ') === (type === 'quote')) at += 1;
  return at;
}

function inlineLines(lines, type) {
  return lines.flatMap((line, index) => {
    const inline = parseInline(type === 'quote' ? line.slice(2) : line);
    return index ? [{ type: 'break' }, ...inline] : inline;
  });
}

/** One token of each kind at the place where the pattern stands (sticky), tried in this order. */
const TOKENS = [
  [/`([^`]+)`/y, (match) => ({ type: 'code', text: match[1] })],
  [/\*\*(?=\S)((?:`[^`]+`|[^*`])+)(?<=\S)\*\*/y, (match) => ({ type: 'bold', inline: parseInline(match[1]) })],
  [/\*(?=[^\s*])((?:`[^`]+`|[^*`])+)(?<=\S)\*(?!\*)/y, (match) => ({ type: 'italic', inline: parseInline(match[1]) })],
  [/https?:\/\/[^\s<>"`]+/iy, link],
  [/:([a-z0-9_+-]{1,20}):/y, shortcode],
];

export function parseInline(line) {
  const out = [];
  let plain = '';
  let at = 0;
  while (at < line.length) {
    const found = '`*:hH'.includes(line[at]) && startsWord(line, at) ? tokenAt(line, at) : null;
    if (found) {
      if (plain) out.push(plain);
      plain = '';
      out.push(found.token);
      at += found.length;
    } else {
      plain += line[at];
      at += 1;
    }
  }
  if (plain) out.push(plain);
  return out;
}

/** `*` and `http` inside a word are just that: 2*3*4, xhttp://. */
function startsWord(line, at) {
  return line[at] === '`' || at === 0 || !/[\p{L}\p{N}]/u.test(line[at - 1]);
}

function tokenAt(line, at) {
  for (const [pattern, make] of TOKENS) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    const made = match && make(match);
    if (made) return { token: made, length: made.type === 'link' ? made.url.length : match[0].length };
  }
  return null;
}

/** The address without the punctuation that ends the sentence, and without a bracket opened before it. */
function link(match) {
  let url = match[0].replace(/[.,;:!?'*]+$/, '');
  if (url.endsWith(')') && !url.includes('(')) url = url.slice(0, -1);
  return isWeb(url) ? { type: 'link', url } : null;
}

function isWeb(url) {
  try {
    const { protocol, hostname } = new URL(url);
    return (protocol === 'http:' || protocol === 'https:') && hostname !== '';
  } catch {
    return false;
  }
}

function shortcode(match) {
  return Object.hasOwn(SHORTCODES, match[1]) ? SHORTCODES[match[1]] : null;
}

/** Nothing but one to three emoji: shown large. */
export function isOnlyEmoji(blocks) {
  if (blocks.length !== 1 || blocks[0].type !== 'text' || blocks[0].inline.some((part) => typeof part !== 'string')) return false;
  const shown = blocks[0].inline.join('').trim();
  return /^(?:\p{RGI_Emoji}\s*){1,3}$/v.test(shown);
}
