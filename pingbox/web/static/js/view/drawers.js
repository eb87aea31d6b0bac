/**
 * On small screens rooms and people are drawers: modal, the rest of the page does not answer while one is open. Focus goes in
 * with the first frame and comes back afterwards. On wide screens the button of the people hides their column instead.
 */
import { byId } from './dom.js';
import { trap } from './popup.js';

const NARROW = { rooms: '(max-width: 720px)', people: '(max-width: 1080px)', wire: '(max-width: 1080px)' };

export class Drawers {
  constructor(root) {
    this.root = root;
    this.app = byId(root, 'app');
    this.veil = byId(root, 'veil');
    this.opened = null;
    this.names = ['rooms', 'people'];
    for (const closer of root.querySelectorAll('[data-close]')) closer.addEventListener('click', () => this.close());
    byId(root, 'open-rooms').addEventListener('click', () => this.open('rooms', byId(root, 'open-rooms')));
    root.addEventListener('keydown', (event) => this.opened && event.key === 'Escape' && !event.defaultPrevented && this.close());
    root.addEventListener('keydown', (event) => this.opened && event.key === 'Tab' && !event.defaultPrevented && trap(this.opened.panel, event));
    for (const [name, query] of Object.entries(NARROW)) matchMedia(query).addEventListener('change', () => this.#fit(name));
    for (const name of this.names) this.#fit(name);
  }

  /** A further panel that is in the page from now on. */
  add(name) {
    this.names.push(name);
    this.#fit(name);
  }

  isDrawer(name) {
    return matchMedia(NARROW[name]).matches;
  }

  open(name, opener) {
    this.close();
    const panel = byId(this.root, name);
    this.opened = { name, panel, opener };
    panel.classList.add('open');
    this.veil.classList.add('shown');
    opener.setAttribute('aria-expanded', 'true');
    for (const other of this.app.children) other.inert = other !== panel && other !== this.veil;
    panel.querySelector('[data-close], .panel-close').focus({ preventScroll: true });
  }

  close() {
    if (!this.opened) return;
    const { panel, opener } = this.opened;
    this.opened = null;
    const inside = panel.contains(this.root.activeElement) || this.root.activeElement === this.root.body;
    panel.classList.remove('open');
    this.veil.classList.remove('shown');
    opener.setAttribute('aria-expanded', 'false');
    for (const other of this.app.children) other.inert = false;
    if (inside) opener.focus({ preventScroll: true });
  }

  #fit(name) {
    const panel = this.root.getElementById(name);
    const drawer = this.isDrawer(name);
    if (!drawer && this.opened?.name === name) this.close();
    panel?.classList.toggle('drawer', drawer);
  }
}
