/** Names as people may call themselves and as they are shown. Lengths are in code points. */
export const NAME_MAX = 32;
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\u034F\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0]/gu; // control, bidi, zero-width, blank

/** The name as the server will keep it: one line, nothing invisible. May be empty. */
export function cleanName(raw) {
  return raw.normalize('NFKC').replace(/\s+/gu, ' ').replace(UNSEEN, '').trim();
}

export function isGoodName(name) {
  const length = [...name].length;
  return length >= 1 && length <= NAME_MAX;
}

/** A room id out of what someone typed: "Book Club!" → "book-club". May be empty. */
export function roomId(raw) {
  const plain = raw.normalize('NFKD').replace(/\p{M}/gu, '').replace(/ß/g, 'ss').toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+/, '').slice(0, 48).replace(/-+$/, '');
}

export function initials(name) {
  const words = cleanName(name).split(' ').filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map(firstSymbol) : [...firstSymbols(words[0] ?? '?')];
  return letters.join('').toLocaleUpperCase();
}

function firstSymbol(word) {
  return firstSymbols(word).slice(0, 1).join('');
}

function firstSymbols(word) {
  const split = [...new Intl.Segmenter().segment(word)].map(({ segment }) => segment);
  return split.slice(0, 2);
}

/** A number that stays with an id (FNV-1a, mixed once more, or ids of the same beginning look alike). */
export function hash(id) {
  let number = 0x811c9dc5;
  for (const char of id) number = Math.imul(number ^ char.codePointAt(0), 0x01000193);
  number = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  number = Math.imul(number ^ (number >>> 13), 0xc2b2ae35);
  return (number ^ (number >>> 16)) >>> 0;
}

/** Names are not unique. Two of the same name get the end of their ids beside it. */
export function tails(people) {
  const count = new Map();
  for (const { name } of people) count.set(name, (count.get(name) ?? 0) + 1);
  return new Map(people.map(({ id, name }) => [id, count.get(name) > 1 ? id.slice(-4) : '']));
}
