/** The two questions the page asks: what is your name, and which room? */
import { cleanName, isGoodName, roomId } from '../text/names.js';
import { el, setText } from './dom.js';

/** `ask(name, {must, wrong})` asks for a name; must: it cannot be closed without one. onName(name) gets it. */
export class NameDialog {
  constructor(root, onName) {
    Object.assign(this, { onName, dialog: root.getElementById('entry'), input: root.getElementById('name') });
    this.hint = root.getElementById('name-hint');
    this.go = root.getElementById('entry-go');
    this.dialog.addEventListener('cancel', (event) => this.must && event.preventDefault());
    this.dialog.addEventListener('click', (event) => !this.must && event.target === this.dialog && this.dialog.close());
    this.dialog.querySelector('form').addEventListener('submit', (event) => this.#submit(event));
    this.input.addEventListener('input', () => this.#judge(false));
  }

  ask(name, { must = false, wrong = null } = {}, lang) {
    Object.assign(this, { must, lang });
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

/** Asks for a room. on: {open(id, title)} */
export class JoinDialog {
  constructor(root, on) {
    Object.assign(this, { on, dialog: root.getElementById('join'), input: root.getElementById('room-name') });
    this.hint = root.getElementById('room-hint');
    this.directory = root.getElementById('directory');
    this.list = root.getElementById('directory-list');
    root.getElementById('join-cancel').addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('click', (event) => event.target === this.dialog && this.dialog.close());
    this.dialog.querySelector('form').addEventListener('submit', (event) => this.#submit(event));
    this.input.addEventListener('input', () => this.#judge());
  }

  ask(lang) {
    this.lang = lang;
    this.input.value = '';
    this.#judge();
    this.dialog.showModal();
  }

  /** `directory`: rooms there are, or null; `mine`: the ids of those we are in. */
  render(directory, mine, lang) {
    if (!this.dialog.open) return;
    const others = (directory ?? []).filter(({ room }) => !mine.includes(room));
    this.directory.hidden = others.length === 0;
    const key = JSON.stringify([lang.code, others]);
    if (this.list.dataset.key === key) return;
    this.list.dataset.key = key;
    this.list.replaceChildren(...others.map((each) => el('li', {}, this.#choice(each))));
  }

  #choice({ room, title, topic }) {
    const choose = () => this.#open(room, null);
    return el('button', { type: 'button', on: { click: choose } }, el('b', { dir: 'auto' }, `# ${title || room}`),
      el('span', { class: 'topic', dir: 'auto' }, topic ?? ''));
  }

  #submit(event) {
    event.preventDefault();
    const id = roomId(this.input.value);
    if (!id) return this.#judge(true);
    return this.#open(id, cleanName(this.input.value).replace(/^#\s*/, ''));
  }

  #open(id, title) {
    this.dialog.close();
    this.on.open(id, title);
  }

  #judge(strict = false) {
    const typed = this.input.value.trim() !== '';
    const id = roomId(this.input.value);
    const bad = !id && (typed || strict);
    setText(this.hint, bad ? this.lang.t('join.bad') : id ? this.lang.t('join.hint', { room: id }) : '');
    this.hint.classList.toggle('bad', bad);
    this.input.setAttribute('aria-invalid', String(bad));
  }
}
