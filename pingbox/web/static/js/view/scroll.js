/**
 * Keeps the reader's place: at the end if they are at the end, otherwise the line they look at stays where it is,
 * whatever is put in above or below it.
 */
const NEAR = 40; // px from the end that still count as being there

export class Scroll {
  constructor(scroller, list) {
    this.scroller = scroller;
    this.list = list;
    this.stuck = true;
    this.last = 0;
    new ResizeObserver(() => this.stuck && this.toEnd()).observe(scroller);
  }

  /** To be called on every scroll event; tells the direction: -1 up, 1 down, 0 none. */
  moved() {
    const { scrollTop } = this.scroller;
    const direction = Math.sign(scrollTop - this.last);
    this.last = scrollTop;
    this.stuck = this.atEnd();
    return direction;
  }

  atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight <= NEAR;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.last = this.scroller.scrollTop;
    this.stuck = true;
  }

  /** `node` a little below the upper edge. */
  to(node) {
    this.scroller.scrollTop += this.#top(node) - this.scroller.clientHeight / 4;
    this.last = this.scroller.scrollTop;
    this.stuck = this.atEnd();
  }

  /** Change the list without moving what the reader sees. */
  hold(change) {
    const anchor = this.stuck ? null : this.#firstVisible();
    const before = anchor && this.#top(anchor);
    change();
    if (this.stuck) this.toEnd();
    else if (anchor?.isConnected) this.scroller.scrollTop += this.#top(anchor) - before;
    this.last = this.scroller.scrollTop;
  }

  isVisible(node) {
    const top = this.#top(node);
    return top < this.scroller.clientHeight && top + node.offsetHeight > 0;
  }

  #top(node) {
    return node.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
  }

  /** The first message that reaches into view. Day lines may come and go above it; messages stay. */
  #firstVisible() {
    const nodes = this.list.children;
    let low = 0;
    let high = nodes.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#top(nodes[middle]) + nodes[middle].offsetHeight > 0) high = middle;
      else low = middle + 1;
    }
    while (low < nodes.length - 1 && !nodes[low].classList.contains('message')) low += 1;
    return nodes[low] ?? null;
  }
}
