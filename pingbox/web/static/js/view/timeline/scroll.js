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
    this.scroller.scrollTop += this.top(node) - this.scroller.clientHeight / 4;
    this.last = this.scroller.scrollTop;
    this.stuck = this.atEnd();
  }

  /** Change the list without moving what the reader sees. */
  hold(change) {
    const anchor = this.stuck ? null : this.#firstVisible();
    const before = anchor && this.top(anchor);
    change();
    if (this.stuck) this.toEnd();
    else if (anchor?.isConnected) this.scroller.scrollTop += this.top(anchor) - before;
    this.last = this.scroller.scrollTop;
  }

  isVisible(node) {
    const top = this.top(node);
    return top < this.scroller.clientHeight && top + node.offsetHeight > 0;
  }

  /** px from the upper edge of what is seen to the upper edge of `node`. */
  top(node) {
    return node.getBoundingClientRect().top - this.scroller.getBoundingClientRect().top;
  }

  /** The last message whose lower end, or most of which, is in view. */
  lastVisible() {
    const nodes = this.list.children;
    const { clientHeight } = this.scroller;
    let at = this.#search((node) => this.top(node) + Math.min(node.offsetHeight, clientHeight / 2) > clientHeight + 1);
    if (at === nodes.length || this.top(nodes[at]) + Math.min(nodes[at].offsetHeight, clientHeight / 2) > clientHeight + 1) at -= 1;
    while (at >= 0 && !nodes[at].classList.contains('message')) at -= 1;
    return nodes[at] ?? null;
  }

  /** The first message that reaches into view. Day lines may come and go above it; messages stay. */
  #firstVisible() {
    const nodes = this.list.children;
    let at = this.#search((node) => this.top(node) + node.offsetHeight > 0);
    while (at < nodes.length - 1 && !nodes[at].classList.contains('message')) at += 1;
    return nodes[at] ?? null;
  }

  /** Index of the first child for which `is` holds; it holds for all that follow. */
  #search(is) {
    const nodes = this.list.children;
    let low = 0;
    let high = nodes.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (is(nodes[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
