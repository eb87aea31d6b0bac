/** A random name for a message: 18 characters of A–Z a–z 0–9 _ -, 108 bits. Works on plain HTTP too. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

export function newCid(random = crypto) {
  return Array.from(random.getRandomValues(new Uint8Array(18)), (byte) => ALPHABET[byte & 63]).join('');
}
