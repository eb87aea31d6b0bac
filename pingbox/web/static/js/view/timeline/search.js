/**
 * Search in this room: in what is loaded at once, and further back page by page for as long as someone wants. A find that is
 * shown is gone to and marked, as a link to it would do.
 */
import { reachesTop } from '../../store/log.js';
import { sign } from '../../store/room.js';
import { plain } from '../../text/parse.js';
import { byId, setText } from '../dom.js';

export class Search {
  /** on: {goTo(seq), older(room, before), closed()} */
  constructor(root, on) {
    const find = (id) => byId(root, id);
    this.on = on;
    this.form = find('search');
    this.field = find('search-text');
    this.count = find('search-count');
    this.more = find('search-more');
    this.room = null;
    this.lang = null;
    this.found = []; // numbers of the messages found, the newest first
    this.at = -1;
    this.seeking = false; // going back through history
    this.opener = null;
    this.form.addEventListener('submit', (event) => this.#step(event, 1));
    this.field.addEventListener('input', () => this.#changed());
    this.field.addEventListener('keydown', (event) => this.#keydown(event));
    this.more.addEventListener('click', () => this.#seek(!this.seeking));
    find('search-up').addEventListener('click', (event) => this.#step(event, 1));
    find('search-down').addEventListener('click', (event) => this.#step(event, -1));
    find('search-close').addEventListener('click', () => this.close());
  }

  open(text = '') {
    this.opener = document.activeElement;
    this.form.hidden = false;
    if (text) this.field.value = text;
    this.field.focus();
    this.field.select();
    this.#changed();
  }

  close() {
    if (this.form.hidden) return;
    const inside = this.form.contains(document.activeElement);
    this.form.hidden = true;
    this.seeking = false;
    if (inside) this.on.closed(this.opener);
  }

  render(room, lang) {
    if (room?.id !== this.room?.id) this.close();
    const changed = room?.log !== this.room?.log;
    this.room = room;
    this.lang = lang;
    this.field.placeholder = lang.t('search.in', { room: room ? sign(room) : '' });
    this.field.setAttribute('aria-label', this.field.placeholder);
    if (this.form.hidden || !room) return;
    if (changed) this.#look();
    this.#goOn();
    this.#tell();
  }

  #changed() {
    this.at = -1;
    this.seeking = false;
    this.#look();
    this.#tell();
  }

  #look() {
    const wanted = this.field.value.trim().toLocaleLowerCase();
    this.found = [];
    if (!wanted || !this.room) return;
    for (const event of this.room.log.messages.before()) {
      const text = event.deleted ? '' : event.text ?? '';
      if (text.toLocaleLowerCase().includes(wanted) || plain(text).toLocaleLowerCase().includes(wanted)) this.found.push(event.seq);
    }
  }

  /** 1: to an earlier find, -1: to a later one. */
  #step(event, step) {
    event.preventDefault();
    const next = this.at + step;
    if (next >= this.found.length) return this.#seek(true);
    if (next < 0) return undefined;
    this.at = next;
    this.on.goTo(this.found[next]);
    this.field.focus();
    return this.#tell();
  }

  #seek(on) {
    this.seeking = on && Boolean(this.field.value.trim()) && !reachesTop(this.room.log);
    this.#goOn();
    this.#tell();
  }

  /** Another page of history, until there is a find beyond the one shown. */
  #goOn() {
    if (!this.seeking) return;
    const { log, wantPage, id } = this.room;
    if (this.found.length > this.at + 1) {
      this.seeking = false;
      this.at += 1;
      this.on.goTo(this.found[this.at]);
      this.field.focus();
    } else if (reachesTop(log)) this.seeking = false;
    else if (wantPage === null) this.on.older(id, log.covered[0][0]);
  }

  #tell() {
    const { t } = this.lang;
    const top = !this.room || reachesTop(this.room.log);
    const typed = this.field.value.trim() !== '';
    const count = this.at < 0 ? t('search.count', { count: this.found.length }) : t('search.at', { at: this.at + 1, count: this.found.length });
    setText(this.count, typed ? count : '');
    this.more.hidden = top || !typed;
    setText(this.more, t(this.seeking ? 'search.stop' : 'search.more'));
  }

  #keydown(event) {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') this.#step(event, event.key === 'ArrowUp' ? 1 : -1);
  }
}
