/**
 * The whole page's state and what may happen to it. `reduce(state, action)` is pure: time, ids and stored things
 * come in with the action.
 */
import { attempted, entry, queued, requeued, seenFor, without } from './outbox.js';
import { answered, takeFrame, wantUnread, withRoom } from './frames.js';
import { isDirect, markAway, markRead, markUnread, newRoom, roomsOf, unread } from './room.js';

export const DEFAULT_LIMITS = { text: 4000, textBytes: 16384, frame: 32000, idle: 270, maxAge: 6900 };
export const UNDO_WITHIN = 5000; // ms in which a deletion may be taken back
const TYPING_EVERY = 5000; // ms between two frames that say "I am writing"

/** `me`: {id, name} of last time; `rooms`: ids to come back to; `reads`: room id → {epoch, n, seq} read; `outbox`: what an earlier page left. */
export function initialState({ me = null, focus = null, rooms = [], reads = {}, outbox = [] } = {}) {
  return {
    me, wishName: null, nameError: null, limits: DEFAULT_LIMITS, ahead: 0, // ahead: ms that the server's clock is ahead of ours
    link: { phase: 'idle', tries: 0, retryAt: null, reason: null, since: 0 },
    rooms: roomsOf(rooms.map((id) => newRoom(id))), focus: focus ?? rooms[0] ?? null, reads: Object.assign(Object.create(null), reads),
    leaving: [], outbox: requeued(outbox), requests: {}, directory: null, notice: null,
    quietUntil: 0, setbacks: 0,
    toldFocus: null, direct: null, typing: { room: null, at: 0, told: 0 }, // direct: {id, name} whom to write to alone
    wishes: [], // frames that ask for something once: {request, frame}
    unknown: [], // actions that this server does not know
  };
}

export function reduce(state, action) {
  return ACTIONS[action.type](state, action);
}

const ACTIONS = {
  frame, link, asked, expired, wrote, edited, removed, reacted, updated, retry, discard, open, direct, leave, focus, read, unread: unreadFrom,
  elsewhere, away, older, fill, rename, typing, typed, wish, dismiss, tick,
};

function frame(state, { frame: received, now }) {
  return takeFrame(state, received, now);
}

/** Time has passed, nothing else. */
function tick(state) {
  return state;
}

/** The connection's phase changed. Whatever was asked of a socket that is gone will not be answered. */
function link(state, { link: next }) {
  const was = state.link.phase;
  if (was !== 'online' || next.phase === 'online') return { ...state, link: next };
  return { ...lost(state), link: next };
}

function lost(state) {
  const rooms = roomsOf(Object.values(state.rooms).map((room) => ({ ...room, whoFresh: false, typing: new Map() })));
  const next = { ...state, rooms, requests: {}, outbox: requeued(state.outbox), quietUntil: 0, setbacks: 0, toldFocus: null };
  return away(next);
}

/** A question went out under `id`. */
function asked(state, { id, request, now }) {
  const { wish: fulfilled = null, ...noted } = request;
  const wishes = fulfilled ? state.wishes.filter((each) => each !== fulfilled) : state.wishes;
  const next = { ...state, wishes, requests: { ...state.requests, [id]: { ...noted, at: now } } };
  return Object.hasOwn(ASKED, request.kind) ? ASKED[request.kind](next, request, now) : next;
}

const ASKED = {
  send: (state, { cid }, now) => attempt(state, cid, now),
  focus: (state, { room }) => ({ ...state, toldFocus: room }),
  typing: (state, request, now) => ({ ...state, typing: { ...state.typing, told: now, at: 0 } }),
  read: (state, { room, seq }, now) => withRoom(state, { ...state.rooms[room], told: seq, toldAt: now }),
  direct: (state) => ({ ...state, direct: null }),
};

function expired(state, { ids }) {
  return ids.reduce(answered, state);
}

function wrote(state, { cid, room, text, replyTo = null, called = [], now }) {
  const item = entry(cid, room, text, now + state.ahead, { replyTo, called });
  const next = { ...state, outbox: [...state.outbox, item], typing: { ...state.typing, at: 0 } };
  const here = next.rooms[room];
  if (!here || state.link.phase !== 'online') return next; // what comes on reconnecting will still be news
  return withRoom(next, { ...markRead(here), divider: null, held: false });
}

/** A new text for the own message `target`. An earlier edit of it that still waits is replaced. */
function edited(state, { cid, room, target, text, called = [], now }) {
  const waits = ({ kind, target: of, state: at }) => kind === 'edit' && of === target && at !== 'sending';
  const outbox = state.outbox.filter((item) => item.room !== room || !waits(item));
  return { ...state, outbox: [...outbox, entry(cid, room, text, now, { kind: 'edit', target, called })] };
}

/** Delete the message `target`, unless that is taken back (`discard`) in time. */
function removed(state, { cid, room, target, now }) {
  return { ...state, outbox: [...state.outbox, entry(cid, room, '', now, { kind: 'delete', target, after: now + UNDO_WITHIN })] };
}

