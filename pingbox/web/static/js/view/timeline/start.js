/** What stands in place of messages: in an empty room what one can do there, and without a room where to go. */
import { isDirect, isRefused, label, sign } from '../../store/room.js';
import { button, el, icon, rebuild, tool } from '../dom.js';

/**
 * The four ways to see what the chat can do. facts: {address, socket, local}; on: {copy(text), second(), hello()}; `shown` is
 * false while there is something else to see.
 */
export function renderStart(node, room, shown, facts, lang, on) {
  node.hidden = !shown;
  node.parentElement.classList.toggle('starting', shown);
  if (!shown) return;
  rebuild(node, [room.id, room.title, lang.code, facts], () => [
    el('img', { src: 'favicon.svg', alt: '', width: 44, height: 44 }),
    el('h2', {}, lang.t('room.start', { room: label(room) })),
    el('p', {}, lang.t('start.ways')),
    el('div', { class: 'cards' }, ...cards(facts, lang, on)),
  ]);
}

function cards({ address, socket, local }, lang, on) {
  const { t } = lang;
  const command = `$ python -m websockets \\\n    ${socket}\n> {"action":"sendMessage","text":"hi"}`;
  return [
    card('link', t('start.invite'), t('start.invite.text'), copyLine(address, address, lang, on)),
    card('windows', t('start.two'), t('start.two.text'), el('div', {}, button(t('start.two.go'), on.second, 'low'))),
    card('term', t('start.terminal'), t('start.terminal.text'), copyLine(command, `python -m websockets ${socket}`, lang, on, 'tall')),
    local ? card('wave', t('start.wire'), t('start.wire.text'), bars(), el('div', {}, button(t('start.wire.go'), on.hello, 'low primary')))
      : card('off', t('start.offline'), t('start.offline.text'), el('div', {}, button(t('start.hello'), on.hello, 'low primary'))),
  ];
}

function card(sign, title, text, ...end) {
  return el('div', { class: 'card-box' }, el('h3', {}, icon(sign), title), el('p', {}, text), el('div', { class: 'end' }, ...end));
}

function copyLine(shown, copied, lang, on, kind = '') {
  return el('div', { class: `copy-line ${kind}`.trim() }, el('code', { title: copied }, shown), tool('copy', lang.t('copy'), () => on.copy(copied)));
}

function bars() {
  const steps = [['frame', 0, 4], ['lambda', 4, 82], ['table', 9, 14], ['table', 26, 18], ['post', 48, 12], ['frame', 62, 30]];
  const node = el('div', { class: 'mini', 'aria-hidden': 'true' });
  for (const [kind, start, width] of steps) {
    const bar = el('i');
    bar.style.setProperty('--c', `var(--v-${kind})`);
    bar.style.marginInlineStart = `${start}%`;
    bar.style.width = `${width}%`;
    node.append(bar);
  }
  return node;
}

/** on: {open(room, title), leave(room), find()}; `rooms`: the busiest, to go to */
export function renderNoRoom(node, room, { online, waiting, rooms }, lang, on) {
  node.hidden = room ? !isRefused(room) : !online;
  if (node.hidden) return;
  rebuild(node, [room?.id, room?.error, lang.code, waiting, rooms.map(({ id }) => id)], () => (room ? refusal(room, waiting, lang, on) : choice(rooms, lang, on)));
}

function choice(rooms, lang, on) {
  return [
    el('h2', {}, lang.t('room.none')),
    button(lang.t('nav.find'), on.find, 'primary'),
    el('div', { class: 'buttons' }, ...rooms.map((each) => button(`# ${label(each)}`, () => on.open(each.id, null)))),
  ];
}

function refusal(room, waiting, lang, on) {
  const unknown = room.error === 'no_such_room' && !isDirect(room.id);
  const again = () => on.open(room.id, unknown ? room.id : null);
  return [
    el('h2', {}, unknown ? lang.t('room.unknown', { room: room.id }) : lang.t('room.refused', { room: sign(room) })),
    unknown ? '' : el('p', {}, lang.reason(room.error)),
    waiting ? el('p', {}, lang.t('room.waiting', { count: waiting })) : '',
    el('div', { class: 'buttons' },
      button(lang.t(waiting ? 'room.forget' : 'room.away'), () => on.leave(room.id)),
      button(unknown ? lang.t('room.create', { room: room.id }) : lang.t('room.again'), again, 'primary')),
  ];
}
