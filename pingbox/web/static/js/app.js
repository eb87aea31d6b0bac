/** The page: takes what people do to the chat, and shows the chat's state. */
import { Chat } from './chat.js';
import { loadConfig } from './config.js';
import { commands, roomMenu, slashCommand, slashCommands } from './commands.js';
import { Deeds } from './deeds.js';
import { choose, LANGUAGES, loadWords, speak } from './i18n.js';
import { Identity } from './identity.js';
import { messageOf, recall, roomOf } from './memory.js';
import { isHere, nextFading } from './store/people.js';
import { isDirect, label, newest, sign } from './store/room.js';
import { Storage } from './storage.js';
import { Announcer, translate, unreadIn } from './view/announce.js';
import { Composer } from './view/composer/composer.js';
import { NameDialog } from './view/dialogs/name.js';
import { Picker } from './view/dialogs/picker.js';
import { Settings } from './view/dialogs/settings.js';
import { byId, el, rebuild, setText } from './view/dom.js';
import { Drawers } from './view/drawers.js';
import { listenForKeys } from './view/keys.js';
import { Notices } from './view/notices.js';
import { aboutPerson } from './view/people/card.js';
import { PeoplePanel } from './view/people/panel.js';
import { isTouch, menu } from './view/popup.js';
import { Preferences } from './view/preferences.js';
import { Header } from './view/rooms/header.js';
import { JoinDialog } from './view/rooms/join.js';
import { renderMe, RoomList } from './view/rooms/list.js';
import { Switcher } from './view/rooms/switcher.js';
import { Status } from './view/status.js';
import { Actions } from './view/timeline/actions.js';
import { Messages } from './view/timeline/messages.js';
import { Search } from './view/timeline/search.js';
import { renderNoRoom, renderStart } from './view/timeline/start.js';
import { Wire, wireHead } from './view/wire/wire.js';

const ACTIVE_FOR = 60_000; // ms after the last touch of key, mouse or screen in which someone is there
const SENT_MARK = 2000; // ms for which a message that was just sent shows it

const $ = (id) => byId(document, id);
const fetcher = window.fetch.bind(window);
const [, person = ''] = /[?&]guest=(\w{1,8})(?:&|$)/.exec(location.search) ?? [];
const storage = new Storage(window.localStorage, person);
const identity = new Identity(storage);
const preferences = new Preferences(document, storage, (key) => (key === 'language' || key === 'clock24' ? translateAll() : redraw()));
let lastActive = Date.now();
let drawing = false;
let clock = 0;
let justSent = null;

let lang = speak('en', undefined, navigator.languages);
const [{ wsUrl, local }] = await Promise.all([loadConfig(fetcher, window.location), chooseLanguage()]);
const chat = new Chat({
  url: wsUrl, identity, storage, recalled: recall(storage, identity.user, location.hash), onChange: changed,
  env: {
    WebSocket: window.WebSocket, now: Date.now, random: Math.random,
    later: (action, ms) => window.setTimeout(action, ms), cancel: (timer) => window.clearTimeout(timer),
    watched: () => !document.hidden && Date.now() - lastActive < ACTIVE_FOR,
  },
});

