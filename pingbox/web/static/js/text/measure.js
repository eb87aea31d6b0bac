/** The text as it may be stored: trimmed, without control characters (tab and newline stay) and broken surrogates. */
export function tidy(text) {
  return text.replace(/[\0-\x08\x0b-\x1f]/g, '').toWellFormed().trim();
}

/** How long a message is, as the server counts: code points and UTF-8 bytes of the tidied text. */
export function measure(text, limits) {
  const trimmed = tidy(text);
  const length = [...trimmed].length;
  const bytes = new TextEncoder().encode(trimmed).length;
  const left = Math.min(limits.text - length, Math.floor((limits.textBytes - bytes) / (length ? bytes / length : 1)));
  const fits = length <= limits.text && bytes <= limits.textBytes;
  return { trimmed, length, left, fits, near: left <= limits.text * 0.2 };
}
