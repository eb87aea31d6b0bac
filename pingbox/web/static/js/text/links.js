/** How an address is shown: as what it really is. Pure. */

const CONTROLS = /[\u061C\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/u;

/**
 * The parts of an address as shown: strings, and {control: 'U+202E'} for characters that would turn the line around or
 * are not seen at all. A host that mixes scripts (раypal) is shown as the browser will ask for it, in punycode.
 */
export function shownAddress(url) {
  const parts = [];
  for (const char of mixes(url) ? new URL(url).href : url) {
    if (CONTROLS.test(char)) parts.push({ control: `U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}` });
    else if (typeof parts.at(-1) === 'string') parts[parts.length - 1] += char;
    else parts.push(char);
  }
  return parts;
}

/** Does a label of the host have letters of more than one script? Latin beside Chinese or Japanese is usual, and stays. */
function mixes(url) {
  const host = /^https?:\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url)?.[1] ?? '';
  const scripts = ['Latin', 'Cyrillic', 'Greek', 'Armenian', 'Hebrew', 'Arabic', 'Cherokee'];
  const count = (part) => scripts.filter((script) => new RegExp(`\\p{Script=${script}}`, 'u').test(part)).length;
  return host.split('.').some((part) => count(part) > 1);
}