const drawers = new Drawers(document);
const announcer = new Announcer(document);
const status = new Status(document, () => chat.session.retryNow());
const notices = new Notices(preferences, { open: (room) => deeds.open(room) });
const picker = new Picker(storage);
const names = new NameDialog(document, (name) => {
  chat.rename(name);
  composer.focus();
});
const messages = new Messages(document, {
  retry: (cid) => chat.dispatch({ type: 'retry', cid }),
  discard: (cid) => deeds.discard(cid),
  edit: (item) => deeds.editFailed(item),
  react: (item, emoji) => deeds.react(item, emoji),
  pick: (item, node) => deeds.pick(item, node),
  profile: (user, node) => deeds.profile(user, node),
  copy: (text) => deeds.copy(text),
  older: (room, before) => chat.dispatch({ type: 'older', room, before }),
  fill: (room, from, to) => chat.dispatch({ type: 'fill', room, from, to }),
  seen: (room, mark) => document.hidden || chat.dispatch({ type: 'read', room, ...mark }),
  read: (room) => chat.dispatch({ type: 'read', room }),
  moved: redraw,
});
const composer = new Composer(document, {
  write: (text, replyTo, called) => {
    chat.write(text, replyTo, called);
    draw();
    messages.toEnd();
  },
  edited: (item, text, called) => chat.change('edited', { room: chat.state.focus, target: item.seq, text, called }),
  draft: (text) => storage.set(`draft:${chat.state.focus}`, text || null),
  typing: () => chat.dispatch({ type: 'typing', room: chat.state.focus }),
  typed: () => chat.dispatch({ type: 'typed' }),
  editLast: () => deeds.editLast(),
  command: (name, rest) => slashCommand(name, rest, tools()),
  escape: () => deeds.readAll(),
  pasted: (count, asCode) => deeds.pasted(count, asCode),
}, { people: () => deeds.people(), rooms: () => deeds.rooms(), commands: () => slashCommands(tools()), words: () => lang }, isTouch);
const deeds = new Deeds({
  chat, storage, preferences, identity, drawers, messages, composer, picker, status, names, language: () => lang, now, redraw: draw,
});
const actions = new Actions($('log'), messages, {
  reply: (item) => composer.answer(item), edit: (item) => composer.edit(item), react: (item, emoji) => deeds.react(item, emoji),
  pick: (item, node) => deeds.pick(item, node), copy: (item) => deeds.copy(item.text), link: (item) => deeds.copy(deeds.address(chat.state.focus, item.seq)),
  unread: (item) => deeds.markUnread(item), remove: (item, node) => deeds.remove(item, node), wire: local ? showWire : null, mayRemove: () => chat.state.me?.admin === true,
});
const joins = new JoinDialog(document, { open: (id, title, topic) => deeds.open(id, title, topic) });
const roomList = new RoomList(document, { open: (id) => deeds.open(id) });
const header = new Header(document, { topic: () => deeds.roomSettings() });
const panel = new PeoplePanel(document, { profile: (user, node) => deeds.profile(user, node) });
const search = new Search(document, {
  goTo: (seq) => messages.goTo(seq), older: (room, before) => chat.dispatch({ type: 'older', room, before }),
  closed: (opener) => (opener?.isConnected ? opener.focus() : composer.focus()),
});
const switcher = new Switcher({
  open: (id, title) => deeds.open(id, title), message: (user) => deeds.message(user), search: (text) => search.open(text), wanted: () => chat.listRooms(),
}, () => commands(tools()));
const settings = new Settings(preferences, LANGUAGES, notices, {
  rename: () => names.ask(identity.name, {}, lang), signIn: () => deeds.signIn(), signOut: () => deeds.signOut(),
  download: () => deeds.download(), forget: () => deeds.forget(), askNotices: () => notices.ask(),
});

const wire = new Wire(document, fetcher, { copy: (text) => deeds.copy(text) });

/** What commands and menus may use. */
function tools() {
  return { chat, deeds, lang, preferences, wire: local ? toggleWire : null, settings: (section) => settings.open(me(), lang, section), join: askForRoom, search: () => search.open(), messages };
}

function now() {
  return Date.now() + chat.state.ahead;
}

function me() {
  const { state } = chat;
  return { id: '', guest: true, ...state.me, name: state.me?.name ?? identity.name };
}

function changed(before, after) {
  if (before.focus !== after.focus) focusChanged(before, after);
  if (after.nameError && after.nameError !== before.nameError) badName(after.nameError);
  if (after.notice && after.notice !== before.notice) setTimeout(() => forget(after.notice), 8000);
  if (before.outbox !== after.outbox) showSent(before.outbox.findLast((item) => item.state === 'sending' && item.kind === 'send' && !after.outbox.some(({ cid }) => cid === item.cid)));
  redraw();
}

function focusChanged(before, after) {
  if (roomOf(location.hash) !== after.focus) history.replaceState(null, '', after.focus ? `#${after.focus}` : location.pathname);
  if (deeds.awaited || before.focus === null && document.activeElement === document.body) {
    deeds.awaited = false;
    draw();
    composer.focus();
  }
}

