/**
 * A small, safe subset of what people type into chats, as plain data. Nothing here touches the document.
 *   blocks  {type: 'text' | 'quote', inline} · {type: 'code', text, language} · {type: 'list', ordered, start, items: [inline]}
 *   inline  string · {type: 'bold' | 'italic' | 'strike', inline} · {type: 'code', text} · {type: 'link', url} · {type: 'break'}
 * What is not understood stays as it was typed. One pass, no backtracking: the time grows with the length only.
 */
import { SHORTCODES } from './shortcodes.js';

const FENCE = '```';
const BULLET = /^ {0,3}[-*•] +(?=\S)/;
const NUMBER = /^ {0,3}(\d{1,4})[.)] +(?=\S)/;

export function parse(text) {
  const blocks = [];
  const lines = text.split('\n');
  let at = 0;
  while (at < lines.length) {
    const end = lines[at].startsWith(FENCE) ? closingFence(lines, at) : -1;
    const until = end > at ? end + 1 : endOfBlock(lines, at, kindOf(lines[at]));
    blocks.push(end > at ? codeBlock(lines.slice(at, until)) : block(kindOf(lines[at]), lines.slice(at, until)));
    at = until;
  }
  return blocks;
}

function closingFence(lines, from) {
  return lines.findIndex((line, index) => index > from && line.trimEnd() === FENCE);
}

function codeBlock(lines) {
  const [, language] = /^```([\w+#.-]{0,20})\s*$/.exec(lines[0]) ?? [null, ''];
  return { type: 'code', language: language.toLowerCase(), text: lines.slice(1, -1).join('\n') };
}

function kindOf(line) {
  if (line.startsWith('> ')) return 'quote';
  if (BULLET.test(line)) return 'bullets';
  return NUMBER.test(line) ? 'numbers' : 'text';
}

function endOfBlock(lines, from, kind) {
  let at = from + 1;
  while (at < lines.length && !lines[at].startsWith(FENCE) && kindOf(lines[at]) === kind) at += 1;
  return at;
}

function block(kind, lines) {
  if (kind === 'quote') return { type: 'quote', inline: inlineLines(lines.map((line) => line.slice(2))) };
  if (kind === 'text') return { type: 'text', inline: inlineLines(lines) };
  const marker = kind === 'bullets' ? BULLET : NUMBER;
  const start = kind === 'numbers' ? Number(NUMBER.exec(lines[0])[1]) : 1;
  return { type: 'list', ordered: kind === 'numbers', start, items: lines.map((line) => parseInline(line.replace(marker, ''))) };
}

function inlineLines(lines) {
  return lines.flatMap((line, index) => (index ? [{ type: 'break' }, ...parseInline(line)] : parseInline(line)));
}

const wrapped = (type) => (match) => ({ type, inline: parseInline(match[1]) });

/** One token of each kind at the place where the pattern stands (sticky), tried in this order. */
const TOKENS = /** @type {[RegExp, (match: any) => any][]} */ ([
  [/`([^`]+)`/y, (match) => ({ type: 'code', text: match[1] })],
  [/\*\*(?=\S)((?:`[^`]+`|[^*`])+)(?<=\S)\*\*/y, wrapped('bold')],
  [/\*(?=[^\s*])((?:`[^`]+`|[^*`])+)(?<=\S)\*(?!\*)/y, wrapped('italic')],
  [/_(?=[^\s_])((?:`[^`]+`|[^_`])+)(?<=\S)_(?![\p{L}\p{N}_])/yu, wrapped('italic')],
  [/~~(?=\S)((?:`[^`]+`|[^~`])+)(?<=\S)~~/y, wrapped('strike')],
  [/https?:\/\/[^\s<>"`]+/iy, link],
  [/:([a-z0-9_+-]{1,20}):/y, shortcode],
]);

export function parseInline(line) {
  const out = [];
  let plain = '';
  let at = 0;
  while (at < line.length) {
    const found = '`*_~:hH'.includes(line[at]) && startsWord(line, at) ? tokenAt(line, at) : null;
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

/** `*` and `http` inside a word are just that: 2*3*4, snake_case_name, xhttp://. */
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
  let url = match[0].replace(/[.,;:!?'*_~]+$/, '');
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

/** The text on one line and without marks: for previews, titles, quotes. */
export function plain(text) {
  const words = (inline) => inline.map((part) => (typeof part === 'string' ? part : part.url ?? part.text ?? (part.type === 'break' ? ' ' : words(part.inline)))).join('');
  const blocks = parse(text.slice(0, 400)).map((each) => (each.type === 'code' ? each.text : each.type === 'list' ? each.items.map(words).join(' ') : words(each.inline)));
  return blocks.join(' ').replace(/\s+/g, ' ').trim();
}
