/** The page: takes what people do to the chat, and shows the chat's state. */
import { Chat } from './chat.js';
import { loadConfig } from './config.js';
import { choose, LANGUAGES, speak } from './i18n.js';
import { Identity } from './identity.js';
import { recall, roomOf } from './memory.js';
import { nextFading } from './store/people.js';
import { Storage } from './storage.js';
import { Announcer, translate } from './view/announce.js';
import { Composer } from './view/composer.js';
import { JoinDialog, NameDialog } from './view/dialogs.js';
import { Drawers } from './view/drawers.js';
import { Messages, renderNoRoom } from './view/messages.js';
import { renderPeople } from './view/people.js';
import { Preferences } from './view/preferences.js';
import { renderBar, renderMe, renderRooms } from './view/sidebar.js';
import { Status } from './view/status.js';

const ACTIVE_FOR = 60_000; // ms after the last touch of key, mouse or screen in which someone is there

const $ = (id) => document.getElementById(id);
const storage = new Storage(window.localStorage);
const identity = new Identity(storage);
let lastActive = Date.now();
let drawing = false;
let clock = null;

const { wsUrl } = await loadConfig(window.fetch.bind(window), window.location);
const chat = new Chat({
  url: wsUrl, identity, storage, recalled: recall(storage, identity.user, location.hash), onChange: changed,
  env: {
    WebSocket: window.WebSocket, now: Date.now, random: Math.random,
    later: (action, ms) => window.setTimeout(action, ms), cancel: (timer) => window.clearTimeout(timer),
    watched: () => !document.hidden && Date.now() - lastActive < ACTIVE_FOR,
  },
});

const preferences = new Preferences(document, storage, { choose, speak, languages: LANGUAGES }, () => spoken());
const drawers = new Drawers(document);
const announcer = new Announcer(document);
const status = new Status(document, () => chat.session.retryNow());
const names = new NameDialog(document, (name) => {
  chat.rename(name);
  composer.focus();
});
const joins = new JoinDialog(document, { open });
const composer = new Composer(document, {
  write: (text) => {
    chat.write(text);
    draw();
    messages.toEnd();
  },
  draft: (text) => storage.set(`draft:${chat.state.focus}`, text || null),
}, () => matchMedia('(pointer: coarse)').matches);
const messages = new Messages(document, {
  retry: (cid) => chat.dispatch({ type: 'retry', cid }),
  discard: (cid) => chat.dispatch({ type: 'discard', cid }),
  older: (room, before) => chat.dispatch({ type: 'older', room, before }),
  fill: (room, from, to) => chat.dispatch({ type: 'fill', room, from, to }),
  moved: () => {
    markRead();
    redraw();
  },
});

function open(room, title) {
  drawers.close();
  chat.dispatch({ type: 'open', room, title });
  composer.focus();
}

function leave(room) {
  storage.set(`draft:${room}`, null);
  chat.dispatch({ type: 'leave', room });
}

function changed(before, after) {
  if (before.focus !== after.focus) history.replaceState(null, '', after.focus ? `#${after.focus}` : location.pathname);
  if (after.nameError && after.nameError !== before.nameError) badName(after.nameError);
  if (after.notice && after.notice !== before.notice) setTimeout(() => forget(after.notice), 8000);
  if (before.focus === null && document.activeElement === document.body) arrive();
  redraw();
}

/** Into the first room: ready to write. */
function arrive() {
  draw();
  composer.focus();
}

/** The server did not take the name: ask for another; until then there is nobody to connect as. */
function badName(code) {
  if (chat.state.link.phase !== 'online') chat.session.stop();
  names.ask(identity.name, { must: true, wrong: code }, preferences.lang);
}

function forget(notice) {
  if (chat.state.notice === notice) chat.dispatch({ type: 'dismiss' });
}

/** At most one drawing per frame; a hidden page gets no frames, and its title must change all the same. */
function redraw() {
  if (drawing) return;
  drawing = true;
  if (document.hidden) setTimeout(draw, 0);
  else requestAnimationFrame(draw);
}

function draw() {
  drawing = false;
  const { state } = chat;
  const { lang } = preferences;
  const now = Date.now();
  const room = state.rooms[state.focus] ?? null;
  const me = state.me ?? { id: '', name: identity.name };
  renderRooms($('room-list'), state, lang, (id) => open(id, null));
  renderMe($('me'), identity.name ? { ...me, name: state.me?.name ?? identity.name } : null, lang);
  renderBar({ title: $('room-title'), topic: $('room-topic'), count: $('online-count'), leave: $('leave') }, room, lang);
  renderPeople($('people-list'), room, state.me, lang, now);
  renderNoRoom($('no-room'), room, state.link.phase === 'online', lang, { open, leave });
  if (room) messages.render({ room, outbox: state.outbox, me, lang, now });
  composer.render(room, state.limits, storage.get(`draft:${state.focus}`, ''), lang);
  joins.render(state.directory, Object.keys(state.rooms), lang);
  status.render(state.link, state.notice, lang, now);
  markRead();
  announcer.render(chat.state, lang);
  document.querySelector('.dot-badge').hidden = !document.title.startsWith('(');
  wind(room, now);
}

/** Draw again when time alone changes something: a countdown, a green dot that fades, "5 minutes ago". */
function wind(room, now) {
  clearTimeout(clock);
  const fading = room ? nextFading(room.people, now) : null;
  const ticking = chat.state.link.phase === 'online' ? 30_000 : 500;
  clock = setTimeout(redraw, Math.max(50, Math.min(ticking, fading === null ? Infinity : fading - now)));
}

/** Read is what someone has before their eyes. */
function markRead() {
  const { focus, rooms } = chat.state;
  if (!document.hidden && messages.atEnd && messages.room?.id === focus && rooms[focus]) chat.dispatch({ type: 'read', room: focus });
}

function spoken() {
  translate(document, preferences.lang);
  composer.relabel(preferences.lang);
  redraw();
}

function listen() {
  for (const type of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']) {
    addEventListener(type, () => { lastActive = Date.now(); }, { passive: true, capture: true });
  }
  addEventListener('online', () => chat.session.cameOnline());
  addEventListener('offline', () => chat.session.wentOffline());
  addEventListener('pagehide', () => chat.session.stop());
  addEventListener('pageshow', (event) => event.persisted && identity.name && chat.session.start());
  addEventListener('hashchange', () => roomOf(location.hash) && open(roomOf(location.hash), null));
  addEventListener('storage', (event) => {
    const cid = Storage.settledElsewhere(event);
    if (cid) chat.dispatch({ type: 'discard', cid });
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) chat.dispatch({ type: 'away' });
    else chat.session.suspect();
    draw();
  });
  $('new-room').addEventListener('click', () => {
    drawers.close();
    chat.listRooms();
    joins.ask(preferences.lang);
    redraw();
  });
  $('me').addEventListener('click', () => names.ask(identity.name, {}, preferences.lang));
  $('leave').addEventListener('click', () => {
    leave(chat.state.focus);
    $('new-room').focus();
  });
}

listen();
spoken();
$('insecure').hidden = window.isSecureContext;
draw();
if (!identity.name) names.ask('', { must: true }, preferences.lang);
else if (navigator.onLine) chat.session.start();
else chat.session.wentOffline();
