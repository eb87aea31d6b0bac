/** What people do on the page that takes more than one step: with a message, with a room, with themselves. */
import { reactors } from './store/effects.js';
import { isHere, sorted } from './store/people.js';
import { isDirect, label, sign, unread } from './store/room.js';
import { confirm, showDialog } from './view/dialogs/ask.js';
import { button, el } from './view/dom.js';
import { copyText } from './view/parts.js';
import { showCard } from './view/people/card.js';
import { popup, close as closePopup } from './view/popup.js';

export class Deeds {
  /** Takes the parts of the page by name; `language()` and `now()` are asked each time. */
  constructor({ chat, storage, preferences, identity, drawers, messages, composer, picker, status, names, language, now, redraw }) {
    this.chat = chat;
    this.storage = storage;
    this.preferences = preferences;
    this.identity = identity;
    this.drawers = drawers;
    this.messages = messages;
    this.composer = composer;
    this.picker = picker;
    this.status = status;
    this.names = names;
    this.language = language;
    this.now = now;
    this.redraw = redraw;
    this.awaited = false; // a room that was asked for is on its way: the focus goes into it
  }

  get lang() {
    return this.language();
  }

  get state() {
    return this.chat.state;
  }

  // ---- with a message

  react(item, emoji) {
    const op = reactors(item, emoji).includes(this.state.me?.id) ? 'remove' : 'add';
    this.chat.change('reacted', { room: this.state.focus, target: item.seq, emoji, op });
  }

  pick(item, node) {
    const add = (emoji) => reactors(item, emoji).includes(this.state.me?.id) || this.react(item, emoji);
    this.picker.ask(node, this.lang, this.lang.t('act.react'), add, this.messages.nodeOf(item.seq));
  }

  /** Gone at once, with five seconds to take it back; the focus goes to the next message. */
  remove(item, node) {
    const next = node.nextElementSibling?.closest('.message') ?? node;
    this.chat.change('removed', { room: this.state.focus, target: item.seq });
    next.focus();
  }

  /** Drop what waits in the outbox: a failed message, or a deletion. */
  discard(cid) {
    const item = this.state.outbox.find((each) => each.cid === cid);
    this.chat.dispatch({ type: 'discard', cid });
    if (item?.kind === 'delete') this.status.say(this.lang.t('message.undone'));
  }

  /** A message that was refused goes back into the text field. */
  editFailed(item) {
    this.chat.dispatch({ type: 'discard', cid: item.change });
    if (item.seq !== null) return this.composer.edit(item);
    this.composer.insert(item.text);
    return undefined;
  }

  editLast() {
    const room = this.state.rooms[this.state.focus];
    for (const event of room?.log.messages.before() ?? []) {
      if (event.user.id !== this.state.me?.id || event.deleted) continue;
      const node = this.messages.nodeOf(event.seq);
      if (node?.item) this.composer.edit(node.item);
      return;
    }
  }

  markUnread(item) {
    this.chat.dispatch({ type: 'unread', room: this.state.focus, n: item.n, seq: item.seq });
  }

  copy(text) {
    if (copyText(text)) this.status.say(this.lang.t('copied'));
  }

  /** The address of a room, or of a message in it. */
  address(room, seq = null) {
    return `${location.origin}${location.pathname}#${room ?? ''}${seq === null ? '' : `/${seq}`}`;
  }

  pasted(count, asCode) {
    const { t } = this.lang;
    const take = () => {
      closePopup();
      asCode();
    };
    popup(this.composer.form, [el('div', { class: 'menu-head' }, t('compose.pasted', { count })), button(t('compose.pasted.code'), take, 'low primary')], { kind: 'pasted', label: t('compose.pasted', { count }), back: this.composer.text, sheet: false });
  }

  // ---- with a room

  open(room, title = null, topic = '') {
    this.drawers.close();
    this.chat.dispatch({ type: 'open', room, title, topic });
    this.composer.focus();
  }

  message(user) {
    this.drawers.close();
    const before = this.state.focus;
    this.chat.dispatch({ type: 'direct', user: { id: user.id, name: user.name } });
    if (this.state.focus === before) this.awaited = true; // what is typed now must not go into the room that is open
    else this.composer.focus();
  }

  profile(user, node) {
    showCard(node, user, this.state, this.lang, this.now(), {
      message: (who) => this.message(who),
      mention: ({ name }) => {
        this.drawers.close();
        this.composer.insert(`@${name} `);
      },
      rename: () => this.names.ask(this.identity.name, {}, this.lang),
    });
  }

  /** Leave, after a question if something unsent would be lost. */
  async leave(room) {
    const { t } = this.lang;
    const known = this.state.rooms[room];
    const unsent = this.state.outbox.filter((item) => item.room === room).length;
    const draft = this.storage.get(`draft:${room}`, '');
    const text = unsent ? t('room.leave.unsent', { count: unsent }) : draft ? t('room.leave.draft') : '';
    const sure = !text || await confirm({ title: t('room.leave.ask', { room: sign(known) }), text, go: t('room.leave.go'), cancel: t('cancel') });
    if (sure) this.leaveNow(room);
  }

  leaveNow(room) {
    this.storage.set(`draft:${room}`, null);
    this.chat.dispatch({ type: 'leave', room });
    this.redraw();
    this.composer.focus();
  }

  /** The next room (or the next with something unread) of those listed. */
  step(ids, step, unreadOnly) {
    const { rooms, focus } = this.state;
    const fit = ids.filter((id) => id === focus || !unreadOnly || unread(rooms[id]) > 0);
    const at = fit.indexOf(focus);
    const next = fit[(at + step + fit.length) % fit.length];
    if (next && next !== focus) this.open(next);
  }

