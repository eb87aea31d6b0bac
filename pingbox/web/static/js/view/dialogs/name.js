/** The first question the page asks: what is your name? */
import { cleanName, isGoodName } from '../../text/names.js';
import { byId, setText } from '../dom.js';

/** `ask(name, {must, wrong})` asks for a name; must: it cannot be closed without one. onName(name) gets it. */
export class NameDialog {
  constructor(root, onName) {
    this.onName = onName;
    this.dialog = byId(root, 'entry');
    this.input = byId(root, 'name');
    this.hint = byId(root, 'name-hint');
    this.go = byId(root, 'entry-go');
    this.must = false;
    this.lang = null;
    this.dialog.addEventListener('cancel', (event) => this.must && event.preventDefault());
    this.dialog.addEventListener('click', (event) => !this.must && event.target === this.dialog && this.dialog.close());
    this.dialog.querySelector('form').addEventListener('submit', (event) => this.#submit(event));
    this.input.addEventListener('input', () => this.#judge(false));
  }

  ask(name, { must = false, wrong = null } = {}, lang) {
    this.must = must;
    this.lang = lang;
    setText(this.go, lang.t(must ? 'entry.go' : 'entry.save'));
    if (!this.dialog.open) {
      this.input.value = name;
      this.dialog.showModal();
    }
    this.input.select();
    this.#say(wrong ? lang.reason(wrong) : null);
  }

  #submit(event) {
    event.preventDefault();
    if (!this.#judge(true)) return this.input.focus();
    this.dialog.close();
    return this.onName(cleanName(this.input.value));
  }

  #judge(strict) {
    const name = cleanName(this.input.value);
    const good = isGoodName(name) || (!strict && name === '');
    this.#say(good ? null : this.lang.t('entry.bad'));
    return good;
  }

  #say(trouble) {
    setText(this.hint, trouble ?? this.lang.t('entry.hint'));
    this.hint.classList.toggle('bad', trouble !== null);
    this.input.setAttribute('aria-invalid', String(trouble !== null));
  }
}
