/** A small picker of emoji: by group, by shortcode, often used first. */
import { GROUPS, findEmoji, SHORTCODES } from '../../text/shortcodes.js';
import { el, setText } from '../dom.js';
import { close, popup } from '../popup.js';

export const QUICK = ['👍', '🎉', '👀', '❤️', '😄'];
const OFTEN = 16;
const ROW = 8;

export class Picker {
  constructor(storage) {
    this.storage = storage;
  }

  /** Ask for an emoji beside `anchor`; `onPick(emoji)` gets it. `verb`: what Enter does with it. */
  ask(anchor, lang, verb, onPick, back = null) {
    const field = el('input', { class: 'field small', type: 'search', placeholder: lang.t('emoji.search'), 'aria-label': lang.t('emoji.search') });
    const list = el('div', { class: 'picker-list' });
    const sign = el('span', { 'aria-hidden': 'true' });
    const code = el('div', { class: 'grow cut' });
    const foot = el('footer', {}, sign, code, el('kbd', {}, '↵'), verb);
    const take = (emoji) => {
      close();
      this.#used(emoji);
      onPick(emoji);
    };
    const look = ({ target }) => {
      if (!target.matches('.picker-grid button')) return;
      setText(sign, target.textContent);
      setText(code, `:${target.dataset.code}:`);
    };
    const fill = () => list.replaceChildren(...this.#groups(field.value.trim().toLowerCase().replace(/^:|:$/g, ''), lang, take));
    field.addEventListener('input', fill);
    field.addEventListener('keydown', (event) => this.#fromField(event, list));
    list.addEventListener('keydown', (event) => this.#move(event, list, field));
    for (const type of ['focusin', 'pointerover']) list.addEventListener(type, look);
    fill();
    popup(anchor, [field, list, foot], { kind: 'picker', label: lang.t('compose.emoji'), focus: field, back });
  }

  #groups(query, lang, take) {
    const found = query ? [['found', findEmoji(query, 64)]] : [['often', this.#often()], ...Object.entries(GROUPS).map(([name, group]) => [name, Object.entries(group)])];
    return found.flatMap(([name, entries]) => [
      el('h3', {}, entries.length ? lang.t(`emoji.${name}`) : lang.t('emoji.none')),
      el('div', { class: 'picker-grid' }, ...entries.map(([code, emoji], index) => el(
        'button', { type: 'button', tabindex: index ? -1 : 0, title: `:${code}:`, 'aria-label': code.replaceAll('_', ' '), 'data-code': code, on: { click: () => take(emoji) } }, emoji,
      ))),
    ]);
  }

  #often() {
    const used = this.storage.get('emoji', {});
    const mine = Object.keys(used).filter((emoji) => Number.isFinite(used[emoji])).sort((a, b) => used[b] - used[a]);
    const all = [...new Set([...mine, ...QUICK, '✅', '🚀', '🙏'])].slice(0, OFTEN);
    const codes = Object.entries(SHORTCODES);
    return all.map((emoji) => [codes.find((entry) => entry[1] === emoji)?.[0] ?? emoji, emoji]);
  }

  #used(emoji) {
    const used = this.storage.get('emoji', {});
    const count = Object.hasOwn(used, emoji) ? used[emoji] : 0;
    this.storage.set('emoji', { ...used, [emoji]: count + 1 });
  }

  #fromField(event, list) {
    const first = list.querySelector('.picker-grid button');
    if (event.key === 'Enter') first?.click();
    else if (event.key === 'ArrowDown') first?.focus();
    else return;
    event.preventDefault();
  }

  #move(event, list, field) {
    const all = [...list.querySelectorAll('.picker-grid button')];
    const at = all.indexOf(document.activeElement);
    const forward = document.documentElement.dir === 'rtl' ? -1 : 1;
    const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: ROW, ArrowUp: -ROW }[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    if (at + step < 0) field.focus();
    else all[Math.min(all.length - 1, at + step)].focus();
  }
}
