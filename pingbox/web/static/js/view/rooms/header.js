/** The header of the room: what it is called, what it is about, who is there, and what can be done with it. */
import { isHere, sorted } from '../../store/people.js';
import { isDirect, isRefused, label } from '../../store/room.js';
import { byId, el, icon, rebuild, setName, setText } from '../dom.js';
import { avatar } from '../parts.js';

const BELLS = { all: 'bell', mentions: 'bell', none: 'bell-off' };

export class Header {
  /** on: {topic()} */
  constructor(root, on) {
    const find = (id) => byId(root, id);
    this.title = find('room-title');
    this.topic = find('room-topic');
    this.face = find('room-face');
    this.people = find('open-people');
    this.count = find('online-count');
    this.bell = find('bell');
    this.tools = [find('search-open'), this.bell, find('more')];
    this.topic.addEventListener('click', on.topic);
  }

  render(room, { me, now, level, mayEdit, phase }, lang) {
    const direct = room ? isDirect(room.id) : false;
    const name = room ? label(room) : 'PingBox';
    const person = direct ? room.people.get(room.peer?.id) : null;
    const here = person ? isHere(person, now) : false;
    rebuild(this.title, [room?.id, name], () => [room && !direct ? el('span', { class: 'hash', 'aria-hidden': 'true' }, '#') : '', el('bdi', {}, name)]);
    this.face.hidden = !direct;
    if (direct) rebuild(this.face, [room.peer, here], () => [avatar(room.peer ?? { id: room.id, name }, room.id, here ? 'here' : 'away')]);
    this.#topic(room, direct ? presence(person, here, phase, lang, now) : room?.topic || (room?.joined && mayEdit ? lang.t('topic.add') : ''), mayEdit && !direct);
    for (const each of this.tools) each.hidden = !room || isRefused(room);
    this.#faces(direct ? null : room, me, lang, now);
    rebuild(this.bell, [level], () => [icon(BELLS[level])]);
    setName(this.bell, `${lang.t('bell.title')}: ${lang.t(`bell.${level}`)}`);
  }

  #topic(room, words, mayEdit) {
    setText(this.topic, words);
    this.topic.disabled = !mayEdit;
    this.topic.title = room?.topic ?? '';
    this.topic.dir = 'auto';
    this.topic.hidden = !words;
  }

  #faces(room, me, lang, now) {
    this.people.hidden = !room;
    if (!room) return;
    const { here } = sorted(room.people, me?.id, now);
    const count = room.members ?? room.online;
    rebuild(this.people.firstElementChild, here.slice(0, 3).map(({ id, name }) => [id, name]), () => here.slice(0, 3).map((each) => avatar(each, room.id)));
    setText(this.count, count ? String(count) : '');
    setName(this.people, count ? `${lang.t('people.open')}, ${lang.t('people.online', { count: room.online ?? count })}` : lang.t('people.open'));
  }
}

function presence(person, here, phase, lang, now) {
  if (phase !== 'online' || !person) return '';
  if (!here) return person.lastSeen ? lang.t('people.seen', { when: lang.ago(person.lastSeen, now) }) : '';
  return person.tabs > 1 ? lang.t('people.devices', { count: person.tabs }) : lang.t('people.here');
}
