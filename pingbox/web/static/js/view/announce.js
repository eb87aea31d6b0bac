/** News for those who cannot see the list: a spoken sentence, the number in the title, the dot on the icon. */
import { news, toldSoFar } from '../store/news.js';
import { label, unread } from '../store/room.js';
import { el, setText } from './dom.js';

const ONE_BY_ONE = 2; // more new messages at once than this are told as a number
const KEPT = 5; // sentences left in the region

export class Announcer {
  constructor(root) {
    this.root = root;
    this.region = root.getElementById('said');
    this.icon = root.querySelector('link[rel="icon"]');
    this.told = null;
  }

  render({ rooms, focus, me }, lang) {
    this.#speak(rooms[focus] ?? null, me, lang);
    const count = Object.values(rooms).reduce((sum, room) => sum + unread(room), 0);
    const title = count ? `(${count}) PingBox` : 'PingBox';
    if (this.root.title !== title) this.root.title = title;
    const href = count ? 'favicon-unread.svg' : 'favicon.svg';
    if (this.icon.getAttribute('href') !== href) this.icon.setAttribute('href', href);
  }

  /** Only what came after the room was opened: history and the first page are no news. */
  #speak(room, me, lang) {
    const fresh = room ? news(room, this.told, me) : [];
    this.told = room ? toldSoFar(room) : null;
    if (fresh.length === 0) return;
    const said = fresh.length > ONE_BY_ONE
      ? [lang.t('said.many', { count: fresh.length, room: label(room) })]
      : fresh.map((event) => lang.t('said', { name: event.user.name, text: event.text }));
    this.region.append(...said.map((sentence) => el('p', {}, sentence)));
    while (this.region.children.length > KEPT) this.region.firstElementChild.remove();
  }
}

/** Translate what stands in index.html: data-i18n is the text of a node, data-name the name of a button. */
export function translate(root, lang) {
  root.documentElement.lang = lang.code;
  for (const node of root.querySelectorAll('[data-i18n]')) setText(node, lang.t(node.dataset.i18n));
  for (const node of root.querySelectorAll('[data-name]')) {
    node.title = lang.t(node.dataset.name);
    node.setAttribute('aria-label', node.title);
  }
}
