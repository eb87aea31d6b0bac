/**
 * Which of the messages held are in the document: a few hundred, however many there are. What stands above and below them is
 * replaced by empty space of about their height, so that the scroll bar tells where one is.
 */
const MOST = 220; // messages in the document
const STEP = 50; // how many come in at a time while someone scrolls

export class ListWindow {
  constructor() {
    this.from = 0;
    this.to = Infinity; // Infinity: whatever is newest
    this.placed = false; // false until someone said which
    this.whole = false; // everything, for the browser's own search
  }

  /** The newest messages. */
  end(messages) {
    this.placed = true;
    this.to = Infinity;
    this.from = this.whole ? 0 : seqAt(messages, messages.size - MOST / 2);
  }

  around(messages, seq) {
    this.placed = true;
    if (this.whole) return;
    const rank = messages.rank(seq);
    this.from = seqAt(messages, rank - STEP);
    this.to = upper(messages, rank + MOST - STEP);
  }

  hasAbove(messages) {
    return this.from > 0 && messages.rank(this.from) > 0;
  }

  hasBelow(messages) {
    return this.to !== Infinity && (messages.last?.seq ?? 0) > this.to;
  }

  up(messages) {
    const rank = messages.rank(this.from) - STEP;
    this.from = seqAt(messages, rank);
    if (this.count(messages) > MOST) this.to = upper(messages, rank + MOST);
  }

  down(messages) {
    const rank = messages.rank(this.to) + STEP;
    this.to = upper(messages, rank);
    const from = (this.to === Infinity ? messages.size : rank) - MOST;
    if (from > messages.rank(this.from)) this.from = seqAt(messages, from);
  }

  /** New messages came: let go of old ones on the side where the reader is not. */
  trim(messages, atEnd) {
    if (this.whole || this.to !== Infinity || this.count(messages) <= MOST + STEP) return;
    if (atEnd) this.from = seqAt(messages, messages.size - MOST);
    else this.to = upper(messages, messages.rank(this.from) + MOST);
  }

  /** Everything held, until `end` or `around` of another room. */
  all() {
    this.whole = true;
    this.from = 0;
    this.to = Infinity;
  }

  above(messages) {
    return this.from === 0 ? 0 : messages.rank(this.from);
  }

  below(messages) {
    return this.to === Infinity ? 0 : messages.size - messages.rank(this.to + 1);
  }

  count(messages) {
    return messages.size - this.above(messages) - this.below(messages);
  }
}

function seqAt(messages, rank) {
  return rank <= 0 ? 0 : messages.at(rank)?.seq ?? 0;
}

function upper(messages, rank) {
  return rank >= messages.size - 1 ? Infinity : messages.at(rank).seq;
}
