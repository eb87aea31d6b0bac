/**
 * What the page should ask of the server now. Pure: `duties(state, now)` gives {asks, at}.
 *   asks  [{request, frame}], to be sent at once and noted with the action `asked`
 *   at    ms when to look again even if nothing happens, or null
 */
import { FAR_BEHIND, HOLE_PATIENCE, isBehind } from './log.js';
import { seenFor, sendable } from './outbox.js';
import { missing } from './room.js';

export const PAGE = 50; // messages per page of history
export const ANSWER_WITHIN = 12_000; // ms after which a question counts as lost
export const READ_EVERY = 5000; // ms between two frames that tell the server how far a room was read
const DIRECTORY_PAGE = 100;

export function duties(state, now) {
  if (state.link.phase !== 'online') return { asks: [], at: null };
  if (now < state.quietUntil) return { asks: [], at: state.quietUntil };
  const asks = [
    ...helloAsks(state),
    ...state.leaving.filter((room) => !pending(state, 'leave', room)).map(leaveAsk),
    ...Object.values(state.rooms).flatMap((room) => roomAsks(state, room, now)),
    ...sendAsks(state, now),
    ...directAsks(state),
    ...state.wishes.map((wish) => ({ request: { ...wish.request, wish }, frame: wish.frame })),
    ...signalAsks(state, now),
  ].filter(({ frame }) => !state.unknown.includes(frame.action));
  return { asks, at: nextLook(state, now) };
}

/** Requests so old that their answer must have got lost. */
export function overdue(state, now) {
  return Object.keys(state.requests).filter((id) => now - state.requests[id].at >= ANSWER_WITHIN);
}

function roomAsks(state, room, now) {
  if (!room.joined) return entryAsks(state, room);
  const asks = [logAsk(state, room, now)];
  if (room.wantPage !== null && !pending(state, 'history', room.id)) asks.push(pageAsk(room));
  if (room.id === state.focus && !room.whoFresh && !pending(state, 'who', room.id)) asks.push(whoAsk(room));
  return asks.filter(Boolean);
}

function entryAsks(state, room) {
  if (pending(state, 'join', room.id) || pending(state, 'create', room.id)) return [];
  if (room.error === 'creating') return [createAsk(room)];
  return room.error ? [] : [joinAsk(room)];
}

function logAsk(state, room, now) {
  const { log } = room;
  if (pending(state, 'sync', room.id)) return null;
  if (log.seen === null) return newestAsk(room);
  if (isBehind(log)) {
    if (log.holeSince !== null && now < log.holeSince + HOLE_PATIENCE) return null;
    return log.head - log.seen > FAR_BEHIND ? newestAsk(room) : syncAsk(room, log.seen);
  }
  const hole = missing(room);
  return hole ? syncAsk(room, hole[0] - 1) : null;
}

function sendAsks(state, now) {
  return sendable(state.outbox, now).filter(({ room }) => mayWrite(state, room)).map((item) => ({
    request: { kind: 'send', room: item.room, cid: item.cid },
    frame: { ...CHANGES[item.kind ?? 'send'](item), room: item.room, cid: item.cid, seen: seenFor(item, state.rooms[item.room].log) },
  }));
}

const CHANGES = {
  send: ({ text, replyTo, called }) => ({ action: 'sendMessage', text, ...(replyTo ? { replyTo } : {}), ...naming(called) }),
  edit: ({ target, text, called }) => ({ action: 'editMessage', target, text, ...naming(called) }),
  delete: ({ target }) => ({ action: 'deleteMessage', target }),
  react: ({ target, emoji, op }) => ({ action: 'react', target, emoji, op }),
  room: ({ fields }) => ({ action: 'updateRoom', ...fields }),
};

/** Who is meant by the names in the text, where somebody chose them. */
function naming(called) {
  return called?.length ? { mentions: called } : {};
}

/** Nobody waits for an answer to these: where we are, that we write, how far we read. */
function signalAsks(state, now) {
  const { focus, toldFocus, typing, rooms } = state;
  const asks = [];
  if (focus !== toldFocus && rooms[focus]?.joined) asks.push({ request: { kind: 'focus', room: focus }, frame: { action: 'focus', room: focus } });
  if (typing.at && rooms[typing.room]?.joined) asks.push({ request: { kind: 'typing', room: typing.room }, frame: { action: 'typing', room: typing.room } });
  for (const room of Object.values(rooms)) {
    if (!untold(room) || now < room.toldAt + READ_EVERY) continue;
    const { id, readSeq: seq, told } = room;
    const back = seq < told ? { back: true } : {};
    asks.push({ request: { kind: 'read', room: id, seq }, frame: { action: 'markRead', room: id, seq, ...back } });
  }
  return asks;
}

