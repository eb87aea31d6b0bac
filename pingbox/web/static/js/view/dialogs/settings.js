/** Everything that can be set, in one place; each takes effect at once. */
import { button, el, focused, icon, tool } from '../dom.js';
import { KEYS } from '../keys.js';
import { avatar } from '../parts.js';
import { showDialog } from './ask.js';

const SECTIONS = [['you', 'person'], ['look', 'sun'], ['notices', 'bell'], ['keyboard', 'keys'], ['data', 'box']];

export class Settings {
  /** on: {rename(), signIn(), signOut(), download(), forget(), askNotices()}; languages: code → {name} */
  constructor(preferences, languages, notices, on) {
    this.preferences = preferences;
    this.languages = languages;
    this.notices = notices;
    this.on = on;
    this.dialog = null;
    this.section = 'look';
  }

  open(me, lang, section = this.section) {
    this.dialog?.close();
    this.me = me;
    this.lang = lang;
    this.nav = el('nav', { 'aria-label': lang.t('settings.title') });
    this.pane = el('div', { class: 'pane', tabindex: -1 });
    this.dialog = showDialog(lang.t('settings.title'), [this.nav, this.pane], 'settings');
    this.dialog.addEventListener('close', () => { this.dialog = null; });
    this.#show(section);
  }

  /** The language changed: say everything in the new one. */
  redraw(me, lang) {
    if (!this.dialog) return;
    this.me = me;
    this.lang = lang;
    this.dialog.setAttribute('aria-label', lang.t('settings.title'));
    this.#show(this.section);
  }

  #show(section) {
    this.section = section;
    const { t } = this.lang;
    const tabs = SECTIONS.map(([name, sign]) => el('button', {
      type: 'button', role: 'tab', 'aria-selected': String(name === section), tabindex: name === section ? 0 : -1, 'data-focus': name, on: { click: () => this.#show(name) },
    }, icon(sign), t(`settings.${name}`)));
    this.nav.replaceChildren(el('h2', {}, t('settings.title')), el('div', { role: 'tablist', 'aria-orientation': 'vertical', 'aria-label': t('settings.title'), class: 'tabs', on: { keydown: (event) => this.#arrows(event) } }, ...tabs));
    const focus = this.pane.contains(document.activeElement) ? focused().dataset.focus : null;
    this.pane.setAttribute('role', 'tabpanel');
    this.pane.setAttribute('aria-label', t(`settings.${section}`));
    const head = el('div', { class: 'pane-head' }, el('h3', {}, t(`settings.${section}`)), tool('close', t('nav.close'), () => this.dialog.close()));
    this.pane.replaceChildren(head, ...this[`_${section}`](t));
    const again = focus && this.pane.querySelector(`[data-focus="${focus}"]`);
    if (again) again.focus();
    else this.nav.querySelector('[aria-selected="true"]').focus();
  }

  #arrows(event) {
    const at = SECTIONS.findIndex(([name]) => name === this.section);
    const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.#show(SECTIONS[(at + step + SECTIONS.length) % SECTIONS.length][0]);
  }

  #set(key, value) {
    this.preferences.set(key, value);
    if (this.dialog && key !== 'language') this.#show(this.section);
  }

  _you(t) {
    const { me } = this;
    const name = el('div', { class: 'me' }, avatar(me), el('span', { class: 'me-name' }, el('bdi', {}, me.name), el('small', {}, t(me.guest === false ? 'card.account' : 'card.guest'))));
    return [
      row(name, '', button(t('nav.name'), this.on.rename, 'low')),
      row(t('settings.in'), t('settings.in.text'), button(t('settings.in.go'), this.on.signIn, 'low')),
      row(t('settings.out'), t('settings.out.text'), button(t('settings.out.go'), this.on.signOut, 'low bad')),
    ];
  }

  _look(t) {
    const { preferences } = this;
    const select = el('select', { 'data-focus': 'language', 'aria-label': t('settings.language'), on: { change: (event) => this.#set('language', event.target.value) } },
      ...Object.entries(this.languages).map(([code, { name }]) => el('option', { value: code, selected: code === this.lang.code, lang: code }, name)));
    return [
      row(t('settings.theme'), t('settings.theme.text'), this.#choice('theme', ['auto', 'light', 'dark'])),
      row(t('settings.density'), t('settings.density.text'), this.#choice('density', ['roomy', 'compact'])),
      row(t('settings.language'), t('settings.language.text'), select),
      this.#switch('times', preferences.get('times')),
      this.#switch('marks', preferences.get('marks')),
      this.#switch('clock24', preferences.get('clock24') ?? !this.lang.hour12),
    ];
  }

  _notices(t) {
    const { preferences, notices } = this;
    const desktop = notices.possible
      ? this.#toggle('desktop', t('settings.desktop'), notices.allowed, async () => {
        if (notices.allowed) this.#set('desktop', false);
        else if (await this.on.askNotices()) this.#show('notices');
      })
      : '';
    return [
      row(t('settings.level'), t('settings.level.text'), this.#choice('notices', ['all', 'mentions', 'none'])),
      row(t('settings.desktop'), t(notices.possible ? 'settings.desktop.text' : 'settings.desktop.never'), desktop),
      this.#switch('sound', preferences.get('sound')),
    ];
  }

  _keyboard(t) {
    const rows = KEYS.flatMap(([keys, words]) => [el('dt', {}, ...keys.split(' ').flatMap((key) => [el('kbd', {}, key), ' '])), el('dd', {}, t(words))]);
    return [el('dl', { class: 'keys-table' }, ...rows)];
  }

  _data(t) {
    return [
      row(t('settings.download'), t('settings.download.text'), button(t('settings.download.go'), this.on.download, 'low')),
      row(t('settings.forget'), t('settings.forget.text'), button(t('settings.forget.go'), this.on.forget, 'low bad')),
    ];
  }

  #choice(key, values) {
    const { t } = this.lang;
    const chosen = this.preferences.get(key);
    const node = el('div', { class: 'choice', role: 'radiogroup', 'aria-label': t(`settings.${key === 'notices' ? 'level' : key}`) }, ...values.map((value) => el('button', {
      type: 'button', role: 'radio', 'aria-checked': String(value === chosen), tabindex: value === chosen ? 0 : -1, 'data-focus': value === chosen ? key : `${key}:${value}`,
      on: { click: () => this.#set(key, value) },
    }, t(`settings.${key}.${value}`))));
    node.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.#set(key, values[(values.indexOf(chosen) + step + values.length) % values.length]);
    });
    return node;
  }

  #switch(key, on) {
    return row(this.lang.t(`settings.${key}`), this.lang.t(`settings.${key}.text`), this.#toggle(key, this.lang.t(`settings.${key}`), on, () => this.#set(key, !on)));
  }

  #toggle(key, name, on, click) {
    return el('button', { type: 'button', class: 'switch', role: 'switch', 'aria-checked': String(on), 'aria-label': name, 'data-focus': key, on: { click } });
  }
}

function row(title, text, control) {
  const words = el('div', {}, typeof title === 'string' ? el('b', {}, title) : title);
  if (text) words.append(el('small', {}, text));
  return el('div', { class: 'setting' }, words, control);
}
