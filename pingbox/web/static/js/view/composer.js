/** Where messages are written. on: {write(text), draft(text)} */
import { measure } from '../text/measure.js';
import { setText } from './dom.js';

export class Composer {
  constructor(root, on, isTouch) {
    Object.assign(this, { on, isTouch, form: root.getElementById('composer'), note: root.getElementById('composer-note') });
    this.text = root.getElementById('text');
    this.button = root.getElementById('send');
    this.room = null;
    this.form.addEventListener('submit', (event) => this.#submit(event));
    this.text.addEventListener('keydown', (event) => this.#keydown(event));
    this.text.addEventListener('input', () => this.#changed());
  }

  render(room, limits, draft, lang) {
    this.form.hidden = !room;
    Object.assign(this, { limits, lang });
    if (!room) return;
    setLabel(this.text, lang.t('compose.label', { room: room.title || room.id }));
    if (room.id === this.room) return;
    this.room = room.id;
    this.text.value = draft;
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

  #changed() {
    this.on.draft(this.text.value);
    this.#fit();
  }

  #fit() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight}px`;
    const { left, fits, near, length } = measure(this.text.value, this.limits);
    this.button.disabled = length === 0 || !fits;
    this.note.className = `note${fits ? '' : ' over'}${near ? ' near' : ''}`;
    this.text.setAttribute('aria-invalid', String(!fits));
    setText(this.note, this.#words(left, fits, near, length));
  }

  #words(left, fits, near, length) {
    if (!fits) return this.lang.t('compose.over', { count: -left });
    if (near) return this.lang.t('compose.left', { count: left });
    return length ? this.lang.t('compose.hint') : '';
  }

  /** While an input method is composing, Enter chooses a character and is none of our business. */
  #keydown(event) {
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || event.ctrlKey || event.altKey || this.isTouch()) return;
    event.preventDefault();
    this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    const { trimmed, fits, length } = measure(this.text.value, this.limits);
    if (length === 0 || !fits) return;
    this.text.value = '';
    this.#changed();
    this.on.write(trimmed);
    this.text.focus();
  }
}

function setLabel(text, label) {
  if (text.placeholder === label) return;
  text.placeholder = label;
  text.setAttribute('aria-label', label);
}