/** Is there something read that the server (and with it our other devices) does not know of? */
function untold(room) {
  return room.joined && room.readSeq !== null && (room.readSeq > room.told || (room.held && room.readSeq < room.told));
}

function directAsks({ direct }) {
  return direct ? [{ request: { kind: 'direct', room: null, user: direct }, frame: { action: 'openDm', user: direct.id } }] : [];
}

/** First know what is in the room: an echo may be among it. */
function mayWrite(state, id) {
  const room = state.rooms[id];
  if (!room?.joined || room.log.seen === null || pending(state, 'sync', id)) return false;
  return !(isBehind(room.log) && room.log.holeSince === null) && !(room.fill?.exact && missing(room));
}

/** A sync from nowhere is answered by the newest page. */
function newestAsk({ id }) {
  return { request: { kind: 'sync', room: id }, frame: { action: 'sync', room: id } };
}

function syncAsk({ id, log }, after) {
  return { request: { kind: 'sync', room: id }, frame: { action: 'sync', room: id, epoch: log.epoch, after } };
}

/** Another name: hello may be said again on a living connection. */
function helloAsks(state) {
  if (state.wishName === null || pending(state, 'hello', null)) return [];
  return [{ request: { kind: 'hello', room: null }, frame: helloFrame(state, state.wishName) }];
}

function pageAsk({ id, wantPage }) {
  return {
    request: { kind: 'history', room: id, before: wantPage },
    frame: { action: 'history', room: id, before: wantPage, limit: PAGE },
  };
}

function joinAsk({ id, log }) {
  const position = log.seen === null ? {} : { epoch: log.epoch, seen: log.seen };
  return { request: { kind: 'join', room: id }, frame: { action: 'joinRoom', room: id, ...position } };
}

function createAsk({ id, create }) {
  return { request: { kind: 'create', room: id }, frame: { action: 'createRoom', room: id, ...create } };
}

function leaveAsk(room) {
  return { request: { kind: 'leave', room }, frame: { action: 'leaveRoom', room } };
}

function whoAsk({ id }) {
  return { request: { kind: 'who', room: id }, frame: { action: 'who', room: id } };
}

/** The list of rooms there are, from `after` on; asked for when a reader looks for one. */
export function directoryAsk(after = null) {
  const frame = { action: 'listRooms', limit: DIRECTORY_PAGE };
  if (after) frame.after = after;
  return { request: { kind: 'rooms', after }, frame };
}

export function helloFrame(state, name) {
  const rooms = Object.values(state.rooms).map(({ id, log }) => (
    log.seen === null ? { room: id } : { room: id, epoch: log.epoch, seen: log.seen }
  ));
  const frame = { action: 'hello', v: 1, name };
  if (rooms.length) frame.rooms = rooms;
  if (state.focus) frame.focus = state.focus;
  return frame;
}

/** How far the page is in every room, for `ping`. */
export function positions(state) {
  const joined = Object.values(state.rooms).filter((room) => room.joined && room.log.seen !== null);
  return Object.fromEntries(joined.map((room) => [room.id, room.log.seen]));
}

/** ms when the oldest send without an echo went out, or null. */
export function oldestUnechoed(state) {
  const times = state.outbox.filter((item) => item.state === 'sending').map((item) => item.tried);
  return times.length ? Math.min(...times) : null;
}

function pending(state, kind, room) {
  return Object.values(state.requests).some((request) => request.kind === kind && request.room === room);
}

function nextLook(state, now) {
  const times = [
    ...Object.values(state.rooms).map((room) => room.log.holeSince).filter((t) => t !== null).map((t) => t + HOLE_PATIENCE),
    ...Object.values(state.requests).map((request) => request.at + ANSWER_WITHIN),
    ...Object.values(state.rooms).filter(untold).map((room) => room.toldAt + READ_EVERY),
    ...state.outbox.map((item) => item.after),
  ].filter((time) => time > now);
  return times.length ? Math.min(...times) : null;
}
