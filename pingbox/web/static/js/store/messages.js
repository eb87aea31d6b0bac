/**
 * The messages of one room by number, as a value: `with` returns a new set and leaves the old one as it is. They are kept
 * in pages of 256 numbers, so that one more message copies one page, whether there are ten messages or a hundred thousand.
 */
const PAGE = 256;

export class Messages {
  /** `pages`: page number → {slots, count}; `order`: the page numbers, ascending. Use `new Messages()` and `with`. */
  constructor(pages = new Map(), order = [], size = 0) {
    this.pages = pages;
    this.order = order;
    this.size = size;
  }

  get(seq) {
    return this.pages.get(Math.floor(seq / PAGE))?.slots[seq % PAGE];
  }

  has(seq) {
    return this.get(seq) !== undefined;
  }

  /** With these messages put in, or in place of those of the same `seq`. */
  with(events) {
    if (events.length === 0) return this;
    const pages = new Map(this.pages);
    const copied = new Set();
    let { size } = this;
    for (const event of events) {
      const number = Math.floor(event.seq / PAGE);
      const old = pages.get(number) ?? { slots: [], count: 0 };
      const page = copied.has(number) ? old : { slots: [...old.slots], count: old.count };
      copied.add(number);
      if (page.slots[event.seq % PAGE] === undefined) {
        page.count += 1;
        size += 1;
      }
      page.slots[event.seq % PAGE] = event;
      pages.set(number, page);
    }
    const order = pages.size === this.pages.size ? this.order : [...pages.keys()].sort((a, b) => a - b);
    return new Messages(pages, order, size);
  }

  /** The messages from `seq` on, ascending. */
  * from(seq = 0) {
    for (const number of this.order) {
      if ((number + 1) * PAGE <= seq) continue;
      for (const event of this.pages.get(number).slots) if (event && event.seq >= seq) yield event;
    }
  }

  /** The messages below `seq`, descending. */
  * before(seq = Infinity) {
    for (const number of this.order.toReversed()) {
      if (number * PAGE >= seq) continue;
      for (const event of this.pages.get(number).slots.toReversed()) if (event && event.seq < seq) yield event;
    }
  }

  /** How many messages have a number below `seq`. */
  rank(seq) {
    let below = 0;
    for (const number of this.order) {
      if (number * PAGE >= seq) break;
      const { slots, count } = this.pages.get(number);
      if ((number + 1) * PAGE <= seq) below += count;
      else for (const event of slots) if (event && event.seq < seq) below += 1;
    }
    return below;
  }

  /** The message with `rank` messages below it, or undefined. */
  at(rank) {
    let left = rank;
    for (const number of this.order) {
      const { slots, count } = this.pages.get(number);
      if (left < count) return slots.filter(Boolean)[left];
      left -= count;
    }
    return undefined;
  }

  get last() {
    return this.size ? this.at(this.size - 1) : undefined;
  }

  values() {
    return this.from();
  }

  * keys() {
    for (const { seq } of this.from()) yield seq;
  }
}
