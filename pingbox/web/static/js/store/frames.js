/**
 * What each frame of the server does to the state. Pure. Unknown types are left alone, so that a newer server can
 * speak to an older page; an unknown type with a `seq` still counts as an event of its room's log.
 */
import { holes } from './ranges.js';
import { takeHistory, takeLive, takeSync } from './log.js';
import { failed, queued, rebased, requeued, without } from './outbox.js';
import { takePresence, takeWho } from './people.js';
import { describe, isDirect, markBack, markRead, missing, newRoom, roomsOf } from './room.js';

const UNREAD_PAGE = 100; // messages to load from the first unread one on
export const TYPING_LASTS = 7000; // ms after which someone who was writing no longer is
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

const HANDLERS = { welcome, joined, left, sync, history, who, presence, typing, read, pong, ok, error, rooms };

function live(state, event, now) {
  const room = state.rooms[event.room] ?? approached(state, event);
  if (!room) return state;
  const next = withRoom(state, {
    ...room, ...retitled(room, event), log: takeLive(room.log, [event], now), typing: fellSilent(room.typing, event),
  });
  return settleOwn(ownRead(next, event.room, [event]), [event]);
}

/** Somebody writes to us alone for the first time: a room that we did not know, and enter. */
function approached(state, { room: id, n, seq, user }) {
  if (!isDirect(id) || !state.me || !id.split(':').includes(state.me.id)) return null;
  const peer = user.id === state.me.id ? otherOf(id, state) : { id: user.id, name: user.name };
  return newRoom(id, { peer, readN: n - 1, readSeq: seq - 1 });
}

/** Who has sent a message is not writing it any more. */
function fellSilent(typing, event) {
  if (event.type !== 'message' || !typing.has(event.user?.id)) return typing;
  const next = new Map(typing);
  next.delete(event.user.id);
  return next;
}

function retitled(room, event) {
  if (event.type !== 'room' || event.seq < room.log.head) return {};
  return { title: event.title ?? room.title, topic: event.topic ?? room.topic, closed: event.closed ?? false };
}

function welcome(state, frame, now) {
  let next = {
    ...state, me: frame.user, limits: { ...state.limits, ...frame.limits }, nameError: null, wishName: null,
    ahead: Number.isFinite(frame.now) ? frame.now - now : state.ahead,
    outbox: state.me && state.me.id !== frame.user.id ? inherited(state.outbox) : state.outbox,
  };
  const listed = new Set(frame.rooms.map((info) => info.room));
  for (const info of frame.rooms) next = described(next, info);
  for (const room of Object.values(next.rooms)) {
    if (!listed.has(room.id)) next = withRoom(next, { ...room, joined: false });
  }
  const focus = next.rooms[next.focus] ? next.focus : frame.rooms[0]?.room ?? next.focus;
  return wantUnread({ ...next, focus, toldFocus: focus }, focus);
}

function described(state, info) {
  const known = state.rooms[info.room] ?? newRoom(info.room);
  const room = describe(known, info, state.reads[info.room]);
  if (isDirect(room.id) && !room.peer) room.peer = otherOf(room.id, state);
  const next = withRoom(state, room);
  const replaced = known.log.epoch !== null && known.log.epoch !== room.log.epoch;
  return replaced ? { ...next, outbox: rebased(next.outbox, info.room) } : next;
}

/** We are somebody else now (the token was lost): what was written is sent anew, what was to change is no longer ours. */
function inherited(outbox) {
  return outbox.filter(({ kind }) => !kind || kind === 'send').map((item) => ({ ...item, base: null }));
}

/** The other person of a direct message, by the room's id; the name as far as it was heard anywhere. */
function otherOf(id, { me, rooms, direct }) {
  const other = id.split(':').slice(1).find((each) => each !== me?.id) ?? id;
  const heard = Object.values(rooms).map((room) => room.people.get(other)).find(Boolean) ?? (direct?.id === other ? direct : null);
  return { id: other, name: heard?.name ?? '' };
}

/** Entered at the first unread message: if that is not here, ask for what follows it. */
export function wantUnread(state, id) {
  const room = state.rooms[id];
  if (!room?.joined || room.dividerSeq === null || missing(room) || room.log.epoch === null) return state;
  const from = room.dividerSeq + 1;
  if (from > room.log.head || from < room.log.floor || holes(room.log.covered, from, from).length === 0) return state;
  return withRoom(state, { ...room, fill: { from, to: Math.min(room.log.head, from + UNREAD_PAGE), exact: false, forced: false } });
}

