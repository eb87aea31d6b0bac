/** The list of messages: what is in it, where the reader is in it, and when more of it is needed. */
import { gaps, reachesTop } from '../../store/log.js';
import { holes } from '../../store/ranges.js';
import { isDirect, label, unread } from '../../store/room.js';
import { timeline } from '../../store/timeline.js';
import { plain } from '../../text/parse.js';
import { byId, el, reconcile, rebuild, setText } from '../dom.js';
import { avatar } from '../parts.js';
import { fold } from './fold.js';
import { makeItem, same, updateItem } from './items.js';
import { Scroll } from './scroll.js';
import { ListWindow } from './window.js';

const FETCH_AHEAD = 500; // px from the upper end at which earlier messages are asked for
const AHEAD = 1200; // px from the edge of what is in the document at which more of it is put in

/**
 * on: {retry(cid), discard(cid), edit(item), react(item, emoji), pick(item, node), profile(user, node), copy(text),
 *      older(room, before), fill(room, from, to), seen(room, mark), read(room), moved()}
 */
export class Messages {
  constructor(root, on) {
    this.on = on;
    this.list = byId(root, 'log');
    this.top = byId(root, 'top');
    this.skeleton = byId(root, 'skeleton');
    this.jump = byId(root, 'jump');
    this.above = byId(root, 'above');
    this.below = byId(root, 'below');
    this.scroller = byId(root, 'scroller');
    this.scroll = new Scroll(this.scroller, this.list);
    this.window = new ListWindow();
    this.given = null;
    this.placed = false;
    this.placedAt = null; // the divider at which the reader was put last
    this.wanted = null; // {room, seq, asked}: a message to go to as soon as it is here
    this.quotes = new Map(); // number of a message → {key, quote}, as it is quoted above answers
    this.unfolded = new Set();
    this.average = 40; // px, height of a message
    this.scroller.addEventListener('scroll', () => this.#moved());
    this.jump.querySelector('.jump-go').addEventListener('click', () => this.toEnd());
    this.jump.querySelector('.jump-read').addEventListener('click', () => this.on.read(this.room.id));
    this.list.addEventListener('focusin', (event) => this.#focused(event.target));
  }

  get room() {
    return this.given?.room ?? null;
  }

  /** `given`: {room, outbox, me, lang, now, nameOf(id), marks} */
  render(given) {
    if (given.room.id !== this.room?.id || given.lang !== this.given.lang) this.#clear(given.room.id !== this.room?.id);
    this.given = given;
    if (this.wanted && this.wanted.room !== given.room.id) this.wanted = null;
    this.#draw();
    this.#place();
    this.#showJump();
    this.#wantOlder();
    this.#tellSeen();
  }

  /** Is the reader looking at the last message? */
  get atEnd() {
    return this.placed && this.scroll.stuck && this.window.to === Infinity;
  }

  toEnd() {
    if (!this.room) return;
    this.window.end(this.room.log.messages);
    this.scroll.stuck = true;
    this.#draw();
    this.scroll.toEnd();
    this.#showJump();
    this.on.moved();
  }

  /** Go to the message of this number and show which it is; ask for it if it is not here. */
  goTo(seq) {
    const { room } = this;
    if (!room || room.log.seen === null || !room.log.messages.has(seq)) {
      const asked = Boolean(room) && room.log.seen !== null;
      this.wanted = { room: room?.id, seq, asked };
      if (asked && seq <= room.log.head) this.on.fill(room.id, seq, Math.min(seq + 50, room.log.head));
      return;
    }
    this.wanted = null;
    this.placed = true;
    this.placedAt = room.divider;
    this.window.around(room.log.messages, seq);
    this.scroll.stuck = false;
    this.#draw();
    const node = this.nodeOf(seq);
    this.scroll.to(node);
    this.#highlight(node);
  }

  nodeOf(seq) {
    return this.list.querySelector(`.message[data-seq="${seq}"]`);
  }

  itemOf(node) {
    return node?.item ?? null;
  }

  /** Everything held in the document, for the browser's own search. */
  showAll() {
    this.window.all();
    this.scroll.hold(() => this.#draw());
  }

  focus() {
    const stop = this.list.querySelector('.message[tabindex="0"]');
    if (stop) stop.focus();
    else this.scroller.focus();
  }

  #clear(other) {
    this.list.replaceChildren();
    this.list.keyed = null;
    if (!other) return;
    this.placed = false;
    this.placedAt = null;
    this.unfolded.clear();
    this.window = new ListWindow();
    this.scroll.stuck = true;
  }

  #draw() {
    const { room, outbox, me, lang } = this.given;
    const { messages } = room.log;
    if (!this.window.placed) this.window.end(messages);
    this.window.trim(messages, this.scroll.stuck);
    const items = timeline(room, outbox, me, this.window).map((item) => this.#worded(item));
    const tools = this.#tools();
    this.scroll.hold(() => {
      this.#frame(items, lang);
      const fresh = [];
      const note = (node, item) => {
        node.item = item;
        if (item.kind === 'message') fresh.push(node);
        return node;
      };
      reconcile(this.list, items, {
        make: (item) => note(makeItem(item, tools), item),
        update: (node, item, old) => {
          updateItem(node, item, old, tools);
          note(node, item);
        },
        same,
      });
      fold(fresh, this.unfolded, lang);
      this.#pad(messages, items.length);
    });
    this.#count(messages.size);
    this.#roving();
  }

  #tools() {
    const { room, lang, me, nameOf } = this.given;
    const { on } = this;
    return {
      lang, room: room.id, nameOfUser: nameOf,
      on: { ...on, fill: ({ from, to }) => on.fill(room.id, from, to), jump: (seq) => this.goTo(seq) },
      does: {
        copy: on.copy, profile: on.profile,
        words: { copy: lang.t('copy'), code: lang.t('message.code'), all: (count) => lang.t('message.all', { count }) },
      },
      people: (item) => item.mentions.map((id) => ({ id, name: id === me?.id ? me.name : nameOf(id), me: id === me?.id })).filter(({ name }) => name),
    };
  }

  /** What an item says that depends on more than the message itself. */
  #worded(item) {
    const { room, lang, now, nameOf, me, marks } = this.given;
    if (item.kind === 'day') return { ...item, label: lang.day(item.ts, now) };
    if (item.kind !== 'message') return item;
    const names = item.mentions.length ? item.mentions.map((id) => (id === me?.id ? me.name : nameOf(id))).join('\n') : '';
    const sent = item.own && item.state === 'sent' && (marks === 'always' || item.cid === marks);
    return { ...item, names, sent, quote: item.replyTo === null ? null : this.#quote(room, item.replyTo) };
  }

  #quote(room, seq) {
    const event = room.log.messages.get(seq);
    const key = event ?? 'unknown';
    const known = this.quotes.get(seq);
    if (known?.key === key) return known.quote;
    const quote = event
      ? { seq, id: event.user.id, name: event.user.name, text: plain(event.text ?? ''), deleted: event.deleted ?? false }
      : { seq, id: '', name: '', text: '', deleted: false };
    this.quotes.set(seq, { key, quote });
    return quote;
  }

