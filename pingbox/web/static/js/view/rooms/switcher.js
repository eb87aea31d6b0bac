/** Ctrl K: go to a room or person, join or start a room, search, or do something, by typing a little of it. */
import { isDirect, label, mentionsOf, newest, sign, unread } from '../../store/room.js';
import { roomId } from '../../text/names.js';
import { plain } from '../../text/parse.js';
import { el, icon, rebuild } from '../dom.js';
import { avatar, marked } from '../parts.js';
import { showDialog } from '../dialogs/ask.js';

const RECENT = 5;
const MOST = 8;

export class Switcher {
  /** on: {open(id, title), message(user), search(text), wanted()}; commands(): [{icon, words, act}] */
  constructor(on, commands) {
    this.on = on;
    this.commands = commands;
    this.dialog = null;
    this.given = null;
    this.at = 0;
    this.options = [];
  }

  ask(state, lang, typed = '') {
    if (this.dialog) return this.dialog.close();
    this.at = 0;
    this.field = el('input', {
      type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'switcher-list', 'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: 'false',
      placeholder: lang.t('nav.find'), 'aria-label': lang.t('nav.find'), dir: 'auto',
    });
    this.field.value = typed;
    this.list = el('div', { class: 'switcher-list', id: 'switcher-list', role: 'listbox', 'aria-label': lang.t('nav.find') });
    const hints = [['↑ ↓', 'switch.choose'], ['↵', 'switch.open'], ['@', 'switch.people'], ['>', 'switch.commands']];
    const foot = el('footer', { 'aria-hidden': 'true' }, ...hints.map(([key, words]) => el('span', {}, el('kbd', {}, key), ' ', lang.t(words))));
    this.dialog = showDialog(lang.t('nav.find'), [el('div', { class: 'switcher-field' }, icon('search'), this.field, el('kbd', { class: 'keys' }, 'Esc')), this.list, foot], 'switcher');
    this.dialog.addEventListener('close', () => { this.dialog = null; });
    this.field.addEventListener('input', () => {
      this.at = 0;
      this.#draw();
    });
    this.field.addEventListener('keydown', (event) => this.#keydown(event));
    this.field.focus();
    this.on.wanted();
    return this.render(state, lang);
  }

  render(state, lang) {
    if (!this.dialog) return;
    this.given = { state, lang };
    this.#draw();
  }

  #draw() {
    const { lang } = this.given;
    const groups = this.#groups().filter(({ options }) => options.length);
    this.options = groups.flatMap(({ options }) => options);
    this.at = Math.max(0, Math.min(this.at, this.options.length - 1));
    const look = groups.map(({ title, options }) => [title, options.map(({ key }) => key)]);
    rebuild(this.list, [look, this.at, this.field.value, lang.code], () => groups.flatMap(({ title, options }) => [
      el('h3', { role: 'presentation' }, title), ...options.map((option) => this.#option(option, this.options.indexOf(option))),
    ]));
    if (this.options.length) this.field.setAttribute('aria-activedescendant', `switch-${this.at}`);
    else this.field.removeAttribute('aria-activedescendant');
    this.list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }

  #option({ look, act }, index) {
    return el('div', { class: 'option', id: `switch-${index}`, role: 'option', 'aria-selected': String(index === this.at), on: { click: () => this.#act(act) } }, ...look());
  }

  #groups() {
    const { state, lang } = this.given;
    const { t } = lang;
    const typed = this.field.value.trim();
    const [, sign, query] = /^([@>#]?)\s*(.*)$/.exec(typed);
    const commands = this.commands().filter(({ words }) => fit(words, query)).map((each) => command(each));
    if (sign === '>') return [{ title: t('switch.do'), options: commands }];
    const rooms = Object.values(state.rooms).filter((room) => sign !== '@' || isDirect(room.id));
    const mine = best(rooms, (room) => [label(room), room.id, room.topic], query, (room) => newest(room)?.ts ?? 0).map((room) => this.#room(room, query));
    const people = sign === '#' || (!query && sign !== '@') ? [] : best(strangers(state), ({ name }) => [name], query, () => 0).map((person) => this.#person(person, query));
    if (!typed) return [{ title: t('switch.recent'), options: recent(rooms, state.focus).map((room) => this.#room(room, '')) }, { title: t('switch.do'), options: commands.slice(0, 3) }];
    const others = sign === '@' ? [] : best((state.directory ?? []).filter(({ room }) => !state.rooms[room]), ({ title, room, topic }) => [title, room, topic], query, () => 0);
    return [
      { title: t(sign === '@' ? 'switch.people.title' : 'switch.mine'), options: [...mine, ...people].slice(0, MOST) },
      { title: t('join.list'), options: others.slice(0, MOST).map((each) => this.#other(each, query, t)) },
      { title: t('switch.do'), options: sign === '@' ? [] : this.#deeds(query, state, t) },
    ];
  }

  #room(room, query) {
    const { state, lang } = this.given;
    const count = unread(room);
    const last = newest(room);
    const below = last ? `${last.name}: ${plain(last.text ?? '')}` : room.topic;
    return {
      key: [room.id, count, below], act: () => this.on.open(room.id, null),
      look: () => [
        room.peer ? avatar(room.peer) : el('span', { class: 'tile', 'aria-hidden': 'true' }, '#'), el('span', { class: 'grow cut' }, marked(label(room), query), ' ', el('small', {}, el('bdi', {}, below ?? ''))),
        count ? el('span', { class: mentionsOf(room, state.me) || isDirect(room.id) ? 'number mention' : 'number' }, String(Math.min(count, 99)), el('span', { class: 'unseen' }, lang.t('nav.unread', { count }))) : '',
      ],
    };
  }

  #person(person, query) {
    return { key: person.id, act: () => this.on.message(person), look: () => [avatar(person), el('span', { class: 'grow cut' }, marked(person.name, query))] };
  }

  #other({ room, title, topic, members }, query, t) {
    return {
      key: room, act: () => this.on.open(room, null),
      look: () => [el('span', { class: 'tile', 'aria-hidden': 'true' }, '#'), el('span', { class: 'grow cut' }, marked(title || room, query), ' ', el('small', {}, el('bdi', {}, members ? t('room.members', { count: members }) : topic ?? ''))), el('small', {}, t('switch.join'))],
    };
  }

  #deeds(query, state, t) {
    const id = roomId(query);
    const known = state.rooms[id] || (state.directory ?? []).some(({ room }) => room === id);
    const start = id && !known ? [command({ icon: 'plus', words: t('switch.start', { name: query }), act: () => this.on.open(id, query) })] : [];
    const room = state.rooms[state.focus];
    const search = room && query ? [command({ icon: 'search', words: t('switch.search', { room: sign(room), text: query }), act: () => this.on.search(query) })] : [];
    return [...start, ...search];
  }

  #act(act) {
    this.dialog.close();
    act();
  }

  #keydown(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      if (this.options[this.at]) this.#act(this.options[this.at].act);
    } else if (step && this.options.length) {
      event.preventDefault();
      this.at = (this.at + step + this.options.length) % this.options.length;
      this.#draw();
    }
  }
}

function command({ icon: sign, words, act }) {
  return { key: words, act, look: () => [el('span', { class: 'tile', 'aria-hidden': 'true' }, icon(sign, 'small')), el('span', { class: 'grow cut' }, words)] };
}

/** The last rooms, unread first; not the one we are in. */
function recent(rooms, focus) {
  const age = (room) => newest(room)?.ts ?? 0;
  return rooms.filter(({ id }) => id !== focus).sort((a, b) => (unread(b) > 0 ? 1 : 0) - (unread(a) > 0 ? 1 : 0) || age(b) - age(a)).slice(0, RECENT);
}

/** Everyone we know of whom we do not write to alone yet. */
function strangers({ rooms, me }) {
  const direct = new Set(Object.values(rooms).map((room) => room.peer?.id));
  const people = new Map(Object.values(rooms).flatMap((room) => [...room.people.values()]).map((person) => [person.id, person]));
  return [...people.values()].filter(({ id }) => id !== me?.id && !direct.has(id));
}

function fit(words, query) {
  return words.toLocaleLowerCase().includes(query.toLocaleLowerCase());
}

/** Those that fit, by where: at the beginning, at the beginning of a word, inside; then the newest. */
function best(all, textsOf, query, age) {
  const wanted = query.toLocaleLowerCase();
  const rank = (each) => Math.min(...textsOf(each).map((text) => rankOf(text?.toLocaleLowerCase() ?? '', wanted)));
  return all.map((each) => ({ each, rank: rank(each) })).filter((found) => found.rank < 3)
    .sort((a, b) => a.rank - b.rank || age(b.each) - age(a.each)).map(({ each }) => each);
}

function rankOf(text, wanted) {
  if (text.startsWith(wanted)) return 0;
  if (text.split(/[\s-]+/).some((word) => word.startsWith(wanted))) return 1;
  return text.includes(wanted) ? 2 : 3;
}