function joined(state, frame, now, request) {
  let next = described(state, frame.room);
  const id = frame.room.room;
  if (request?.kind === 'direct') {
    const room = next.rooms[id];
    next = withRoom({ ...next, focus: id }, { ...room, peer: room.peer?.name ? room.peer : { id: request.user.id, name: request.user.name } });
  }
  if (request?.kind === 'join' || request?.kind === 'create' || request?.kind === 'direct') next = { ...next, toldFocus: id };
  next = wantUnread(next, id);
  if (frame.who) next = who(next, { room: id, users: frame.who, recent: frame.recent, count: frame.room.online }, now);
  return frame.sync ? sync(next, { room: id, ...frame.sync }, now) : next;
}

function sync(state, frame, now) {
  const room = state.rooms[frame.room];
  if (!room) return state;
  const fill = frame.reset || !room.fill ? null : { ...room.fill, forced: false };
  const next = withRoom(state, { ...room, fill, log: takeSync(room.log, frame, now) });
  const settled = settleOwn(ownRead(next, frame.room, frame.events), frame.events);
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
  const people = takeWho(room.people, frame.users, now + state.ahead, frame.recent);
  return withRoom(state, { ...room, people, online: frame.count ?? frame.users.length, whoFresh: true });
}

function presence(state, frame, now) {
  const room = state.rooms[frame.room];
  if (!room) return state;
  const people = takePresence(room.people, frame, now + state.ahead);
  return withRoom(state, { ...room, people, online: frame.online ?? room.online });
}

function typing(state, { room: id, user }, now) {
  const room = state.rooms[id];
  if (!room || !user || user.id === state.me?.id) return state;
  const until = now + state.ahead + TYPING_LASTS;
  return withRoom(state, { ...room, typing: new Map(room.typing).set(user.id, { name: user.name, until }) });
}

/** Another tab or device of ours read on. */
function read(state, { room: id, n, seq }) {
  const room = state.rooms[id];
  if (!room || !Number.isInteger(n) || !Number.isInteger(seq)) return state;
  if (seq < room.told) return withRoom(state, room.held ? room : markBack(room, { n, seq })); // only `back` makes it less
  if (room.held) return state;
  return withRoom(state, { ...markRead(room, { n, seq }), told: Math.max(room.told, seq) });
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
  if (SIGNALS.has(request?.kind) && frame.retry) return next; // lost, like any signal may be
  if (frame.retry) return postponed(next, frame, now, request);
  const cid = request?.kind === 'send' || !request ? frame.cid ?? request?.cid : null;
  if (cid) return refusedSend(next, cid, frame, now);
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

function refusedSend(state, cid, frame, now) {
  const item = state.outbox.find((each) => each.cid === cid);
  const room = item && state.rooms[item.room];
  if (frame.code === 'not_joined' && room) {
    return withRoom({ ...state, outbox: queued(state.outbox, cid) }, { ...room, joined: false });
  }
  if (item && item.kind !== 'send' && item.kind !== 'edit') {
    return { ...state, outbox: without(state.outbox, new Set([cid])), notice: { code: frame.code, at: now } };
  }
  return { ...state, outbox: failed(state.outbox, cid, frame.code) };
}

const REFUSALS = {
  hello: refusedHello, join: refusedJoin, create: refusedCreate, leave: left, history: dropPage, sync: dropFill,
  focus: unanswered, typing: unanswered, read: unanswered,
};

const SIGNALS = new Set(['focus', 'typing', 'read']);

/** A signal that the server does not know is not sent again; that one got lost is no news. */
function unanswered(state, { code }, request) {
  const action = { focus: 'focus', typing: 'typing', read: 'markRead' }[request.kind];
  return code === 'unknown_action' ? { ...state, unknown: [...state.unknown, action] } : state;
}

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

/** What I wrote myself is read, if everything before it is. */
function ownRead(state, id, events) {
  const before = state.rooms[id];
  const mine = (event) => event.type === 'message' && event.user?.id === state.me?.id;
  const room = events.reduce((each, event) => (mine(event) && event.n === each.readN + 1 ? markRead(each, event) : each), before);
  return room === before ? state : withRoom(state, room);
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
  return { ...state, rooms: roomsOf([...Object.values(state.rooms), room]) };
}
