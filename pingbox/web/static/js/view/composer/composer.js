/** Where messages are written, edited and answered. */
import { isRefused } from '../../store/room.js';
import { plain } from '../../text/parse.js';
import { measure } from '../../text/measure.js';
import { byId, el, icon, rebuild, tool } from '../dom.js';
import { Completion } from './complete.js';
import { fence, shortcut, wrap } from './format.js';

const LONG_PASTE = 20; // lines of pasted text from which it is offered as a block of code

/**
 * on: {write(text, replyTo, called), edited(item, text, called), draft(text), typing(), typed(), editLast(), command(name, rest) -> done,
 *      escape(), pasted(count, undo)}
 * Asks `suggest` {people(), rooms(), commands()} what may be completed.
 */
export class Composer {
  constructor(root, on, suggest, isTouch) {
    this.on = on;
    this.isTouch = isTouch;
    this.form = byId(root, 'composer');
    this.note = byId(root, 'composer-note');
    this.typing = byId(root, 'typing');
    this.about = byId(root, 'composer-about');
    this.text = byId(root, 'text');
    this.button = byId(root, 'send');
    this.room = null;
    this.reply = null; // the item that is answered
    this.editing = null; // the item that is edited
    this.kept = ''; // what was being written when an edit began
    this.chosen = new Map(); // @name → id, of those who were taken from the completion
    this.limits = null;
    this.lang = null;
    this.completion = new Completion(this.form, this.text, suggest, (option) => {
      if (option.person) this.chosen.set(`@${option.person.name}`, option.person.id);
      this.#changed();
    });
    this.form.addEventListener('submit', (event) => this.#submit(event));
    this.text.addEventListener('keydown', (event) => this.#keydown(event));
    this.text.addEventListener('input', () => this.#changed());
    this.text.addEventListener('paste', (event) => this.#pasted(event));
    for (const type of ['focus', 'blur']) this.text.addEventListener(type, () => this.#fit());
  }

  /** `label`: what the field is called; `typing`: {names, slow: {count, seconds} or null, offline} for the line below. */
  render(room, limits, draft, label, off, typing, lang) {
    this.form.hidden = !room || isRefused(room);
    this.limits = limits;
    this.lang = lang;
    if (!room) return;
    setLabel(this.text, label);
    this.text.disabled = off;
    this.#renderTyping(typing);
    this.#renderAbout();
    if (room.id === this.room) return;
    this.room = room.id;
    this.reply = this.editing = null;
    this.text.value = draft;
    this.#renderAbout();
    this.completion.close();
    this.#fit();
  }

  /** Not on touch screens: the keyboard would jump up unasked. */
  focus() {
    if (!this.isTouch()) this.text.focus();
  }

  relabel(lang) {
    this.lang = lang;
    if (this.limits) this.#fit();
  }

  answer(item) {
    this.#stopEditing();
    this.reply = item;
    this.#renderAbout();
    this.text.focus();
  }

  edit(item) {
    if (!this.editing) this.kept = this.text.value;
    this.reply = null;
    this.editing = item;
    this.#set(item.text);
    this.#renderAbout();
    this.text.focus();
  }

  /** Put text in at the caret, as if it was typed. */
  insert(text) {
    this.text.focus();
    const before = this.text.value.slice(0, this.text.selectionStart);
    type(this.text, before && !/\s$/.test(before) ? ` ${text}` : text);
    this.#changed();
  }

  /** Format what is selected: 'bold', 'italic', 'strike', 'code', 'block', 'quote' or 'list'. */
  format(kind) {
    this.text.focus();
    wrap(this.text, kind);
    this.#changed();
  }

  get empty() {
    return this.text.value.trim() === '';
  }

  #set(text) {
    this.text.value = text;
    this.text.setSelectionRange(text.length, text.length);
    this.#fit();
  }

  #stopEditing() {
    if (!this.editing) return;
    this.editing = null;
    this.#set(this.kept);
    this.kept = '';
  }

  #renderAbout() {
    const item = this.editing ?? this.reply;
    this.about.hidden = !item;
    rebuild(this.about, [item?.key, Boolean(this.editing), this.lang?.code], () => {
      if (!item) return [];
      const words = this.editing ? this.lang.t('compose.editing') : this.lang.t('compose.reply', { name: item.user.name });
      return [
        icon(this.editing ? 'pen' : 'reply', 'small'), el('span', { class: 'grow cut' }, el('b', {}, words), ' ', el('bdi', {}, plain(item.text))),
        tool('close', this.lang.t('cancel'), () => this.#cancel()),
      ];
    });
  }

  #cancel() {
    const had = this.editing ?? this.reply;
    this.#stopEditing();
    this.reply = null;
    this.#renderAbout();
    this.text.focus();
    return Boolean(had);
  }

  #changed() {
    if (!this.editing) this.on.draft(this.text.value);
    if (this.text.value.trim()) this.on.typing();
    else this.on.typed();
    this.completion.look();
    this.#fit();
  }

  #fit() {
    if (!this.limits) return;
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight}px`;
    const { left, fits, near, length } = measure(this.text.value, this.limits);
    this.button.disabled = length === 0 || !fits;
    this.note.className = fits ? '' : 'over';
    this.text.setAttribute('aria-invalid', String(!fits));
    const hints = length === 0 && document.activeElement === this.text && !this.isTouch();
    rebuild(this.note, [left, fits, near, hints, this.lang.code], () => this.#words(left, fits, near, hints));
  }

  #words(left, fits, near, hints) {
    const { t } = this.lang;
    if (!fits) return [t('compose.over', { count: -left })];
    if (near) return [t('compose.left', { count: left })];
    if (!hints) return [];
    return [el('kbd', {}, '↵'), t('compose.key.send'), el('kbd', {}, '⇧ ↵'), t('compose.key.line'), el('kbd', {}, '↑'), t('compose.key.edit')];
  }

  #renderTyping({ names, slow, offline }) {
    const { t, list } = this.lang;
    rebuild(this.typing, [names, slow, offline, this.lang.code], () => {
      if (slow) return [t('compose.slow', slow)];
      if (offline) return [t('compose.kept')];
      if (names.length === 0) return [];
      const who = names.length > 3 ? t('compose.typing.many', { count: names.length }) : t(names.length > 1 ? 'compose.typing.some' : 'compose.typing', { names: list(names), count: names.length });
      return [el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')), who];
    });
  }

  /** While an input method is composing, Enter chooses a character and is none of our business. */
  #keydown(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (this.completion.keydown(event)) return;
    const kind = shortcut(event);
    if (kind) {
      event.preventDefault();
      this.format(kind);
    } else if (event.key === 'Escape') this.#escape(event);
    else if (event.key === 'ArrowUp' && this.text.value === '' && !event.altKey) this.#editLast(event);
    else if (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey && !this.isTouch()) this.#enter(event);
  }

  /** Inside an open block of code Enter makes a new line, as everywhere where code is written. */
  #enter(event) {
    if (fence(this.text)) return;
    event.preventDefault();
    this.#submit(event);
  }

  #editLast(event) {
    event.preventDefault();
    this.on.editLast();
  }

  #escape(event) {
    event.preventDefault();
    event.stopPropagation();
    if (!this.#cancel()) this.on.escape();
  }

  #pasted(event) {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    const lines = text.split('\n').length;
    if (lines <= LONG_PASTE || fence(this.text)) return;
    const start = this.text.selectionStart;
    this.on.pasted(lines, () => {
      const at = this.text.value.indexOf(text, start);
      if (at < 0) return;
      this.text.focus();
      this.text.setSelectionRange(at, at + text.length);
      wrap(this.text, 'block');
      this.#changed();
    });
  }

  #submit(event) {
    event.preventDefault();
    const { trimmed, fits, length } = measure(this.text.value, this.limits);
    if (length === 0 || !fits || this.text.disabled) return;
    if (this.editing) this.#finishEditing(trimmed);
    else if (!this.#commanded(trimmed)) this.#send(trimmed);
    this.text.focus();
  }

  #finishEditing(text) {
    const item = this.editing;
    this.#stopEditing();
    this.#renderAbout();
    this.on.draft(this.text.value);
    if (text !== item.text) this.on.edited(item, text, this.#called(text));
  }

  /** `/me waves`: done here, unless there is no such command. Two slashes send one. */
  #commanded(text) {
    const [, name, rest] = /^\/([a-z]+)(?:\s+([\s\S]*))?$/.exec(text) ?? [];
    if (name === undefined || !this.on.command(name, rest ?? '')) return false;
    this.#set('');
    this.#changed();
    return true;
  }

  #send(text) {
    const { reply } = this;
    this.reply = null;
    this.#set('');
    this.#changed();
    this.#renderAbout();
    this.on.write(text.startsWith('//') ? text.slice(1) : text, reply?.seq ?? null, this.#called(text));
  }

  #called(text) {
    const called = [...this.chosen].filter(([name]) => text.includes(name)).map(([, id]) => id);
    this.chosen.clear();
    return called;
  }
}

function type(text, words) {
  if (!document.execCommand('insertText', false, words)) text.setRangeText(words, text.selectionStart, text.selectionEnd, 'end');
}

function setLabel(text, label) {
  if (text.placeholder === label) return;
  text.placeholder = label;
  text.setAttribute('aria-label', label);
}
