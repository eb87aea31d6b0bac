/** One room as the page knows it: its log, who is there, how far it was read, what is wanted of the server. Pure. */
import { emptyLog, takeHead } from './log.js';

export function newRoom(id, fields = {}) {
  return {
    id, title: '', topic: '', log: emptyLog(),
    joined: false, create: null, error: null,
    people: new Map(), online: null, whoFresh: false,
    readN: null, divider: null, // divider: the "new" line stands before the first message with a greater n
    wantPage: null, // history below this number
    fill: null, // {from, to, exact, forced}: a stretch of the log to be loaded
    ...fields,
  };
}

/**
 * What the server says about a room in `welcome` and `joined`. `remembered` {epoch, n} is how far this browser had read it.
 * A room never seen before counts as read: a newcomer has missed nothing.
 */
export function describe(room, info, remembered) {
  const log = takeHead(room.log, info);
  const otherLog = room.log.epoch !== null && room.log.epoch !== log.epoch;
  const known = otherLog ? null : room.readN ?? (remembered?.epoch === log.epoch ? remembered.n : null);
  return {
    ...room,
    title: info.title ?? room.title,
    topic: info.topic ?? room.topic,
    online: info.online ?? room.online,
    log, joined: true, error: null, create: null,
    readN: Math.max(info.readN ?? 0, known ?? (info.readN || log.headN)),
    divider: otherLog ? null : room.divider,
  };
}

export function unread(room) {
  return room.readN === null ? 0 : Math.max(0, room.log.headN - room.readN);
}

export function markRead(room) {
  return room.readN !== null && room.log.headN <= room.readN ? room : { ...room, readN: room.log.headN };
}

/** The reader looks away: what comes from now on is new to them. */
export function markAway(room) {
  return room.readN === null || room.divider === room.readN ? room : { ...room, divider: room.readN };
}

/** The name shown: a title where there is one. */
export function label(room) {
  return room.title || room.id;
}
