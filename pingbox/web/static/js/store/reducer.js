/**
 * The whole page's state and what may happen to it. `reduce(state, action)` is pure: time, ids and stored things
 * come in with the action.
 */
import { attempted, entry, queued, requeued, without } from './outbox.js';
import { answered, takeFrame, withRoom } from './frames.js';
import { markAway, markRead, newRoom } from './room.js';
import { seenFor } from './outbox.js';

export const DEFAULT_LIMITS = { text: 4000, textBytes: 16384, frame: 32000, idle: 270, maxAge: 6900 };

/** `me`: {id, name} of last time; `rooms`: ids to come back to; `reads`: room id → {epoch, n} read; `outbox`: what an earlier page left. */
export function initialState({ me = null, focus = null, rooms = [], reads = {}, outbox = [] } = {}) {
  const known = rooms.map((id) => [id, newRoom(id)]);
  return {
    me, wishName: null, nameError: null, limits: DEFAULT_LIMITS,
    link: { phase: 'idle', tries: 0, retryAt: null, reason: null, since: 0 },
    rooms: Object.fromEntries(known), focus: focus ?? rooms[0] ?? null, reads, leaving: [],
    outbox: requeued(outbox), requests: {}, directory: null, notice: null,
    quietUntil: 0, setbacks: 0,
  };
}

export function reduce(state, action) {
  return ACTIONS[action.type](state, action);
}

const ACTIONS = {
  frame, link, asked, expired, wrote, attempt, retry, discard, open, leave, focus, read, away, older, fill, rename, dismiss,
};

function frame(state, { frame: received, now }) {
  return takeFrame(state, received, now);
}

/** The connection's phase changed. Whatever was asked of a socket that is gone will not be answered. */
function link(state, { link: next }) {
  const was = state.link.phase;
  if (was !== 'online' || next.phase === 'online') return { ...state, link: next };
  return { ...lost(state), link: next };
}

function lost(state) {
  const rooms = Object.fromEntries(
    Object.entries(state.rooms).map(([id, room]) => [id, { ...room, whoFresh: false }]),
  );
  const next = { ...state, rooms, requests: {}, outbox: requeued(state.outbox), quietUntil: 0, setbacks: 0 };
  return away(next);
}

function asked(state, { id, request, now }) {
  const next = { ...state, requests: { ...state.requests, [id]: { ...request, at: now } } };
  return request.kind === 'send' ? attempt(next, { cid: request.cid, now }) : next;
}

function expired(state, { ids }) {
  return ids.reduce(answered, state);
}

function wrote(state, { cid, room, text, now }) {
  const next = { ...state, outbox: [...state.outbox, entry(cid, room, text, now)] };
  const here = next.rooms[room];
  if (!here || state.link.phase !== 'online') return next; // what comes on reconnecting will still be news
  return withRoom(next, { ...markRead(here), divider: null });
}

function attempt(state, { cid, now }) {
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

/** Go to a room; join it if need be; start it under `title` if there is none (null: only join). */
function open(state, { room: id, title = null }) {
  const known = state.rooms[id] ?? newRoom(id);
  const wanted = known.joined ? known : { ...known, create: title, error: null };
  const leaving = state.leaving.filter((each) => each !== id);
  return focus(withRoom({ ...state, leaving }, wanted), { room: id });
}

function leave(state, { room: id }) {
  const { [id]: left, ...rooms } = state.rooms;
  const next = Object.keys(rooms).sort()[0] ?? null;
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
  const left = old && old.id !== id ? withRoom(state, { ...old, divider: null }) : state;
  return withRoom({ ...left, focus: id }, markAway(room));
}

function read(state, { room: id }) {
  const room = state.rooms[id];
  if (!room) return state;
  const next = markRead(room);
  return next === room ? state : withRoom(state, next);
}

function away(state) {
  const room = state.rooms[state.focus];
  return room ? withRoom(state, markAway(room)) : state;
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

function dismiss(state) {
  return { ...state, notice: null };
}
