/**
 * What each frame of the server does to the state. Pure. Unknown types are left alone, so that a newer server can
 * speak to an older page; an unknown type with a `seq` still counts as an event of its room's log.
 */
import { takeHistory, takeLive, takeSync } from './log.js';
import { failed, queued, rebased, requeued, without } from './outbox.js';
import { takePresence, takeWho } from './people.js';
import { describe, newRoom } from './room.js';

export const UNANSWERED = 8000; // ms after which a send without echo may be repeated, if the socket proves alive

export function takeFrame(state, frame, now) {
  if (Number.isInteger(frame.seq) && frame.room && frame.type !== 'ok' && frame.type !== 'read') {
    return live(state, frame, now);
  }
  const handler = Object.hasOwn(HANDLERS, frame.type) ? HANDLERS[frame.type] : null;
  const request = frame.id === undefined ? null : state.requests[frame.id] ?? null;
  const next = handler ? handler(state, frame, now, request) : state;
  return request && frame.type !== 'error' ? answered(next, frame.id) : next;
}

const HANDLERS = { welcome, joined, left, sync, history, who, presence, pong, ok, error, rooms };

function live(state, event, now) {
  const room = state.rooms[event.room];
  if (!room) return state;
  const next = withRoom(state, { ...room, ...retitled(room, event), log: takeLive(room.log, [event], now) });
  return settleOwn(next, [event]);
}

function retitled(room, event) {
  if (event.type !== 'room' || event.seq < room.log.head) return {};
  return { title: event.title ?? room.title, topic: event.topic ?? room.topic };
}

function welcome(state, frame) {
  let next = { ...state, me: frame.user, limits: { ...state.limits, ...frame.limits }, nameError: null, wishName: null };
  const listed = new Set(frame.rooms.map((info) => info.room));
  for (const info of frame.rooms) next = described(next, info);
  for (const room of Object.values(next.rooms)) {
    if (!listed.has(room.id)) next = withRoom(next, { ...room, joined: false });
  }
  return next.rooms[next.focus] ? next : { ...next, focus: frame.rooms[0]?.room ?? next.focus };
}

function described(state, info) {
  const known = state.rooms[info.room] ?? newRoom(info.room);
  const room = describe(known, info, state.reads[info.room]);
  const next = withRoom(state, room);
  const replaced = known.log.epoch !== null && known.log.epoch !== room.log.epoch;
  return replaced ? { ...next, outbox: rebased(next.outbox, info.room) } : next;
}

function joined(state, frame, now) {
  let next = described(state, frame.room);
  const id = frame.room.room;
  if (frame.who) next = who(next, { room: id, users: frame.who, count: frame.room.online }, now);
  return frame.sync ? sync(next, { room: id, ...frame.sync }, now) : next;
}

function sync(state, frame, now) {
  const room = state.rooms[frame.room];
  if (!room) return state;
  const fill = frame.reset || !room.fill ? null : { ...room.fill, forced: false };
  const next = withRoom(state, { ...room, fill, log: takeSync(room.log, frame, now) });
  const settled = settleOwn(next, frame.events);
  return frame.reset ? { ...settled, outbox: rebased(settled.outbox, frame.room) } : settled;
}

function history(state, frame, now, request) {
  const room = state.rooms[frame.room];
  if (!room || !request) return state;
  const log = takeHistory(room.log, frame, request.before, now);
  const wantPage = room.wantPage === request.before ? null : room.wantPage;
  return settleOwn(withRoom(state, { ...room, log, wantPage }), frame.events);
}

function who(state, frame, now) {
  const room = state.rooms[frame.room];
  if (!room) return state;
  const people = takeWho(room.people, frame.users, now);
  return withRoom(state, { ...room, people, online: frame.count ?? frame.users.length, whoFresh: true });
}

function presence(state, frame, now) {
  const room = state.rooms[frame.room];
  if (!room) return state;
  const people = takePresence(room.people, frame, now);
  return withRoom(state, { ...room, people, online: frame.online ?? room.online });
}

/** The socket lives: what has had no echo for long was lost on the way, there or back. Same cid, so ask again. */
function pong(state, frame, now) {
  let next = { ...state, outbox: requeued(state.outbox, now - UNANSWERED) };
  for (const [id, head] of Object.entries(frame.behind ?? {})) {
    const room = next.rooms[id];
    if (room) next = withRoom(next, { ...room, log: { ...room.log, head: Math.max(room.log.head, head) } });
  }
  return next;
}

function left(state, frame) {
  return { ...state, leaving: state.leaving.filter((id) => id !== frame.room) };
}