/** `item`: what has just left the outbox, if anything. */
function showSent(item) {
  if (!item) return;
  const { cid } = item;
  justSent = cid;
  if (wire.isOpen) setTimeout(() => showWire(newestOwn()), 0);
  setTimeout(() => {
    if (justSent !== cid) return;
    justSent = null;
    redraw();
  }, SENT_MARK);
}

/** The server did not take the name: ask for another; until then there is nobody to connect as. */
function badName(code) {
  if (chat.state.link.phase !== 'online') chat.session.stop();
  names.ask(identity.name, { must: true, wrong: code }, lang);
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
  drawing = true; // what is seen by drawing the messages is drawn at once, below
  const shown = chat.state.rooms[chat.state.focus];
  if (shown) drawMessages(shown);
  drawing = false;
  const { state } = chat;
  const room = state.rooms[state.focus] ?? null;
  const level = (id) => preferences.level(id);
  const time = now();
  const { phase } = state.link;
  roomList.render(state, lang, time, { drafts: (id) => storage.get(`draft:${id}`, ''), level });
  renderMe($('me'), identity.name ? me() : null, phase, lang);
  header.render(room, { me: state.me, now: time, level: level(state.focus ?? ''), mayEdit: deeds.mayEdit(room), phase }, lang);
  drawPeople(room, time);
  const waiting = state.outbox.filter((item) => item.room === room?.id).length;
  renderNoRoom($('no-room'), room, { online: phase === 'online', waiting, rooms: busiest(state) }, lang, {
    open: (id, title) => deeds.open(id, title), leave: (id) => deeds.leaveNow(id), find: () => switcher.ask(chat.state, lang),
  });
  drawComposer(room, state, time);
  joins.render(state.directory, Object.keys(state.rooms), lang);
  switcher.render(state, lang);
  search.render(room, lang);
  actions.speak(lang);
  wireHead(document, lang, closeWire);
  wire.render(lang, state.focus, itemOf);
  const held = state.outbox.filter((item) => item.state !== 'failed' && !item.after).length;
  status.render(state.link, state.notice, held, lang, Date.now());
  const count = unreadIn(state.rooms, level);
  announcer.render(state, count, lang, Date.now());
  notices.look(state, lang);
  $('open-rooms').querySelector('.dot-badge').hidden = !Object.values(state.rooms).some((each) => each.id !== state.focus && unreadIn({ each }, level));
  wind(room, time);
}

function drawMessages(room) {
  const { outbox, me: user } = chat.state;
  const marks = preferences.get('marks') ? 'always' : justSent;
  messages.render({ room, outbox, me: user, lang, now: now(), nameOf: (id) => deeds.nameOf(id), marks });
}

function drawPeople(room, time) {
  const direct = room && isDirect(room.id) && room.peer;
  const { state } = chat;
  $('app').classList.toggle('no-people', !preferences.get('people'));
  if (!direct) {
    if ($('people-list').dataset.about) $('people-list').replaceChildren();
    delete $('people-list').dataset.about;
    return panel.render(room, state.me, state.link.phase, lang, time);
  }
  const list = $('people-list');
  if (!list.dataset.about) list.keyed = null;
  list.dataset.about = room.peer.id;
  setText($('people-title'), lang.t('people.about', { name: label(room) }));
  const seen = Object.values(state.rooms).map((each) => each.people.get(room.peer.id)).filter(Boolean).map((person) => [person, isHere(person, time)]);
  return rebuild(list, [room.peer, seen, state.link.phase, lang.code], () => [el('div', { class: 'about' }, ...aboutPerson(room.peer, state, lang, time))]);
}

