/** Who somebody is: their card, from any name or picture. */
import { isHere } from '../../store/people.js';
import { isDirect, label } from '../../store/room.js';
import { button, el } from '../dom.js';
import { avatar, nameOf } from '../parts.js';
import { close, popup } from '../popup.js';

/** on: {message(user), mention(user), rename()}; the last one is for oneself. */
export function showCard(anchor, user, state, lang, now, on) {
  const own = user.id === state.me?.id;
  const go = (does) => () => {
    close();
    does(user);
  };
  const buttons = own ? [button(lang.t('nav.name'), go(on.rename), 'primary')]
    : [button(lang.t('card.message'), go(on.message), 'primary'), button(lang.t('card.mention'), go(on.mention))];
  popup(anchor, [...aboutPerson(user, state, lang, now), el('div', { class: 'card-buttons' }, ...buttons)], { kind: 'card', label: user.name });
}

/** The same facts for the side of a direct message. */
export function aboutPerson(user, { rooms, me, focus, link }, lang, now) {
  const known = Object.values(rooms).map((room) => room.people.get(user.id)).filter(Boolean);
  const person = known.find((each) => isHere(each, now)) ?? known[0] ?? null;
  const here = person ? isHere(person, now) : user.id === me?.id;
  const shared = Object.values(rooms).filter((room) => !isDirect(room.id) && room.people.has(user.id)).map(label);
  const facts = [
    [lang.t('card.id'), el('code', {}, shorten(user.id))],
    [lang.t('card.sign'), lang.t(user.id.startsWith('g-') ? 'card.guest' : 'card.account')],
    ...(shared.length ? [[lang.t('card.shared'), el('bdi', {}, lang.list(shared))]] : []),
  ];
  const seen = here ? lang.t(person?.tabs > 1 ? 'people.devices' : 'people.here', { count: person?.tabs ?? 1 })
    : person?.lastSeen ? lang.t('people.seen', { when: lang.ago(person.lastSeen, now) }) : '';
  return [
    avatar(user, rooms[focus] ? focus : '', here && link.phase === 'online' ? 'here' : 'away'), el('h3', {}, nameOf(user)), el('p', {}, link.phase === 'online' ? seen : ''),
    el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
  ];
}

function shorten(id) {
  return id.length > 14 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id;
}
