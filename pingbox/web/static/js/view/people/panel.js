/** Who is in the room now, and who was here a moment ago. */
import { sorted } from '../../store/people.js';
import { tails } from '../../text/names.js';
import { byId, el, reconcile, setText } from '../dom.js';
import { avatar, nameOf } from '../parts.js';

const MANY = 100; // more people than this get a field to filter them

export class PeoplePanel {
  /** on: {profile(user, node)} */
  constructor(root, on) {
    this.on = on;
    this.list = byId(root, 'people-list');
    this.title = byId(root, 'people-title');
    this.filter = byId(root, 'people-filter');
    this.filter.addEventListener('input', () => this.given && this.render(...this.given));
  }

  render(room, me, phase, lang, now) {
    this.given = [room, me, phase, lang, now];
    const query = this.filter.value.trim().toLocaleLowerCase();
    const { here, away } = sorted(room?.people ?? new Map(), me?.id, now);
    const tail = tails([...here, ...away]);
    const fits = ({ name }) => !query || name.toLocaleLowerCase().includes(query);
    const online = phase === 'online';
    const person = (each, present) => ({
      key: each.id, id: each.id, name: each.name, room: room.id, present, own: each.id === me?.id, tail: tail.get(each.id), lang: lang.code,
      below: present ? below(each, room, online, lang, now) : lang.ago(each.lastSeen, now),
    });
    this.filter.hidden = here.length + away.length <= MANY;
    setText(this.title, lang.t('people.title'));
    const more = Math.max(0, (room?.online ?? 0) - here.length - (room?.people.size ? 0 : Infinity));
    const count = room?.online ?? here.length;
    const groups = [
      { key: 'here', title: `${lang.t(online ? 'people.here' : 'people.known')} · ${count}`, people: here.filter(fits).map((each) => person(each, true)), note: hereNote(here, more, me, online, lang) },
      { key: 'away', title: lang.t('people.away'), people: away.filter(fits).map((each) => person(each, false)), note: '' },
    ];
    reconcile(this.list, groups.filter(({ people, note }) => people.length || note), {
      make: (group) => this.#fillGroup(el('section', { class: 'people-group', 'data-group': group.key }, el('h3'), el('ul'), el('p', { class: 'people-note' })), group, lang),
      update: (section, group) => this.#fillGroup(section, group, lang),
      same: () => false,
    });
  }

  #fillGroup(section, { title, people, note }, lang) {
    const [heading, list, foot] = section.children;
    setText(heading, title);
    setText(foot, note);
    foot.hidden = !note;
    reconcile(list, people, {
      make: (each) => this.#fillPerson(el('li', {}, el('button', { type: 'button' })), each, lang),
      update: (node, each) => this.#fillPerson(node, each, lang),
      same: (a, b) => JSON.stringify(a) === JSON.stringify(b),
    });
    return section;
  }

  #fillPerson(node, each, lang) {
    const button = node.firstElementChild;
    button.className = each.present ? 'person' : 'person away';
    button.onclick = () => this.on.profile(each, button);
    const lines = el('span', { class: 'person-name' }, el('span', {}, nameOf(each, each.tail)));
    if (each.below) lines.append(el('small', {}, each.below));
    button.replaceChildren(avatar(each, each.room, each.present ? 'here' : 'away'), lines, each.own ? el('span', { class: 'you' }, lang.t('you')) : '');
    return node;
  }
}

function below(each, room, online, lang, now) {
  if (online && (room.typing.get(each.id)?.until ?? 0) > now) return lang.t('people.writing');
  return each.tabs > 1 ? lang.t('people.tabs', { count: each.tabs }) : '';
}

function hereNote(here, more, me, online, lang) {
  if (more > 0) return lang.t('people.more', { count: more });
  return online && here.length === 1 && here[0].id === me?.id ? lang.t('people.none') : '';
}
