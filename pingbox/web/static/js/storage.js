/**
 * What this browser remembers: who we are, rooms, drafts, what was read, and every message not yet confirmed.
 * localStorage may be missing or full (private windows, strict settings): then memory serves, until the page closes.
 */
const OUT = 'out:';

export class Storage {
  /** `person`: another person in the same browser (?guest=2), who shares nothing with the first. */
  constructor(backing, person = '') {
    this.backing = backing;
    this.prefix = person ? `pingbox@${person}:` : 'pingbox:';
    this.memory = new Map();
  }

  get(key, fallback = null) {
    const raw = this.#read(this.prefix + key);
    if (raw === null) return fallback;
    try {
      return JSON.parse(raw);
    } catch {
      return fallback;
    }
  }

  /** undefined and null remove the key. */
  set(key, value) {
    if (value === null || value === undefined) this.#remove(this.prefix + key);
    else this.#write(this.prefix + key, JSON.stringify(value));
  }

  /** Messages of this or an earlier page that are not known to be stored, in the order they were written. */
  outbox() {
    const items = this.#keys().filter((key) => key.startsWith(this.prefix + OUT)).map((key) => this.get(key.slice(this.prefix.length)));
    return items.filter((item) => typeof item?.cid === 'string' && typeof item.text === 'string').sort((a, b) => a.at - b.at);
  }

  /** One key per message, so that two tabs never overwrite each other's. */
  saveOutbox(before, after) {
    const kept = new Set(after.map((item) => item.cid));
    for (const item of before) if (!kept.has(item.cid)) this.set(OUT + item.cid, null);
    for (const item of after) if (!before.includes(item)) this.set(OUT + item.cid, item);
  }

  /** The cid of a message that another tab settled or discarded, given a `storage` event; else null. */
  settledElsewhere({ key, newValue }) {
    const start = this.prefix + OUT;
    return key?.startsWith(start) && newValue === null ? key.slice(start.length) : null;
  }

  /** How far another tab has read, given a `storage` event; else null. */
  readsElsewhere({ key, newValue }) {
    return key === `${this.prefix}reads` && newValue !== null ? this.get('reads', {}) : null;
  }

  /** Everything kept, by key, as it would be handed to its owner. */
  everything() {
    const kept = this.#keys().filter((key) => key.startsWith(this.prefix) && key !== `${this.prefix}token`);
    return Object.fromEntries(kept.sort().map((key) => [key.slice(this.prefix.length), this.get(key.slice(this.prefix.length))]));
  }

  /** Forget everything. */
  clear() {
    for (const key of this.#keys()) if (key.startsWith(this.prefix)) this.#remove(key);
  }

  #read(key) {
    if (this.memory.has(key)) return this.memory.get(key);
    try {
      return this.backing.getItem(key);
    } catch {
      return null;
    }
  }

  #write(key, value) {
    try {
      this.backing.setItem(key, value);
    } catch {
      this.memory.set(key, value);
    }
  }

  #remove(key) {
    this.memory.delete(key);
    try {
      this.backing.removeItem(key);
    } catch {
      // No storage at all: it was in memory only.
    }
  }

  #keys() {
    try {
      return [...new Set([...Object.keys(this.backing), ...this.memory.keys()])];
    } catch {
      return [...this.memory.keys()];
    }
  }
}
