/**
 * What can be done with a message: a bar that moves to the message under pointer or focus, a menu (More, right click, long
 * press, Enter), and single keys.
 */
import { plain } from '../../text/parse.js';
import { el, icon, tool } from '../dom.js';
import { isTouch, menu } from '../popup.js';
import { QUICK } from '../dialogs/picker.js';

const LONG_PRESS = 400; // ms

/** on: {reply, edit, react(item, emoji), pick(item, node), copy, link, unread, remove, wire} with an item each; wire may be null */
export class Actions {
  constructor(list, messages, on) {
    this.list = list;
    this.messages = messages;
    this.on = on;
    this.node = null;
    this.lang = null;
    this.bar = el('div', { class: 'hover-bar', role: 'toolbar' });
    list.addEventListener('pointerover', (event) => event.pointerType !== 'touch' && this.#show(event.target.closest?.('.message')));
    list.addEventListener('pointerleave', () => this.#show(document.activeElement?.closest('#log .message') ?? null));
    list.addEventListener('focusin', (event) => this.#show(event.target.closest('.message')));
    list.addEventListener('contextmenu', (event) => this.#context(event));
    list.addEventListener('keydown', (event) => this.#keydown(event));
    this.#listenForLongPress(list);
  }

  speak(lang) {
    if (this.lang === lang) return;
    this.lang = lang;
    const { t } = lang;
    const act = (does) => () => this.node?.item && does(this.node.item, this.node);
    this.editTool = tool('pen', `${t('act.edit')} (E)`, act((item) => this.on.edit(item)), { tabindex: -1 });
    this.wireTool = tool('wave', `${t('act.wire')} (W)`, act((item) => this.on.wire(item)), { tabindex: -1 });
    const pick = tool('smile', `${t('act.react')} (+)`, act((item) => this.on.pick(item, pick)), { tabindex: -1, 'aria-haspopup': 'dialog' });
    const more = tool('dots', t('act.more'), act((item, node) => this.open(node, more)), { tabindex: -1, 'aria-haspopup': 'menu' });
    for (const always of [pick, more]) always.classList.add('always');
    this.reply = tool('reply', `${t('act.reply')} (R)`, act((item) => this.on.reply(item)), { tabindex: -1 });
    this.reply.querySelector('.icon').classList.add('flip');
    this.bar.setAttribute('aria-label', t('act.title'));
    this.bar.replaceChildren(pick, this.reply, this.editTool, this.wireTool, more);
    this.bar.remove();
  }

  #show(node) {
    const item = node?.item;
    if (node === this.node && this.bar.parentNode === node) return;
    this.node?.classList.remove('acted');
    this.node = item?.seq && !item.deleted ? node : null;
    if (!this.node || isTouch()) return this.bar.remove();
    this.editTool.hidden = !item.own;
    this.wireTool.hidden = !this.on.wire || innerWidth < 1600;
    return this.node.append(this.bar);
  }

  /** The menu of a message, at `anchor` (an element or a point). */
  open(node, anchor) {
    const { item } = node;
    if (!item?.seq || item.deleted) return;
    node.classList.add('acted');
    const { t } = this.lang;
    const more = el('button', { type: 'button', 'aria-label': t('act.react'), on: { click: () => this.on.pick(item, node) } }, icon('smile'));
    const head = [el('div', { class: 'quick' }, ...QUICK.map((emoji) => this.#quick(item, emoji)), more)];
    if (isTouch()) head.unshift(el('div', { class: 'menu-head cut', dir: 'auto' }, el('b', {}, item.user.name), `, ${this.lang.moment(item.ts)} · ${plain(item.text)}`));
    menu(anchor, this.#items(item, node), {
      label: t('act.title'), head: isTouch() ? head : [], back: node, onClose: () => node.classList.remove('acted'),
    });
  }

  #quick(item, emoji) {
    return el('button', { type: 'button', 'aria-label': `${this.lang.t('act.react')} ${emoji}`, on: { click: () => { this.#close(); this.on.react(item, emoji); } } }, emoji);
  }

  #close() {
    document.querySelector('.popup')?.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  }

  #items(item, node) {
    const { t } = this.lang;
    const { on } = this;
    return [
      ...(isTouch() ? [] : [{ icon: 'smile', words: t('act.react'), key: '+', act: () => on.pick(item, node) }]),
      { icon: 'reply', words: t('act.reply'), key: 'R', act: () => on.reply(item) },
      ...(item.own ? [{ icon: 'pen', words: t('act.edit'), key: 'E', act: () => on.edit(item) }] : []),
      { icon: 'copy', words: t('act.copy'), key: 'C', act: () => on.copy(item) },
      { icon: 'link', words: t('act.link'), key: 'L', act: () => on.link(item) },
      { icon: 'mark', words: t('act.unread'), key: 'U', act: () => on.unread(item) },
      ...(on.wire ? [{ icon: 'wave', words: t('act.wire'), key: 'W', act: () => on.wire(item) }] : []),
      ...(item.own || on.mayRemove() ? [null, { icon: 'bin', words: t('act.delete'), key: 'Del', bad: true, act: () => on.remove(item, node) }] : []),
    ];
  }

  #context(event) {
    const node = event.target.closest('.message');
    if (!node?.item?.seq || event.target.closest('a') || !document.getSelection()?.isCollapsed) return;
    event.preventDefault();
    const byKey = event.clientX === 0 && event.clientY === 0 || event.button === -1;
    this.open(node, byKey ? node : { x: event.clientX, y: event.clientY });
  }

  #keydown(event) {
    const node = event.target;
    if (!node.matches('.message')) return;
    const step = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : this.#keys(node.item, node)[event.key.toLowerCase()];
    if (step === undefined && act === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (step !== undefined) this.messages.step(node, step);
    else if (node.item.seq && !node.item.deleted) act();
  }

  #keys(item, node) {
    const { on } = this;
    const own = item.own ? { e: () => on.edit(item) } : {};
    const removable = item.own || on.mayRemove() ? { delete: () => on.remove(item, node) } : {};
    return {
      r: () => on.reply(item), '+': () => on.pick(item, node), c: () => on.copy(item), l: () => on.link(item), u: () => on.unread(item),
      enter: () => this.open(node, node), ...own, ...removable, ...(on.wire ? { w: () => on.wire(item) } : {}),
    };
  }

  /** iOS sends no `contextmenu` for a long press. */
  #listenForLongPress(list) {
    let timer = 0;
    const cancel = () => clearTimeout(timer);
    list.addEventListener('touchstart', (event) => {
      cancel();
      const node = event.target.closest('.message');
      if (!node || event.target.closest('a, button')) return;
      timer = window.setTimeout(() => this.open(node, node), LONG_PRESS);
    }, { passive: true });
    for (const type of ['touchend', 'touchmove', 'touchcancel']) list.addEventListener(type, cancel, { passive: true });
  }
}
