/** The list of rooms and direct messages, the newest first, and who I am. */
import { isHere } from '../../store/people.js';
import { isDirect, label, mentionsOf, newest, unread } from '../../store/room.js';
import { plain } from '../../text/parse.js';
import { byId, el, reconcile, rebuild } from '../dom.js';
import { avatar, nameOf } from '../parts.js';

export class RoomList {
  /** on: {open(id)} */
  constructor(root, on) {
    this.on = on;
    this.side = byId(root, 'rooms');
    this.lists = { room: byId(root, 'room-list'), direct: byId(root, 'direct-list') };
    this.hint = byId(root, 'direct-hint');
    this.order = [];
    this.busy = false;
    this.side.addEventListener('pointerenter', () => { this.busy = true; });
    this.side.addEventListener('pointerleave', () => { this.busy = false; });
  }

  /** `drafts(id)`: what is half written in a room; `level(id)`: which notices it gives: 'all', 'mentions' or 'none'. */
  render(state, lang, now, { drafts, level }) {
    const items = this.#sorted(Object.values(state.rooms).map((room) => describeItem(room, state, lang, now, drafts(room.id), level(room.id))));
    for (const [kind, list] of Object.entries(this.lists)) {
      reconcile(list, items.filter((item) => item.kind === kind), {
        make: (item) => fillRoom(el('li', {}, el('button', { type: 'button', on: { click: () => this.on.open(item.id) } })), item, lang),
        update: (node, item) => fillRoom(node, item, lang),
        same: (a, b) => a.look === b.look,
      });
    }
    this.hint.hidden = items.some(({ kind }) => kind === 'direct');
  }

  /** The rooms as listed, from top to bottom. */
  ids() {
    return [...this.lists.room.children, ...this.lists.direct.children].map((node) => node.dataset.id);
  }

  /** Newest first; but the order waits while pointer or focus is in the list, so that nobody hits the wrong one. */
  #sorted(items) {
    const wanted = items.toSorted((a, b) => b.ts - a.ts || a.label.localeCompare(b.label)).map(({ id }) => id);
    const waits = this.busy || this.side.contains(document.activeElement) && !this.side.classList.contains('open');
    const known = this.order.filter((id) => wanted.includes(id));
    this.order = waits && known.length ? [...known, ...wanted.filter((id) => !known.includes(id))] : wanted;
    return items.toSorted((a, b) => this.order.indexOf(a.id) - this.order.indexOf(b.id));
  }
}

function describeItem(room, state, lang, now, draft, level) {
  const direct = isDirect(room.id);
  const current = room.id === state.focus;
  const last = newest(room);
  const failed = state.outbox.some((item) => item.room === room.id && item.state === 'failed');
  const muted = level === 'none';
  const mentions = direct ? unread(room) : mentionsOf(room, state.me);
  const item = {
    key: room.id, id: room.id, kind: direct ? 'direct' : 'room', label: label(room), current, muted, mentions,
    count: muted ? 0 : unread(room), time: last ? lang.moment(last.ts, now) : '', ts: last?.ts ?? room.log.headTs ?? 0,
    preview: preview(room, state.me, last, !current && draft, failed, direct, lang),
    peer: direct ? room.peer ?? { id: room.id, name: '' } : null, dot: direct ? dotOf(room, state, now) : null,
  };
  return { ...item, look: JSON.stringify([item, lang.code]) };
}

/** A draft before what failed before the last message before the topic. */
function preview(room, me, last, draft, failed, direct, lang) {
  if (draft) return { sign: lang.t('nav.draft'), text: plain(draft) };
  if (failed) return { sign: lang.t('nav.failed'), text: '' };
  if (!last) return { sign: '', text: room.topic || (room.log.seen === null ? '' : lang.t('room.silent')) };
  const text = last.deleted ? lang.t('message.deleted') : plain(last.text ?? '');
  const name = last.id !== undefined && last.id === me?.id ? lang.t('you.say') : last.name;
  return { sign: '', text: direct && name === last.name ? text : `${name}: ${text}` };
}

function dotOf(room, { rooms }, now) {
  const people = [room, ...Object.values(rooms)].map((each) => each.people.get(room.peer?.id)).filter(Boolean);
  return people.some((person) => isHere(person, now)) ? 'here' : 'away';
}

function fillRoom(node, item, lang) {
  const button = node.firstElementChild;
  node.dataset.id = item.id;
  button.className = ['room', item.count && 'unread counted', item.muted && 'muted'].filter(Boolean).join(' ');
  if (item.current) button.setAttribute('aria-current', 'true');
  else button.removeAttribute('aria-current');
  const parts = [
    item.peer ? avatar(item.peer, '', item.dot) : el('span', { class: 'tile', 'aria-hidden': 'true' }, '#'),
    el('span', { class: 'label cut' }, el('bdi', {}, item.label)),
    item.time ? el('time', { 'aria-hidden': 'true' }, item.time) : '',
    el('span', { class: 'preview cut', 'aria-hidden': 'true', dir: item.preview.sign ? null : 'auto' }, item.preview.sign ? el('i', { class: 'draft' }, `${item.preview.sign} `) : '', item.preview.text),
  ];
  if (item.count) parts.push(el('span', { class: item.mentions ? 'number mention' : 'number', 'aria-hidden': 'true' }, item.count > 99 ? '99+' : String(item.count)));
  button.replaceChildren(...parts);
  const says = [item.label, item.count && lang.t('nav.unread', { count: item.count }), item.mentions && !item.peer && lang.t('nav.mentions', { count: item.mentions }), item.muted && lang.t('nav.muted'), item.preview.sign];
  button.setAttribute('aria-label', says.filter(Boolean).join(', '));
  return node;
}

/** The foot of the list: my name and how the connection is. */
export function renderMe(node, me, phase, lang) {
  node.hidden = !me;
  if (!me) return;
  const state = phase === 'refused' ? lang.t('me.refused') : lang.t(`me.${phase}`);
  rebuild(node, [me, phase, lang.code], () => [
    avatar(me, '', 'here'),
    el('span', { class: 'me-name' }, nameOf(me), el('small', { id: 'link-dot', 'data-phase': phase }, me.guest ? `${lang.t('guest')} · ${state}` : state)),
  ]);
  node.setAttribute('aria-label', `${lang.t('nav.name')}: ${me.name}, ${state}`);
}