  /** The empty space in place of what is not in the document. */
  #pad(messages, count) {
    if (count > 30 && this.list.offsetHeight) this.average = this.list.offsetHeight / count;
    this.above.style.height = `${Math.round(this.window.above(messages) * this.average)}px`;
    this.below.style.height = `${Math.round(this.window.below(messages) * this.average)}px`;
  }

  #count(size) {
    this.list.dataset.held = String(size);
    const total = String(reachesTop(this.room.log) ? size : -1);
    if (this.list.dataset.size === total && total === '-1') return;
    this.list.dataset.size = total;
    for (const node of this.list.children) if (node.parts) node.setAttribute('aria-setsize', total);
  }

  #frame(items, lang) {
    const { room } = this;
    const loading = room.log.seen === null;
    this.skeleton.hidden = !loading || items.length > 0;
    const empty = !loading && items.length === 0 && room.log.messages.size === 0;
    this.top.hidden = loading || empty && !isDirect(room.id);
    this.list.setAttribute('aria-label', lang.t('room.label', { room: label(room) }));
    if (loading) return;
    const start = reachesTop(room.log);
    rebuild(this.top, [room.id, start, room.peer, lang.code], () => (start && room.peer ? directIntro(room, lang)
      : [start ? lang.t('room.start', { room: label(room) }) : lang.t('room.loading')]));
  }

  /** A room is entered at the first unread message, or at its end; so is one that was looked away from. */
  #place() {
    const { room } = this;
    if (room.log.seen === null) return;
    if (this.wanted) {
      if (room.log.messages.has(this.wanted.seq) || !this.wanted.asked) this.goTo(this.wanted.seq);
      if (this.placed) return;
    }
    const due = room.divider !== null && room.divider !== this.placedAt && unread(room) > 0 && (!this.placed || this.scroll.stuck);
    if (!due) {
      if (!this.placed) this.scroll.toEnd();
      this.placed = true;
      return;
    }
    const first = firstUnread(room);
    if (first === undefined) {
      this.placed = false; // it is on its way
      return;
    }
    this.placed = true;
    this.placedAt = room.divider;
    if (first === null) return;
    this.window.around(room.log.messages, first.seq);
    this.scroll.stuck = false;
    this.#draw();
    const line = this.list.querySelector('.new') ?? this.nodeOf(first.seq);
    if (line) this.scroll.to(line);
  }

  #showJump() {
    const { room, given: { lang } } = this;
    const count = unread(room);
    const away = !this.scroll.stuck || this.window.to !== Infinity;
    const first = count ? room.log.messages.from((room.readSeq ?? Infinity) + 1).next().value : null;
    this.jump.hidden = !away || !this.placed;
    this.jump.classList.toggle('fresh', count > 0);
    const since = first && first.n === room.readN + 1 ? lang.t('room.jump.since', { count, time: lang.moment(first.ts, this.given.now) }) : lang.t('room.jump.count', { count });
    const go = this.jump.firstElementChild;
    setText(go.lastElementChild, count ? since : '');
    go.setAttribute('aria-label', count ? since : lang.t('room.jump'));
    go.title = lang.t('room.jump');
  }

  #moved() {
    const direction = this.scroll.moved();
    if (!this.room) return;
    this.#slide();
    this.#wantOlder();
    if (direction) this.#wantGap(direction);
    this.#showJump();
    this.#tellSeen();
    this.on.moved();
  }

  /** Put in what comes into view soon, and take out what is far from it. */
  #slide() {
    const { messages } = this.room.log;
    const top = this.scroll.top(this.list);
    const bottom = top + this.list.offsetHeight;
    const { clientHeight } = this.scroller;
    if (top > clientHeight || bottom < 0) return this.#leap(messages);
    if (top > -AHEAD && this.window.hasAbove(messages)) this.window.up(messages);
    else if (bottom < clientHeight + AHEAD && this.window.hasBelow(messages)) this.window.down(messages);
    else return undefined;
    return this.#draw();
  }

  /** The scroll bar was dragged to where nothing is: put the messages of that place there. */
  #leap(messages) {
    const rank = Math.max(0, Math.min(messages.size - 1, Math.floor((this.scroller.scrollTop - this.above.offsetTop) / this.average)));
    const event = messages.at(rank);
    if (!event) return;
    this.window.around(messages, event.seq);
    this.scroll.stuck = false;
    this.list.replaceChildren();
    this.list.keyed = null;
    this.#draw();
    const node = this.nodeOf(event.seq);
    if (node) this.scroller.scrollTop += this.scroll.top(node);
    this.scroll.moved();
  }

  /** What the reader has before their eyes counts as read. */
  #tellSeen() {
    const { room } = this;
    if (!this.placed || unread(room) === 0) return;
    if (this.atEnd) return this.on.seen(room.id, null);
    const item = this.scroll.lastVisible()?.item;
    if (item?.seq && item.n > room.readN) this.on.seen(room.id, { n: item.n, seq: item.seq });
    return undefined;
  }

  #wantOlder() {
    const { room } = this;
    if (room.log.seen === null || reachesTop(room.log) || room.log.covered.length === 0) return;
    if (this.window.hasAbove(room.log.messages)) return;
    if (room.wantPage === null && this.placed && this.scroller.scrollTop < FETCH_AHEAD) this.on.older(room.id, room.log.covered[0][0]);
  }

  /** A gap scrolled into view fills itself, from the side the reader comes from. */
  #wantGap(direction) {
    for (const node of this.list.querySelectorAll('.gap')) {
      if (!this.scroll.isVisible(node)) continue;
      const [from, to] = gaps(this.room.log).find(([start]) => node === this.list.keyed.get(`gap:${start}`)?.node) ?? [];
      if (from === undefined) continue;
      if (direction < 0) this.on.older(this.room.id, to + 1);
      else this.on.fill(this.room.id, from, from);
    }
  }

  #highlight(node) {
    node.classList.remove('jumped');
    void node.offsetWidth; // start the animation anew
    node.classList.add('jumped');
    setTimeout(() => node.classList.remove('jumped'), 1200);
    this.#stop(node);
    node.focus({ preventScroll: true });
  }

  /** One stop for the Tab key; arrows move inside. */
  #roving() {
    const current = this.list.querySelector('.message[tabindex="0"]');
    const last = this.list.querySelector('.message:last-of-type');
    if (!last || current === last || current?.contains(document.activeElement)) return;
    this.#stop(last);
  }

  #stop(node) {
    for (const old of this.list.querySelectorAll('.message[tabindex="0"]')) old.setAttribute('tabindex', '-1');
    node.setAttribute('tabindex', '0');
  }

  #focused(target) {
    const node = target.closest('.message');
    if (node && node.getAttribute('tabindex') !== '0') this.#stop(node);
  }

  /** Move the focus by `step` messages from `node`; -Infinity and Infinity go to the ends of what is held. */
  step(node, step) {
    const { messages } = this.room.log;
    if (step === -Infinity && this.window.hasAbove(messages)) this.window.around(messages, messages.at(0).seq);
    else if (step === Infinity && this.window.hasBelow(messages)) this.window.end(messages);
    else if (step !== -Infinity && step !== Infinity) return this.#stepTo(node, step);
    this.#draw();
    return this.#stepTo(null, step);
  }

  #stepTo(node, step) {
    const all = [...this.list.querySelectorAll('.message')];
    const at = Math.max(0, Math.min(all.length - 1, (node ? all.indexOf(node) : 0) + step));
    all[at]?.focus({ preventScroll: true });
    all[at]?.scrollIntoView({ block: 'nearest' });
  }
}

/** The first unread message if it is here, undefined while it is on its way, null if it cannot be told or got. */
function firstUnread(room) {
  const { dividerSeq, log, fill } = room;
  if (dividerSeq === null) return null;
  const from = dividerSeq + 1;
  const covered = holes(log.covered, from, from).length === 0;
  if (!covered) return fill ? undefined : log.messages.from(from).next().value ?? null;
  const event = log.messages.from(from).next().value;
  return event ?? (log.head > log.seen ? undefined : null);
}

function directIntro(room, lang) {
  return [avatar(room.peer, room.id), el('h2', {}, el('bdi', {}, label(room))), el('p', {}, lang.t('direct.intro', { name: label(room) }))];
}
