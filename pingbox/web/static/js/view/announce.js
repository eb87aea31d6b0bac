/** News for those who cannot see the list: a spoken sentence, the number in the title, the dot on the icon. */
import { news, toldSoFar } from '../store/news.js';
import { label, unread } from '../store/room.js';
import { plain } from '../text/parse.js';
import { byId, el, setText } from './dom.js';

const ONE_BY_ONE = 2; // more new messages at once than this are told as a number
const KEPT = 5; // sentences left in the region
const EVERY = 2000; // ms between two sentences

export class Announcer {
  constructor(root) {
    this.root = root;
    this.region = byId(root, 'said');
    this.icon = root.querySelector('link[rel="icon"]');
    this.told = null;
    this.spoken = 0;
  }

  /** `count`: unread messages in the rooms that give notices. */
  render({ rooms, focus, me }, count, lang, now) {
    this.#speak(rooms[focus] ?? null, me, lang, now);
    const title = count ? `(${count}) PingBox` : 'PingBox';
    if (this.root.title !== title) this.root.title = title;
    const href = count ? 'favicon-unread.svg' : 'favicon.svg';
    if (this.icon.getAttribute('href') !== href) this.icon.setAttribute('href', href);
  }

  /** Only what came after the room was opened: history and the first page are no news. At most one batch every two seconds. */
  #speak(room, me, lang, now) {
    const fresh = room ? news(room, this.told, me) : [];
    if (fresh.length && now - this.spoken < EVERY && now >= this.spoken) return;
    this.told = room ? toldSoFar(room) : null;
    if (fresh.length === 0) return;
    this.spoken = now;
    const said = fresh.length > ONE_BY_ONE
      ? [lang.t('said.many', { count: fresh.length, room: label(room) })]
      : fresh.map((event) => lang.t('said', { name: event.user.name, text: plain(event.text ?? '') }));
    this.region.append(...said.map((sentence) => el('p', {}, sentence)));
    while (this.region.children.length > KEPT) this.region.firstElementChild.remove();
  }
}

export function unreadIn(rooms, level) {
  return Object.values(rooms).reduce((sum, room) => sum + (level(room.id) === 'none' ? 0 : unread(room)), 0);
}

/** Translate what stands in index.html: data-i18n is the text of a node, data-name the name of a button. */
export function translate(root, lang) {
  root.documentElement.lang = lang.code;
  root.documentElement.dir = lang.dir;
  for (const node of root.querySelectorAll('[data-i18n]')) setText(node, lang.t(node.dataset.i18n));
  for (const node of root.querySelectorAll('[data-label]')) node.setAttribute('aria-label', lang.t(node.dataset.label));
  for (const node of root.querySelectorAll('[data-name]')) {
    node.title = lang.t(node.dataset.name);
    node.setAttribute('aria-label', node.title);
  }
}