/** Add or take away a reaction. One that still waits and says the opposite is dropped instead. */
function reacted(state, { cid, room, target, emoji, op, now }) {
  const opposite = state.outbox.find((item) => item.kind === 'react' && item.room === room && item.target === target
    && item.emoji === emoji && item.op !== op && item.state === 'queued');
  if (opposite) return { ...state, outbox: without(state.outbox, new Set([opposite.cid])) };
  return { ...state, outbox: [...state.outbox, entry(cid, room, '', now, { kind: 'react', target, emoji, op })] };
}

/** Another title or topic for a room: `fields` {title, topic, closed}, what changes. */
function updated(state, { cid, room, fields, now }) {
  return { ...state, outbox: [...state.outbox, entry(cid, room, '', now, { kind: 'room', fields })] };
}

function attempt(state, cid, now) {
  const item = state.outbox.find((each) => each.cid === cid);
  const seen = seenFor(item, state.rooms[item.room].log);
  return { ...state, outbox: attempted(state.outbox, cid, seen, now) };
}

function retry(state, { cid }) {
  return { ...state, outbox: queued(state.outbox, cid) };
}

function discard(state, { cid }) {
  return { ...state, outbox: without(state.outbox, new Set([cid])) };
}

/** Go to a room; join it if need be; start it under `title` and `topic` if there is none (title null: only join). */
function open(state, { room: id, title = null, topic = '' }) {
  const known = state.rooms[id] ?? newRoom(id);
  const wanted = known.joined ? known : { ...known, create: title === null ? null : { title, topic }, error: null };
  const leaving = state.leaving.filter((each) => each !== id);
  return focus(withRoom({ ...state, leaving }, wanted), { room: id });
}

/** Write to one person alone: into the room that is there already, or into one that the server opens. */
function direct(state, { user }) {
  const id = state.me && [state.me.id, user.id].sort().join(':');
  const known = id && state.rooms[`dm:${id}`];
  return known?.joined ? focus(state, { room: known.id }) : { ...state, direct: user };
}

function leave(state, { room: id }) {
  const { [id]: left, ...others } = state.rooms;
  const rooms = roomsOf(Object.values(others));
  const next = Object.keys(rooms).filter((each) => !isDirect(each)).sort()[0] ?? Object.keys(rooms).sort()[0] ?? null;
  return {
    ...state, rooms, leaving: left?.joined ? [...state.leaving, id] : state.leaving,
    outbox: state.outbox.filter((item) => item.room !== id),
    focus: state.focus === id ? next : state.focus,
  };
}

function focus(state, { room: id }) {
  const room = state.rooms[id];
  if (!room) return state;
  const old = state.rooms[state.focus];
  const left = old && old.id !== id ? withRoom(state, { ...old, divider: null, held: false }) : state;
  const entered = withRoom({ ...left, focus: id }, markAway(id === state.focus ? room : { ...room, held: false }));
  return wantUnread(entered, id);
}

/** Everything up to message `n` of number `seq` was before the reader's eyes; without them, all there is. */
function read(state, { room: id, n, seq }) {
  const room = state.rooms[id];
  if (!room || room.held) return state;
  const next = markRead(room, n === undefined ? undefined : { n, seq });
  return next === room ? state : withRoom(state, next);
}

function unreadFrom(state, { room: id, n, seq }) {
  return withRoom(state, markUnread(state.rooms[id], { n, seq }));
}

/** Another tab of this browser read on: `reads` as `memory.js` keeps them. */
function elsewhere(state, { reads }) {
  let next = state;
  for (const room of Object.values(state.rooms)) {
    const mark = Object.hasOwn(reads, room.id) ? reads[room.id] : null;
    if (mark?.epoch !== room.log.epoch || room.held) continue;
    const changed = markRead(room, { n: mark.n, seq: mark.seq ?? room.readSeq });
    if (changed !== room) next = withRoom(next, changed);
  }
  return next;
}

function away(state) {
  const room = state.rooms[state.focus];
  return room && (unread(room) === 0 || room.divider === null) ? withRoom(state, markAway(room)) : state;
}

function older(state, { room: id, before }) {
  const room = state.rooms[id];
  return room && room.wantPage === null ? withRoom(state, { ...room, wantPage: before }) : state;
}

function fill(state, { room: id, from, to }) {
  const room = state.rooms[id];
  return room ? withRoom(state, { ...room, fill: { from, to, exact: false, forced: false } }) : state;
}

function rename(state, { name }) {
  return { ...state, wishName: name, nameError: null };
}

/** Someone writes in the composer: the others of a small room are told now and then. */
function typing(state, { room: id, now }) {
  const room = state.rooms[id];
  const few = room && (room.online ?? 0) <= (state.limits.typingOnline ?? 20) && (room.online ?? 2) > 1;
  if (!few || state.typing.at || (now < state.typing.told + TYPING_EVERY && state.typing.room === id)) return state;
  return { ...state, typing: { ...state.typing, room: id, at: now } };
}

/** What was being written is gone: sent, or given up. */
function typed(state) {
  return state.typing.at ? { ...state, typing: { ...state.typing, at: 0 } } : state;
}

/** Ask for something once, whatever becomes of it. */
function wish(state, { request, frame: wanted }) {
  return { ...state, wishes: [...state.wishes, { request, frame: wanted }] };
}

function dismiss(state) {
  return { ...state, notice: null };
}
