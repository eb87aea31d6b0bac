/**
 * What was done and is not yet known to be stored: messages, edits, deletions, reactions. Pure. An entry:
 *   {cid, room, kind, text, target, emoji, op, replyTo, called, fields, at, base, state, tried, code, after}
 * kind    'send' | 'edit' | 'delete' | 'react', target: the number of the message that the last three are about
 *         'room': `fields` of the room are to be others
 * called  the ids of those whom somebody chose by name, where a name alone may mean several
 * state   queued: wants to be sent · sending: on its way · failed: needs the writer's decision
 * base    the log was looked through for this cid up to here before the first attempt; null before that
 * tried   ms, when it was last sent
 * after   ms before which it stays here (a deletion that may be taken back), or 0
 *
 * A cid is never replaced: a second attempt is recognised by the server, whatever became of the first.
 */
import { runStart } from './log.js';

export function entry(cid, room, text, at, fields = {}) {
  return {
    cid, room, text, at, kind: 'send', target: null, emoji: null, op: null, replyTo: null, after: 0,
    base: null, state: 'queued', tried: null, code: null, ...fields,
  };
}

/**
 * The `seen` to send with: up to here every event was examined for this cid.
 * If the run we hold reaches back to `base`, that is everything up to now; after a reload it may not, and only the
 * `base` of the first attempt is safe. Without this rule a reload can store a message twice.
 */
export function seenFor(item, log) {
  if (item.base === null || item.base >= runStart(log) - 1) return log.seen;
  return item.base;
}

/** The first entry of each room that may go out now: one at a time, so that a writer's order is kept. */
export function sendable(outbox, now) {
  const rooms = new Set();
  return outbox.filter((item) => {
    if (item.state === 'failed' || item.after > now || rooms.has(item.room)) return false;
    rooms.add(item.room);
    return item.state === 'queued';
  });
}

export function attempted(outbox, cid, seen, now) {
  return change(outbox, cid, { state: 'sending', base: seen, tried: now, code: null });
}

export function failed(outbox, cid, code) {
  return change(outbox, cid, { state: 'failed', code });
}

export function queued(outbox, cid) {
  return change(outbox, cid, { state: 'queued', code: null });
}

export function without(outbox, cids) {
  return outbox.some((item) => cids.has(item.cid)) ? outbox.filter((item) => !cids.has(item.cid)) : outbox;
}

/** Whatever was under way when a socket died is to be sent again, with the same cid. */
export function requeued(outbox, before = Infinity) {
  const again = (item) => item.state === 'sending' && item.tried < before;
  return outbox.some(again) ? outbox.map((item) => (again(item) ? { ...item, state: 'queued' } : item)) : outbox;
}

/** The room's log was replaced by another: what was examined of the old one says nothing about the new one. */
export function rebased(outbox, room) {
  return outbox.map((item) => (item.room === room ? { ...item, base: null } : item));
}

function change(outbox, cid, fields) {
  return outbox.map((item) => (item.cid === cid ? { ...item, ...fields } : item));
}
