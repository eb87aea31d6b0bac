/**
 * Find or start a room: one field, and below it the rooms that fit while one types. The exact one comes first, else a new one
 * is offered, and only then a topic is asked for. The button says what it does.
 */
import { cleanName, roomId } from '../../text/names.js';
import { byId, el, icon, rebuild, setText } from '../dom.js';
import { marked } from '../parts.js';

export class JoinDialog {
  /** on: {open(id, title, topic)} */
  constructor(root, on) {
    this.on = on;
    this.dialog = byId(root, 'join');
    this.input = byId(root, 'room-name');
    this.hint = byId(root, 'room-hint');
    this.list = byId(root, 'directory-list');
    this.fresh = byId(root, 'room-new');
    this.topic = byId(root, 'room-topic-new');
    this.go = byId(root, 'join-go');
    this.directory = [];
    this.mine = [];
    this.lang = null;
    byId(root, 'join-cancel').addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.querySelector('form').addEventListener('submit', (event) => this.#submit(event));
    this.input.addEventListener('input', () => this.#draw(false));
    this.input.addEventListener('keydown', (event) => this.#keydown(event));
    this.list.addEventListener('keydown', (event) => this.#keydown(event));
  }

  ask(lang, typed = '') {
    this.lang = lang;
    this.input.value = typed;
    this.topic.value = '';
    this.#draw(false);
    this.dialog.showModal();
    this.input.focus();
  }

  /** `directory`: rooms there are, or null; `mine`: the ids of those we are in. */
  render(directory, mine, lang) {
    if (!this.dialog.open) return;
    this.directory = directory ?? [];
    this.mine = mine;
    this.lang = lang;
    this.#draw(false);
  }

  get id() {
    return roomId(this.input.value);
  }

  get title() {
    return cleanName(this.input.value).replace(/^#\s*/, '');
  }

  #known() {
    return this.directory.find(({ room }) => room === this.id) ?? null;
  }

  #draw(strict) {
    const { lang, id } = this;
    const typed = this.input.value.trim() !== '';
    const bad = !id && (typed || strict);
    const known = this.#known();
    const fresh = Boolean(id) && !known && !this.mine.includes(id);
    setText(this.hint, bad ? lang.t('join.bad') : fresh ? lang.t('join.hint', { room: id }) : '');
    this.hint.classList.toggle('bad', bad);
    this.input.setAttribute('aria-invalid', String(bad));
    this.fresh.hidden = !fresh;
    setText(this.go, !id ? lang.t('join.go') : fresh ? lang.t('room.create', { room: id }) : lang.t('join.open', { room: known?.title || id }));
    const found = this.#found();
    rebuild(this.list, [found, this.input.value, lang.code, this.mine], () => found.map((each) => el('li', {}, this.#choice(each))));
  }

  /** Those that fit what is typed, the exact one first, then those that begin so. */
  #found() {
    const query = this.title.toLocaleLowerCase();
    const fits = ({ room, title, topic }) => !query || [room, title, topic].some((each) => each?.toLocaleLowerCase().includes(query) || (this.id && each?.includes(this.id)));
    const rank = ({ room, title }) => (room === this.id ? 0 : room.startsWith(this.id) || title?.toLocaleLowerCase().startsWith(query) ? 1 : 2);
    return this.directory.filter(fits).toSorted((a, b) => rank(a) - rank(b));
  }

  #choice({ room, title, topic, members }) {
    const here = this.mine.includes(room);
    const aside = here ? this.lang.t('join.here') : members ? this.lang.t('room.members', { count: members }) : '';
    return el('button', { type: 'button', class: 'option', on: { click: () => this.#open(room, null, '') } },
      el('span', { class: 'tile', 'aria-hidden': 'true' }, '#'),
      el('span', { class: 'lines' }, marked(title || room, this.title), topic ? el('small', {}, el('bdi', {}, topic)) : ''),
      aside ? el('small', {}, aside) : icon('enter', 'flip'));
  }

  #keydown(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [this.input, ...this.list.querySelectorAll('button')];
    all[Math.max(0, Math.min(all.length - 1, all.indexOf(document.activeElement) + step))].focus();
  }

  #submit(event) {
    event.preventDefault();
    if (!this.id) return this.#draw(true);
    const known = this.#known() || this.mine.includes(this.id);
    return this.#open(this.id, known ? null : this.title, this.topic.value.trim());
  }

  #open(id, title, topic) {
    this.dialog.close();
    this.on.open(id, title, topic);
  }
}
