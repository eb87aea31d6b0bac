/** Language and theme: what the system says, until someone says otherwise. */
import { icon } from './dom.js';

const THEMES = ['auto', 'light', 'dark'];

export class Preferences {
  constructor(root, storage, { choose, speak, languages }, onLanguage) {
    Object.assign(this, { root, storage, speak, codes: Object.keys(languages), onLanguage });
    this.theme = storage.get('theme', 'auto');
    this.lang = speak(choose([storage.get('language', ''), ...navigator.languages]), navigator.languages);
    this.themeButton = root.getElementById('theme');
    this.languageButton = root.getElementById('language');
    this.themeButton.addEventListener('click', () => this.#nextTheme());
    this.languageButton.addEventListener('click', () => this.#nextLanguage());
    this.#show();
  }

  #nextTheme() {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length];
    this.storage.set('theme', this.theme);
    this.#show();
  }

  #nextLanguage() {
    const code = this.codes[(this.codes.indexOf(this.lang.code) + 1) % this.codes.length];
    this.storage.set('language', code);
    this.lang = this.speak(code, navigator.languages);
    this.#show();
    this.onLanguage();
  }

  #show() {
    const { lang, theme, themeButton, languageButton } = this;
    this.root.documentElement.dataset.theme = theme;
    themeButton.replaceChildren(icon(theme));
    themeButton.title = lang.t(`nav.theme.${theme}`);
    themeButton.setAttribute('aria-label', themeButton.title);
    languageButton.textContent = lang.code.toUpperCase();
    languageButton.title = lang.t('nav.language');
    languageButton.setAttribute('aria-label', `${lang.t('nav.language')}: ${lang.code.toUpperCase()}`);
  }
}