function drawComposer(room, state, time) {
  const off = state.link.phase === 'refused' || room?.closed === true;
  const typing = room ? [...room.typing].filter(([, { until }]) => until > time).map(([, { name }]) => name) : [];
  const queued = state.outbox.filter((item) => item.room === room?.id && item.state === 'queued' && !item.after).length;
  const quiet = state.quietUntil - Date.now();
  const slow = state.link.phase === 'online' && queued > 0 && quiet > 300 ? { count: queued, seconds: Math.ceil(quiet / 1000) } : null;
  const empty = isEmpty(room, state);
  renderStart($('start'), room, empty && !isDirect(room.id), { address: deeds.address(room?.id), socket: wsUrl, local }, lang, {
    copy: (text) => deeds.copy(text), second: () => deeds.secondWindow(), hello: sayHello,
  });
  const words = !room ? '' : off ? lang.t(room.closed ? 'compose.closed' : 'compose.out') : isDirect(room.id) ? lang.t('compose.direct', { name: label(room) })
    : lang.t(empty ? 'compose.hello' : 'compose.label', { room: sign(room) });
  composer.render(room, state.limits, storage.get(`draft:${state.focus}`, ''), words, off, { names: typing, slow, offline: state.link.phase === 'offline' }, lang);
}

function isEmpty(room, state) {
  return Boolean(room) && !room.error && room.log.seen !== null && room.log.headN === 0 && room.log.messages.size === 0
    && !state.outbox.some((item) => item.room === room.id);
}

function busiest({ rooms }) {
  return Object.values(rooms).filter(({ id, joined }) => joined && !isDirect(id)).sort((a, b) => (newest(b)?.ts ?? 0) - (newest(a)?.ts ?? 0)).slice(0, 3);
}

/** Draw again when time alone changes something: a countdown, a green dot that fades, "5 minutes ago", who is writing. */
function wind(room, time) {
  clearTimeout(clock);
  const { state } = chat;
  const fading = room ? nextFading(room.people, time) : null;
  const silent = room ? [...room.typing.values()].map(({ until }) => until).filter((until) => until > time) : [];
  const moments = [fading, ...silent].filter((each) => each !== null);
  const ticking = state.link.phase === 'online' && state.quietUntil < Date.now() ? 30_000 : 500;
  clock = window.setTimeout(redraw, Math.max(50, Math.min(ticking, ...moments.map((each) => each - time))));
}

function itemOf(cid) {
  const node = [...$('log').querySelectorAll('.message')].find((each) => each.item?.cid === cid);
  if (wire.isOpen) node?.classList.add('traced');
  return node?.item ?? null;
}

/** The newest message of mine that is in the list. */
function newestOwn() {
  return [...$('log').querySelectorAll('.message.own')].at(-1)?.item ?? null;
}

function sayHello() {
  if (local) openWire();
  chat.write('👋');
}

function showWire(item) {
  if (!item) return;
  openWire();
  for (const node of $('log').querySelectorAll('.traced')) node.classList.remove('traced');
  wire.show(item);
}

function openWire() {
  if (wire.isOpen) return;
  $('wire').hidden = false;
  $('app').classList.add('with-wire');
  if (drawers.isDrawer('wire')) drawers.open('wire', $('wire-open'));
  else $('wire-open').setAttribute('aria-expanded', 'true');
  redraw();
}

function closeWire() {
  drawers.close();
  $('wire').hidden = true;
  $('app').classList.remove('with-wire');
  $('wire-open').setAttribute('aria-expanded', 'false');
  for (const node of $('log').querySelectorAll('.traced')) node.classList.remove('traced');
  composer.focus();
}

function toggleWire() {
  if (wire.isOpen) return closeWire();
  openWire();
  return showWire(newestOwn());
}

async function chooseLanguage() {
  const code = choose([preferences.get('language'), ...navigator.languages]);
  lang = speak(code, await loadWords(code, fetcher), navigator.languages, preferences.get('clock24'));
}

async function translateAll() {
  await chooseLanguage();
  spoken();
}

function spoken() {
  translate(document, lang);
  $('people-filter').placeholder = lang.t('people.filter');
  $('people-filter').setAttribute('aria-label', lang.t('people.filter'));
  composer.relabel(lang);
  settings.redraw(me(), lang);
  redraw();
}

function askForRoom(typed = '') {
  drawers.close();
  chat.listRooms();
  joins.ask(lang, typed);
  redraw();
}

function askForPerson() {
  drawers.close();
  switcher.ask(chat.state, lang, '@');
}

/** On small screens a drawer; on wide ones the column is shown or hidden, and that is remembered. */
function togglePeople() {
  if (drawers.isDrawer('people')) drawers.open('people', $('open-people'));
  else preferences.set('people', !preferences.get('people'));
}

