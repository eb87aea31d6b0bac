/**
 * Completion above the text field: `@` people, `:` emoji, `#` rooms, `/` commands at the start. Tab or Enter takes one, Escape
 * closes it and keeps the text. The field stays focused; a screen reader follows aria-activedescendant.
 */
import { findEmoji } from '../../text/shortcodes.js';
import { el } from '../dom.js';
import { avatar, marked } from '../parts.js';

const MOST = 6;

export class Completion {
  /** changed(option) is told what was taken. suggest: {people() -> [{id, name, here}], rooms() -> [{id, label}], commands() -> [{name, words}], words() -> lang} */
  constructor(form, text, suggest, changed) {
    this.form = form;
    this.text = text;
    this.suggest = suggest;
    this.changed = changed;
    this.found = [];
    this.at = 0;
    this.from = 0;
    this.list = el('div', { class: 'completion', id: 'completion', role: 'listbox', hidden: true });
    form.append(this.list);
    text.setAttribute('aria-autocomplete', 'list');
    text.setAttribute('aria-controls', 'completion');
    text.addEventListener('blur', () => this.close());
  }

  /** Look at what stands before the caret. */
  look() {
    const before = this.text.value.slice(0, this.text.selectionStart);
    const found = this.#options(before);
    this.found = found.slice(0, MOST);
    this.at = 0;
    this.#show();
  }

  close() {
    this.found = [];
    this.#show();
  }

  /** True if the key was for the completion. */
  keydown(event) {
    if (this.found.length === 0) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.at = (this.at + step + this.found.length) % this.found.length;
    else if (event.key === 'Escape') this.found = [];
    else if (event.key === 'Enter' || event.key === 'Tab') return this.#take(event, this.found[this.at]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    this.#show();
    return true;
  }

  #options(before) {
    const [, sign, word] = /(?:^|[\s(])([@:#])([^\s@:#]*(?: [^\s@:#]*)?)$/u.exec(before) ?? [];
    const [, command] = /^\/([a-z]*)$/.exec(before) ?? [];
    if (command !== undefined) return this.#from(before, command.length + 1, this.#commands(command));
    if (sign === undefined) return [];
    if (sign !== '@' && word.includes(' ')) return [];
    const found = { '@': () => this.#people(word), ':': () => this.#emoji(word), '#': () => this.#rooms(word) }[sign]();
    return this.#from(before, word.length + 1, found);
  }

  #from(before, length, found) {
    this.from = before.length - length;
    return found;
  }

  #people(word) {
    const wanted = word.toLocaleLowerCase();
    const people = this.suggest.people().filter(({ name }) => starts(name, wanted));
    return people.map((person) => ({
      insert: `@${person.name} `, person, look: [avatar(person), el('span', { class: 'grow cut' }, marked(person.name, word)), person.here ? '' : el('small', {}, this.suggest.words().t('complete.outside'))],
    }));
  }

  #emoji(word) {
    if (word.length < 2 || !/^[a-z0-9_+-]+$/i.test(word)) return [];
    return findEmoji(word.toLowerCase(), MOST).map(([code, emoji]) => ({
      insert: `${emoji} `, look: [el('span', { class: 'emoji' }, emoji), el('span', { class: 'grow cut' }, marked(`:${code}:`, word))],
    }));
  }

  #rooms(word) {
    const wanted = word.toLocaleLowerCase();
    return this.suggest.rooms().filter(({ id, label }) => id.startsWith(wanted) || starts(label, wanted)).map(({ id, label }) => ({
      insert: `#${id} `, look: [el('span', { class: 'emoji' }, '#'), el('span', { class: 'grow cut' }, marked(label, word))],
    }));
  }

  #commands(word) {
    return this.suggest.commands().filter(({ name }) => name.startsWith(word)).map(({ name, words }) => ({
      insert: `/${name} `, look: [el('span', { class: 'grow cut' }, el('b', {}, `/${name}`), ' ', el('small', {}, words))],
    }));
  }

  #take(event, option) {
    event.preventDefault();
    this.#insert(option);
    return true;
  }

  #insert(option) {
    const { insert } = option;
    this.text.focus();
    this.text.setSelectionRange(this.from, this.text.selectionStart);
    if (!document.execCommand('insertText', false, insert)) this.text.setRangeText(insert, this.from, this.text.selectionEnd, 'end');
    this.changed(option);
    this.close();
  }

  #show() {
    const { found, at } = this;
    this.list.hidden = found.length === 0;
    if (found.length) this.list.setAttribute('aria-label', this.suggest.words().t('complete.title'));
    this.list.replaceChildren(...found.map((option, index) => el('div', {
      class: 'option', id: `completion-${index}`, role: 'option', 'aria-selected': String(index === at),
      on: { mousedown: (event) => { event.preventDefault(); this.#insert(option); } },
    }, ...option.look)));
    if (found.length) this.text.setAttribute('aria-activedescendant', `completion-${at}`);
    else this.text.removeAttribute('aria-activedescendant');
  }
}

/** Does the name, or a word of it, begin so? */
function starts(name, wanted) {
  const lower = name.toLocaleLowerCase();
  return lower.startsWith(wanted) || lower.split(/\s+/).some((word) => word.startsWith(wanted));
}
