/** The list of messages: what is in it, where the reader is in it, and when more of it is needed. */
import { gaps, reachesTop } from '../store/log.js';
import { unread } from '../store/room.js';
import { timeline } from '../store/timeline.js';
import { el, reconcile, setText } from './dom.js';
import { makeItem, relabel, same, updateItem } from './items.js';
import { Scroll } from './scroll.js';

const FETCH_AHEAD = 500; // px from the upper end at which earlier messages are asked for

/** on: {retry(cid), discard(cid), older(room, before), fill(room, from, to), moved()} */
export class Messages {
  constructor(root, on) {
    const find = (id) => root.getElementById(id);
    Object.assign(this, { on, list: find('log'), top: find('top'), skeleton: find('skeleton'), jump: find('jump') });
    this.scroll = new Scroll(find('scroller'), this.list);
    this.room = null;
    this.placed = false;
    find('scroller').addEventListener('scroll', () => this.#moved());
    this.jump.addEventListener('click', () => this.toEnd());
    this.list.addEventListener('keydown', (event) => this.#keydown(event));
  }

  render({ room, outbox, me, lang, now }) {
    if (room.id !== this.room?.id || lang !== this.lang) this.#clear();
    this.room = room;
    this.lang = lang;
    const items = timeline(room, outbox, me).map((item) => relabel(item, lang, now));
    const tools = { lang, on: { ...this.on, fill: ({ from, to }) => this.on.fill(room.id, from, to) } };
    this.scroll.hold(() => {
      this.#frame(room, items, lang);
      reconcile(this.list, items, {
        make: (item) => makeItem(item, tools), update: (node, item, old) => updateItem(node, item, old, tools), same,
      });
    });
    this.#place(room);
    this.#showJump(room, lang);
    this.#roving();
    this.#wantOlder();
  }

  /** Is the reader looking at the last message? */
  get atEnd() {
    return this.placed && this.scroll.stuck;
  }

  toEnd() {
    this.scroll.toEnd();
    this.on.moved();
  }

  #clear() {
    this.list.replaceChildren();
    this.list.keyed = null;
    this.placed = false;
    this.scroll.stuck = true;
  }

  #frame(room, items, lang) {
    const loading = room.log.seen === null;
    this.skeleton.hidden = !loading || items.length > 0;
    this.top.hidden = loading;
    if (loading) return;
    const words = room.log.messages.size === 0 && items.length === 0 ? ' ' + lang.t('room.empty') : '';
    setText(this.top, reachesTop(room.log) ? lang.t('room.start', { room: room.id }) + words : lang.t('room.loading'));
    this.list.setAttribute('aria-label', lang.t('room.label', { room: room.title || room.id }));
  }

  /** A room is entered at the first unread message, or at its end. */
  #place(room) {
    if (this.placed || room.log.seen === null) return;
    this.placed = true;
    const line = this.list.querySelector('.new');
    if (line) this.scroll.to(line);
    else this.scroll.toEnd();
  }

  #showJump(room, lang) {
    const count = unread(room);
    this.jump.hidden = this.scroll.stuck;
    this.jump.classList.toggle('fresh', count > 0);
    setText(this.jump.lastElementChild, count ? lang.t('room.jump.count', { count }) : lang.t('room.jump'));
  }

  #moved() {
    const direction = this.scroll.moved();
    this.#wantOlder();
    if (direction) this.#wantGap(direction);
    this.on.moved();
  }

  #wantOlder() {
    const { room } = this;
    if (!room || room.log.seen === null || reachesTop(room.log) || room.log.covered.length === 0) return;
    if (room.wantPage === null && this.scroll.scroller.scrollTop < FETCH_AHEAD) this.on.older(room.id, room.log.covered[0][0]);
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

  /** One stop for the Tab key; arrows move inside. */
  #roving() {
    const current = this.list.querySelector('.message[tabindex="0"]');
    const last = this.list.querySelector('.message:last-of-type');
    if (current === last || current?.matches(':focus')) return;
    current?.setAttribute('tabindex', '-1');
    last?.setAttribute('tabindex', '0');
  }

  #keydown(event) {
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !event.target.matches('.message')) return;
    event.preventDefault();
    const all = [...this.list.querySelectorAll('.message')];
    const at = Math.max(0, Math.min(all.length - 1, all.indexOf(event.target) + step));
    event.target.setAttribute('tabindex', '-1');
    all[at].setAttribute('tabindex', '0');
    all[at].focus();
  }
}

/** What stands in place of the messages when there is no room to show. on: {open(room, title), leave(room)} */
export function renderNoRoom(node, room, online, lang, on) {
  const refused = room?.error && room.error !== 'creating';
  node.hidden = room ? !refused : !online;
  const key = `${room?.id} ${room?.error} ${lang.code}`;
  if (node.hidden || node.dataset.key === key) return;
  node.dataset.key = key;
  if (!room) return node.replaceChildren(el('p', {}, lang.t('room.none')));
  const unknown = room.error === 'no_such_room';
  const text = unknown ? lang.t('room.unknown', { room: room.id }) : lang.t('room.refused', { room: room.id });
  const again = () => on.open(room.id, unknown ? room.id : null);
  return node.replaceChildren(
    el('p', {}, text),
    unknown ? '' : el('p', {}, lang.reason(room.error)),
    el('div', { class: 'dialog-buttons' },
      el('button', { type: 'button', class: 'button', on: { click: () => on.leave(room.id) } }, lang.t('room.leave')),
      el('button', { type: 'button', class: 'button primary', on: { click: again } },
        unknown ? lang.t('room.create', { room: room.id }) : lang.t('room.again'))),
  );
}