function closePeople() {
  if (drawers.isDrawer('people')) return drawers.close();
  preferences.set('people', false);
  return $('open-people').focus();
}

function insertMenu() {
  const { t } = lang;
  menu($('insert'), [
    { icon: 'code', words: t('compose.code'), act: () => composer.format('block') },
    { icon: 'quote', words: t('compose.quote'), act: () => composer.format('quote') },
    { icon: 'list', words: t('compose.list'), act: () => composer.format('list') },
    { icon: 'slash', words: t('compose.command'), act: () => composer.insert('/') },
  ], { label: t('compose.insert'), back: $('text') });
}

function bellMenu() {
  const { t } = lang;
  const room = chat.state.focus;
  const level = preferences.level(room);
  const items = [['all', 'bell'], ['mentions', 'at'], ['none', 'bell-off']].map(([value, icon]) => ({
    icon, words: t(`bell.${value}`), checked: value === level, act: () => preferences.setLevel(room, value),
  }));
  const ask = notices.possible && !notices.allowed ? [null, { icon: 'windows', words: t('bell.desktop'), act: () => notices.ask() }] : [];
  menu($('bell'), [...items, ...ask], { label: t('bell.title') });
}

function listen() {
  for (const type of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']) {
    addEventListener(type, () => { lastActive = Date.now(); }, { passive: true, capture: true });
  }
  addEventListener('online', () => chat.session.cameOnline());
  addEventListener('offline', () => chat.session.wentOffline());
  addEventListener('pagehide', () => chat.session.stop());
  addEventListener('pageshow', (event) => event.persisted && identity.name && chat.session.start());
  addEventListener('hashchange', followAddress);
  addEventListener('storage', (event) => {
    const cid = storage.settledElsewhere(event);
    if (cid) chat.dispatch({ type: 'discard', cid });
    const reads = storage.readsElsewhere(event);
    if (reads) chat.dispatch({ type: 'elsewhere', reads });
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) chat.dispatch({ type: 'away' });
    else chat.session.suspect();
    draw();
  });
  listenToButtons();
  listenForKeys(document, {
    switcher: () => switcher.ask(chat.state, lang), search: () => search.open(), room: (step, unreadOnly) => deeds.step(roomList.ids(), step, unreadOnly),
    regions: () => [$('rooms'), document.querySelector('.bar'), $('log'), $('text'), $('people'), $('wire')],
    compose: (key) => composer.insert(key), help: () => settings.open(me(), lang, 'keyboard'), escape: () => deeds.readAll(),
  });
}

function listenToButtons() {
  const clicks = {
    'new-room': () => askForRoom(), 'new-direct': askForPerson, 'new-message': askForPerson, 'people-close': closePeople, 'open-people': togglePeople,
    'settings-open': () => settings.open(me(), lang), find: () => switcher.ask(chat.state, lang), me: () => deeds.profile(me(), $('me')),
    'wire-open': toggleWire, bell: bellMenu, insert: insertMenu, 'search-open': () => search.open(), skip: () => messages.focus(),
    more: () => roomMenu($('more'), tools()), emoji: () => picker.ask($('emoji'), lang, lang.t('emoji.insert'), (emoji) => composer.insert(emoji), $('text')),
  };
  for (const [id, act] of Object.entries(clicks)) $(id).addEventListener('click', act);
}

function followAddress() {
  const room = roomOf(location.hash);
  if (!room) return undefined;
  const seq = messageOf(location.hash);
  if (seq !== null && room === chat.state.focus) return messages.goTo(seq);
  if (seq !== null) messages.wanted = { room, seq, asked: false };
  return deeds.open(room);
}

listen();
spoken();
$('insecure').hidden = window.isSecureContext;
$('wire-open').hidden = !local;
drawers.add('wire');
const linked = messageOf(location.hash);
if (linked !== null && roomOf(location.hash)) messages.wanted = { room: roomOf(location.hash), seq: linked, asked: false };
draw();
if (!identity.name) names.ask('', { must: true }, lang);
else if (navigator.onLine) chat.session.start();
else chat.session.wentOffline();