  readAll() {
    const { focus } = this.state;
    if (!focus) return;
    this.chat.dispatch({ type: 'read', room: focus });
    this.messages.toEnd();
  }

  mayEdit(room) {
    return Boolean(room?.joined && !isDirect(room.id) && this.state.me && (room.owner === this.state.me.id || this.state.me.admin));
  }

  setTopic(topic) {
    this.chat.change('updated', { room: this.state.focus, fields: { topic } });
  }

  /** What its maker may change of a room: title and topic. */
  roomSettings() {
    const { t } = this.lang;
    const room = this.state.rooms[this.state.focus];
    if (!this.mayEdit(room)) return;
    const title = el('input', { class: 'field', dir: 'auto', maxlength: 64, value: label(room) });
    const topic = el('input', { class: 'field', dir: 'auto', maxlength: 200, value: room.topic });
    const form = el('form', { method: 'dialog' }, el('label', {}, t('room.title'), title), el('label', {}, t('topic.label'), topic),
      el('div', { class: 'dialog-buttons' }, button(t('cancel'), () => dialog.close()), el('button', { type: 'submit', class: 'button primary' }, t('room.save'))));
    const dialog = showDialog(t('room.settings'), [form]);
    form.addEventListener('submit', () => {
      const fields = { title: title.value.trim() || room.id, topic: topic.value.trim() };
      if (fields.title !== room.title || fields.topic !== room.topic) this.chat.change('updated', { room: room.id, fields });
    });
    topic.focus();
  }

  invite(room) {
    const { t } = this.lang;
    const address = this.address(room);
    const copy = () => {
      this.copy(address);
      dialog.close();
    };
    const share = () => navigator.share({ title: 'PingBox', url: address }).catch((error) => error.name === 'AbortError' || this.copy(address));
    const field = el('input', { class: 'field', readonly: true, value: address, 'aria-label': t('room.invite') });
    const dialog = showDialog(t('room.invite'), [
      el('p', {}, t('room.invite.text')), field,
      el('div', { class: 'dialog-buttons' }, 'share' in navigator ? button(t('room.share'), share) : '', button(t('copy'), copy, 'primary')),
    ]);
    field.select();
  }

  /** A second person in this browser: a window that keeps its own name. */
  secondWindow() {
    window.open(this.address(this.state.focus).replace('#', '?guest=2#'), '_blank', 'noopener');
  }

  /** Whom a text may name: those in the room, then the others we know. */
  people() {
    const { rooms, focus, me } = this.state;
    const room = rooms[focus];
    const here = room ? [...sorted(room.people, me?.id, this.now()).here, ...sorted(room.people, me?.id, this.now()).away] : [];
    const known = new Set(here.map(({ id }) => id));
    const others = new Map(Object.values(rooms).flatMap((each) => [...each.people.values()]).filter(({ id }) => !known.has(id)).map((person) => [person.id, person]));
    return [...here.map((person) => ({ ...person, here: true })), ...[...others.values()].map((person) => ({ ...person, here: false }))].filter(({ id }) => id !== me?.id);
  }

  rooms() {
    return Object.values(this.state.rooms).filter(({ id }) => !isDirect(id)).map((room) => ({ id: room.id, label: label(room) }));
  }

  /** A person's name, as far as it was heard anywhere. */
  nameOf(id) {
    if (id === this.state.me?.id) return this.state.me.name;
    for (const room of Object.values(this.state.rooms)) {
      const person = room.people.get(id);
      if (person) return person.name;
      if (room.peer?.id === id && room.peer.name) return room.peer.name;
    }
    for (const room of Object.values(this.state.rooms)) {
      for (const event of room.log.messages.before()) if (event.user.id === id) return event.user.name;
    }
    return '';
  }

  isOnline(id) {
    return Object.values(this.state.rooms).some((room) => room.people.has(id) && isHere(room.people.get(id), this.now()));
  }

  // ---- with oneself

  signIn() {
    const { t } = this.lang;
    const field = el('input', { class: 'field', type: 'password', autocomplete: 'off', spellcheck: 'false', 'aria-label': t('settings.in.label'), required: true });
    const form = el('form', { method: 'dialog' }, el('p', {}, t('settings.in.text')), el('label', {}, t('settings.in.label'), field),
      el('div', { class: 'dialog-buttons' }, button(t('cancel'), () => dialog.close()), el('button', { type: 'submit', class: 'button primary' }, t('settings.in'))));
    const dialog = showDialog(t('settings.in'), [form]);
    form.addEventListener('submit', () => {
      this.identity.signIn(field.value.trim());
      location.reload();
    });
    field.focus();
  }

  async signOut() {
    const { t } = this.lang;
    const sure = await confirm({ title: t('settings.out.ask'), text: t('settings.out.text'), go: t('settings.out'), cancel: t('cancel') });
    if (!sure) return;
    this.chat.session.stop();
    for (const key of ['name', 'token', 'user', 'rooms', 'focus', 'reads']) this.storage.set(key, null);
    this.storage.saveOutbox(this.state.outbox, []);
    location.reload();
  }

  async forget() {
    const { t } = this.lang;
    const sure = await confirm({ title: t('settings.forget.ask'), text: t('settings.forget.text'), go: t('settings.forget'), cancel: t('cancel') });
    if (!sure) return;
    this.chat.session.stop();
    this.storage.clear();
    location.reload();
  }

  download() {
    const rooms = Object.values(this.state.rooms).map(({ id, title, topic, log }) => ({ room: id, title, topic, messages: [...log.messages.values()] }));
    const data = JSON.stringify({ kept: this.storage.everything(), me: this.state.me, rooms }, null, 2);
    const url = URL.createObjectURL(new Blob([data], { type: 'application/json' }));
    const link = el('a', { href: url, download: 'pingbox.json' });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}
