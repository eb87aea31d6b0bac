/** Who is in the room now, and who was here a moment ago. */
import { sorted } from '../store/people.js';
import { tails } from '../text/names.js';
import { el, reconcile } from './dom.js';
import { avatar, nameOf } from './parts.js';

export function renderPeople(node, room, me, lang, now) {
  const { here, away } = sorted(room?.people ?? new Map(), me?.id, now);
  const tail = tails([...here, ...away]);
  const person = (each, online) => ({
    key: each.id, ...each, online, own: each.id === me?.id, tail: tail.get(each.id),
    seen: online ? '' : lang.t('people.seen', { when: lang.ago(each.lastSeen, now) }),
  });
  const more = Math.max(0, (room?.online ?? 0) - here.length - (room?.people.size ? 0 : Infinity));
  const groups = [
    { key: 'here', title: lang.t('people.here'), people: here.map((each) => person(each, true)), note: hereNote(here, more, me, lang) },
    { key: 'away', title: lang.t('people.away'), people: away.map((each) => person(each, false)), note: '' },
  ];
  reconcile(node, groups.filter(({ people, note }) => people.length || note).map((group) => ({ ...group, lang })), {
    make: (group) => fillGroup(makeGroup(group), group, lang),
    update: (section, group) => fillGroup(section, group, lang),
    same: () => false,
  });
}

function hereNote(here, more, me, lang) {
  if (more > 0) return lang.t('people.more', { count: more });
  return here.length === 1 && here[0].id === me?.id ? lang.t('people.none') : '';
}

function makeGroup({ key }) {
  return el('section', { class: 'people-group', 'data-group': key }, el('h3'), el('ul'), el('p', { class: 'people-note' }));
}

function fillGroup(section, { title, people, note }, lang) {
  const [heading, list, foot] = section.children;
  heading.textContent = title;
  foot.textContent = note;
  foot.hidden = !note;
  reconcile(list, people, {
    make: (each) => fillPerson(el('li'), each, lang),
    update: (node, each) => fillPerson(node, each, lang),
    same: (a, b) => ['name', 'tail', 'seen', 'tabs', 'online', 'own'].every((field) => a[field] === b[field]),
  });
  return section;
}

function fillPerson(node, each, lang) {
  node.className = each.online ? 'person' : 'person away';
  node.title = each.online && each.tabs > 1 ? lang.t('people.tabs', { count: each.tabs }) : '';
  const line = el('span', {}, nameOf(each, each.tail));
  if (each.own) line.append(' ', el('span', { class: 'badge' }, lang.t('you')));
  const lines = el('span', { class: 'person-name' }, line);
  if (each.seen) lines.append(el('small', {}, each.seen));
  node.replaceChildren(avatar(each), lines);
  return node;
}
