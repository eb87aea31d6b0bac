/** The list of rooms, and who I am. */
import { label, unread } from '../store/room.js';
import { el, reconcile, setText } from './dom.js';
import { avatar, nameOf } from './parts.js';

export function renderRooms(list, { rooms, focus }, lang, onOpen) {
  const items = Object.values(rooms)
    .map((room) => ({ key: room.id, id: room.id, label: label(room), current: room.id === focus, count: unread(room) }))
    .sort((a, b) => a.label.localeCompare(b.label, lang.code));
  reconcile(list, items.map((item) => ({ ...item, lang: lang.code })), {
    make: (item) => fillRoom(el('li', {}, el('button', { type: 'button', on: { click: () => onOpen(item.id) } })), item, lang),
    update: (node, item) => fillRoom(node, item, lang),
    same: (a, b) => a.label === b.label && a.current === b.current && a.count === b.count && a.lang === b.lang,
  });
}

function fillRoom(node, item, lang) {
  const button = node.firstElementChild;
  button.className = item.count ? 'room unread' : 'room';
  if (item.current) button.setAttribute('aria-current', 'true');
  else button.removeAttribute('aria-current');
  button.replaceChildren(el('span', { class: 'hash', 'aria-hidden': 'true' }, '#'), el('span', { class: 'label', dir: 'auto' }, item.label));
  if (item.count) {
    const says = lang.t('nav.unread', { count: item.count });
    button.append(
      el('span', { class: 'number', 'aria-hidden': 'true' }, item.count > 999 ? '999+' : String(item.count)),
      el('span', { class: 'unseen' }, says),
    );
  }
  return node;
}

export function renderMe(button, me, lang) {
  const key = me ? `${me.id} ${me.name} ${me.guest} ${lang.code}` : '';
  if (button.dataset.key === key) return;
  button.dataset.key = key;
  button.hidden = !me;
  if (!me) return;
  const lines = el('span', { class: 'me-name' }, nameOf(me));
  if (me.guest) lines.append(el('small', {}, lang.t('guest')));
  button.replaceChildren(avatar(me), lines);
  button.setAttribute('aria-label', `${lang.t('nav.name')}: ${me.name}`);
}

export function renderBar({ title, topic, count, leave }, room, lang) {
  const name = room ? label(room) : 'PingBox';
  if (title.dataset.key !== `${room?.id} ${name}`) {
    title.dataset.key = `${room?.id} ${name}`;
    title.replaceChildren(...(room ? [el('span', { class: 'hash', 'aria-hidden': 'true' }, '#'), name] : [name]));
  }
  setText(topic, room?.topic ?? '');
  leave.hidden = !room;
  setText(count, room?.online ? String(room.online) : '');
  count.parentElement.title = room?.online ? lang.t('people.online', { count: room.online }) : lang.t('people.open');
}