/** Stored by an earlier attempt. If that number is beyond what we hold, we are behind, and will ask for the event. */
function ok(state, frame) {
  const room = state.rooms[frame.room];
  if (!frame.cid) return state;
  const next = { ...state, outbox: without(state.outbox, new Set([frame.cid])) };
  if (!room || !Number.isInteger(frame.seq)) return next;
  return withRoom(next, { ...room, log: { ...room.log, head: Math.max(room.log.head, frame.seq) } });
}

function rooms(state, frame, now, request) {
  const before = request?.after ? state.directory ?? [] : [];
  return { ...state, directory: [...before, ...frame.rooms] };
}

function error(state, frame, now, request) {
  const next = request ? answered(state, frame.id) : state;
  if (frame.retry) return postponed(next, frame, now, request);
  const cid = frame.cid ?? request?.cid;
  if (cid) return refusedSend(next, cid, frame.code);
  const handler = REFUSALS[request?.kind ?? UNASKED[frame.code]] ?? notice;
  return handler(next, frame, request, now);
}

/** Try again: after the time the server asked for, or after one that doubles with every failure in a row. */
function postponed(state, frame, now, request) {
  const setbacks = state.setbacks + 1;
  const wait = frame.retryAfter ?? Math.min(30_000, 250 * 2 ** setbacks);
  const cid = frame.cid ?? request?.cid;
  const next = { ...state, setbacks, quietUntil: Math.max(state.quietUntil, now + wait) };
  if (!cid) return next;
  const outbox = queued(next.outbox, cid);
  if (frame.code === 'behind') return lookBack({ ...next, outbox, quietUntil: state.quietUntil }, cid);
  return { ...next, outbox };
}

/** `behind`: the server will not look that far back for the cid, so the page must, from the entry's base on. */
function lookBack(state, cid) {
  const item = state.outbox.find((each) => each.cid === cid);
  const room = item && state.rooms[item.room];
  if (!room) return state;
  const from = (item.base ?? room.log.seen ?? 0) + 1;
  return withRoom(state, { ...room, fill: { from, to: null, exact: true, forced: true } });
}

function refusedSend(state, cid, code) {
  const item = state.outbox.find((each) => each.cid === cid);
  const room = item && state.rooms[item.room];
  if (code !== 'not_joined' || !room) return { ...state, outbox: failed(state.outbox, cid, code) };
  return withRoom({ ...state, outbox: queued(state.outbox, cid) }, { ...room, joined: false });
}

const REFUSALS = { hello: refusedHello, join: refusedJoin, create: refusedCreate, leave: left, history: dropPage, sync: dropFill };

/** Errors of the `hello` that opens a connection, which the session sends by itself. */
const UNASKED = { bad_name: 'hello', no_such_room: 'join' };

function refusedHello(state, frame) {
  return { ...state, wishName: null, nameError: frame.code };
}

/** Also what `hello` says of a room that is gone. */
function refusedJoin(state, frame, request) {
  const room = state.rooms[request?.room ?? frame.room];
  if (!room) return state;
  const creating = frame.code === 'no_such_room' && room.create !== null;
  return withRoom(state, { ...room, joined: false, error: creating ? 'creating' : frame.code });
}

function refusedCreate(state, frame, request) {
  const room = state.rooms[request.room];
  if (!room) return state;
  const error = frame.code === 'room_exists' ? null : frame.code; // someone was faster: join theirs
  return withRoom(state, { ...room, create: null, error });
}

function dropPage(state, frame, request, now) {
  const room = state.rooms[request.room];
  return notice(room ? withRoom(state, { ...room, wantPage: null }) : state, frame, request, now);
}

function dropFill(state, frame, request, now) {
  const room = state.rooms[request.room];
  return notice(room ? withRoom(state, { ...room, fill: null }) : state, frame, request, now);
}

function notice(state, frame, request, now) {
  return { ...state, notice: { code: frame.code, at: now } };
}

/** Our own events settle what waits in the outbox, whichever way they came. */
function settleOwn(state, events) {
  if (!state.me || state.outbox.length === 0) return state;
  const own = events.filter((event) => event.cid && event.user?.id === state.me.id);
  const outbox = without(state.outbox, new Set(own.map((event) => event.cid)));
  return outbox === state.outbox ? state : { ...state, outbox, setbacks: 0 };
}

export function answered(state, id) {
  const { [id]: _, ...requests } = state.requests;
  return { ...state, requests };
}

export function withRoom(state, room) {
  return { ...state, rooms: { ...state.rooms, [room.id]: room } };
}
