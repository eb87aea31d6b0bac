/** One room as the page knows it: its log, who is there, how far it was read, what is wanted of the server. Pure. */
import { emptyLog, takeHead } from './log.js';
import { takeOther } from './people.js';
import { holes } from './ranges.js';

export function newRoom(id, fields = {}) {
  return {
    id, title: '', topic: '', log: emptyLog(),
    joined: false, create: null, error: null, // create: {title, topic} to start it with if there is none
    people: new Map(), online: null, members: null, whoFresh: false, typing: new Map(), // typing: id → {name, until}
    peer: null, last: null, owner: null, closed: false, // peer: the other one of a direct message; last: the newest message, in short
    readN: null, readSeq: null, told: 0, toldAt: 0, // told: the number that the server knows as read
    held: false, // marked unread by hand: looking at it does not count as reading
    divider: null, dividerSeq: null, // the "new" line stands before the first message with a greater n
    wantPage: null, // history below this number
    fill: null, // {from, to, exact, forced}: a stretch of the log to be loaded
    ...fields,
  };
}

/** Rooms by id. No prototype: a room may be called `constructor`. */
export function roomsOf(rooms) {
  const byId = Object.create(null);
  for (const room of rooms) byId[room.id] = room;
  return byId;
}

export function isDirect(id) {
  return id.startsWith('dm:');
}

/**
 * What the server says about a room in `welcome` and `joined`. `remembered` {epoch, n, seq} is how far this browser had read
 * it; the server knows the same of all browsers of this person. A room entered for the first time counts as read.
 */
export function describe(room, info, remembered) {
  const log = takeHead(room.log, info);
  const otherLog = room.log.epoch !== null && room.log.epoch !== log.epoch;
  const marks = [{ n: info.readN ?? null, seq: info.read ?? null }];
  if (remembered?.epoch === log.epoch) marks.push({ n: remembered.n, seq: remembered.seq ?? null });
  if (!otherLog && room.readN !== null) marks.push({ n: room.readN, seq: room.readSeq });
  const known = marks.filter(({ n }) => n !== null).sort((a, b) => b.n - a.n)[0];
  const { n, seq } = known ?? { n: log.headN, seq: log.head };
  const missed = log.headN > n;
  const divided = !otherLog && room.divider !== null;
  return {
    ...room,
    title: info.title ?? room.title,
    topic: info.topic ?? room.topic,
    online: info.online ?? room.online,
    members: info.members ?? room.members,
    owner: info.createdBy ?? room.owner,
    closed: info.closed ?? false,
    peer: info.other ? { id: info.other.id, name: info.other.name || room.peer?.name || '' } : room.peer,
    people: info.other ? takeOther(room.people, info.other) : room.people,
    last: info.last ?? room.last,
    log, joined: true, error: null, create: null,
    readN: n, readSeq: seq, told: Math.max(info.read ?? (known ? 0 : log.head), otherLog ? 0 : room.told),
    divider: divided ? room.divider : missed ? n : null,
    dividerSeq: divided ? room.dividerSeq : missed ? seq : null,
  };
}

/** The first stretch still to be loaded of what the reader (or an old outbox entry) asked for. */
export function missing({ fill, log }) {
  if (!fill || log.seen === null) return null;
  if (fill.forced) return [fill.from, fill.from];
  return holes(fill.exact ? log.exact : log.covered, fill.from, fill.to ?? log.seen)[0] ?? null;
}

export function unread(room) {
  return room.readN === null ? 0 : Math.max(0, room.log.headN - room.readN);
}

/** Read up to the message `n` of number `seq`; left out, to the end. */
export function markRead(room, { n, seq } = { n: room.log.headN, seq: room.log.head }) {
  return room.readN === null || n <= room.readN ? room : { ...room, readN: n, readSeq: seq };
}

/** Another device of ours marked the room unread from here on. */
export function markBack(room, { n, seq }) {
  return { ...room, readN: n, readSeq: seq, told: seq, divider: n, dividerSeq: seq, held: true };
}

/** Everything from message `n` of number `seq` on is to be new again, until the room is entered anew. */
export function markUnread(room, { n, seq }) {
  return { ...room, readN: n - 1, readSeq: seq - 1, divider: n - 1, dividerSeq: seq - 1, held: true };
}

/** The reader looks away: what comes from now on is new to them. */
export function markAway(room) {
  if (room.readN === null || room.divider === room.readN) return room;
  return { ...room, divider: room.readN, dividerSeq: room.readSeq };
}

/** Is there no way in? (A room that is being started has an error too, but only until it exists.) */
export function isRefused(room) {
  return room.error !== null && room.error !== 'creating';
}

/** The name shown: a title where there is one; of a direct message, the other person. */
export function label(room) {
  return room.peer?.name || room.title || room.id;
}

/** The name as it stands in a sentence: #general, Bo. */
export function sign(room) {
  return isDirect(room.id) ? label(room) : `#${label(room)}`;
}

/** The newest message held: what the list of rooms shows of it. */
export function newest(room) {
  const event = room.log.messages.last;
  if (event && !(room.last && room.last.ts > event.ts)) {
    return { name: event.user.name, id: event.user.id, text: event.deleted ? '' : event.text, ts: event.ts, deleted: event.deleted ?? false };
  }
  if (!room.last) return null;
  const { user, text = '', ts, deleted = false } = room.last;
  return { name: user?.name ?? '', id: user?.id ?? '', text, ts, deleted };
}

/** Messages that are unread and name `me`, as far as they are here. */
export function mentionsOf(room, me) {
  if (!me || unread(room) === 0) return 0;
  let count = 0;
  for (const event of room.log.messages.before()) {
    if (event.n <= room.readN) break;
    if (event.mentions?.includes(me.id)) count += 1;
  }
  return count;
}
