/**
 * One room's log as far as this page holds it. Pure: every function returns a new log.
 *
 * `seq` numbers have no holes on the server, so a hole here is something we missed. Two sets tell what we hold:
 *   covered  every *message* of these numbers is here (pages of history hold messages only)
 *   exact    every *event* of these numbers passed through here (live events and sync)
 * `seen` is the end of the run the page follows: everything up to it was taken or deliberately left as a gap.
 * `late` keeps edits, deletions and reactions of messages that are not here (yet), by the message's number.
 * null means that nothing is known of the room yet.
 */
import { affected, EFFECTS, isNewer } from './effects.js';
import { Messages } from './messages.js';
import { add, around, holes } from './ranges.js';

export const HOLE_PATIENCE = 1000; // ms an event may run ahead of its predecessors before we ask for them
export const FAR_BEHIND = 500; // more missing events than this: newest page first, the rest stays an explicit gap

export function emptyLog() {
  return {
    epoch: null, messages: new Messages(), late: new Map(), covered: [], exact: [],
    seen: null, head: 0, headN: 0, floor: 1, holeSince: null,
  };
}

/** Events as they come over the socket: any order, any number of times. */
export function takeLive(log, events, now) {
  let exact = log.exact;
  let covered = log.covered;
  for (const { seq } of events) {
    exact = add(exact, seq, seq);
    covered = add(covered, seq, seq);
  }
  return settle({ ...log, ...held(log, events), exact, covered }, now);
}

/**
 * A `sync`: every event of `from`..`to`. One that starts beyond `seen + 1` is the newest page, sent because we were far
 * behind: the page follows it, and what lies between stays an explicit gap.
 */
export function takeSync(log, frame, now) {
  const base = restartIfReset(log, frame);
  const seen = Math.max(base.seen ?? 0, frame.from - 1);
  return settle({
    ...base,
    ...held(base, frame.events),
    epoch: frame.epoch ?? base.epoch,
    seen,
    head: Math.max(base.head, frame.head ?? 0),
    exact: add(base.exact, frame.from, frame.to),
    covered: add(base.covered, frame.from, frame.to),
  }, now);
}

function restartIfReset(log, frame) {
  const other = frame.epoch && log.epoch && frame.epoch !== log.epoch;
  return frame.reset || other ? { ...emptyLog(), epoch: frame.epoch ?? null } : log;
}

/** A page of messages below `before`. */
export function takeHistory(log, frame, before, now) {
  const first = frame.events[0]?.seq;
  const floor = Math.max(log.floor, frame.floor ?? 1);
  const from = frame.more && first !== undefined ? first : Math.min(floor, before);
  return settle({ ...log, ...held(log, frame.events), floor, covered: add(log.covered, from, before - 1) }, now);
}

/** What `welcome`, `joined` and `pong` say about the room's end. Another epoch means another log: start over. */
export function takeHead(log, { epoch, head, headN, floor }) {
  const base = epoch && log.epoch && epoch !== log.epoch ? emptyLog() : log;
  return {
    ...base,
    epoch: epoch ?? base.epoch,
    head: Math.max(base.head, head ?? 0),
    headN: Math.max(base.headN, headN ?? 0),
    floor: Math.max(base.floor, floor ?? 1),
  };
}

function held(log, events) {
  let { messages, late, headN, head } = log;
  const changes = new Map();
  const known = (seq) => changes.get(seq) ?? messages.get(seq);
  for (const event of events) {
    head = Math.max(head, event.seq);
    headN = Math.max(headN, event.n ?? 0);
    const target = event.type === 'message' ? event.seq : event.target;
    const old = known(target);
    if (event.type === 'message') {
      if (!old || isNewer(old, event)) changes.set(target, (late.get(target) ?? []).reduce(affected, event));
    } else if (EFFECTS.has(event.type)) {
      if (old) changes.set(target, affected(old, event));
      else late = new Map(late).set(target, [...late.get(target) ?? [], event]);
    }
  }
  messages = messages.with([...changes.values()]);
  return { messages, late, headN, head };
}

function settle(log, now) {
  if (log.seen === null) return log;
  const seen = around(log.exact, log.seen + 1)?.[1] ?? log.seen;
  const torn = log.exact.some(([start]) => start > seen + 1);
  return { ...log, seen, holeSince: torn ? log.holeSince ?? now : null };
}

/** Start of the run of events that ends at `seen` and was looked through one by one. */
export function runStart(log) {
  return around(log.exact, log.seen)?.[0] ?? log.seen + 1;
}

/** Are there numbers we know of and do not hold behind `seen`? */
export function isBehind(log) {
  return log.seen !== null && log.head > log.seen;
}

/** Everything back to the first number the server still has is here. */
export function reachesTop(log) {
  if (log.seen === null) return false;
  return log.seen === 0 || (log.covered.length > 0 && log.covered[0][0] <= log.floor);
}

/** Ranges of numbers left out between the oldest message held and `seen`. */
export function gaps(log) {
  if (log.seen === null || log.covered.length === 0) return [];
  return holes(log.covered, log.covered[0][0], log.seen);
}
