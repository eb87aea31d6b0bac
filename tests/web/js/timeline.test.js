import { emptyLog, takeHistory, takeSync } from '/js/store/log.js';
import { entry } from '/js/store/outbox.js';
import { newRoom } from '/js/store/room.js';
import { timeline } from '/js/store/timeline.js';
import { equal, suite } from './harness.js';

const test = suite(import.meta.url);
const ME = { id: 'g-me', name: 'Me' };
const BO = { id: 'g-bo', name: 'Bo' };
const NOON = new Date(2026, 10, 22, 12, 0, 0).getTime();

function room(messages, fields = {}) {
  const events = messages.map(([seq, user, minutes, cid]) => (
    { type: 'message', seq, n: seq, ts: NOON + minutes * 60_000, user, text: `m${seq}`, cid }
  ));
  const [from, to] = [events[0]?.seq ?? 1, events.at(-1)?.seq ?? 0];
  const log = takeSync(emptyLog(), { epoch: 'e', events, from, to, head: to, more: false, reset: false }, 0);
  return newRoom('general', { log, joined: true, ...fields });
}

const kinds = (items) => items.map((item) => (item.kind === 'message' ? `${item.text}${item.head ? ' +' : ''}` : item.kind));

test('messages of one author within five minutes stand under one name', () => {
  const items = timeline(room([[1, BO, 0], [2, BO, 4], [3, BO, 10], [4, ME, 11], [5, BO, 11]]), [], ME);
  equal(kinds(items), ['day', 'm1 +', 'm2', 'm3 +', 'm4 +', 'm5 +']);
});

test('each day has its line', () => {
  equal(kinds(timeline(room([[1, BO, 0], [2, BO, 60 * 24], [3, BO, 60 * 24 + 1]]), [], ME)), ['day', 'm1 +', 'day', 'm2 +', 'm3']);
});

test('the new line stands before the first unread message, once, and splits a group', () => {
  equal(kinds(timeline(room([[1, BO, 0], [2, BO, 1], [3, BO, 2]], { divider: 1 }), [], ME)), ['day', 'm1 +', 'new', 'm2 +', 'm3']);
  equal(kinds(timeline(room([[1, BO, 0]], { divider: 1 }), [], ME)), ['day', 'm1 +'], 'nothing is unread');
  equal(kinds(timeline(room([[1, BO, 0], [2, ME, 1]], { divider: 1 }), [], ME)), ['day', 'm1 +', 'm2 +'], 'my own is no news');
});

test('a gap tells exactly how many messages are missing', () => {
  const far = room([[1, BO, 0], [2, BO, 1]]);
  const log = takeSync(far.log, {
    epoch: 'e', from: 700, to: 701, head: 701, more: false, reset: false,
    events: [700, 701].map((seq) => ({ type: 'message', seq, n: seq - 30, ts: NOON + 3_600_000, user: BO, text: `m${seq}` })),
  }, 0);
  const items = timeline({ ...far, log }, [], ME);
  equal(kinds(items), ['day', 'm1 +', 'm2', 'gap', 'm700 +', 'm701']);
  equal(items[3], { kind: 'gap', key: 'gap:3', from: 3, to: 699, count: 667 }, '30 of the 697 events are no messages');
});

test('numbers that are no messages make no gap', () => {
  const base = room([[5, BO, 1]]);
  const log = takeHistory(base.log, { events: [{ type: 'message', seq: 2, n: 4, ts: NOON, user: BO, text: 'm2' }], more: true, floor: 1 }, 5, 0);
  equal(kinds(timeline({ ...base, log }, [], ME)), ['day', 'm2 +', 'm5']);
});

test('a pending message is last, and keeps its key when it is confirmed', () => {
  const pending = timeline(room([[1, BO, 0]]), [entry('c1', 'general', 'hi', NOON), entry('c2', 'random', 'no', NOON)], ME);
  equal(kinds(pending), ['day', 'm1 +', 'hi +']);
  const settled = timeline(room([[1, BO, 0], [2, ME, 0, 'c1']]), [], ME);
  equal([pending.at(-1).key, settled.at(-1).key], ['c:c1', 'c:c1']);
  equal([pending.at(-1).state, settled.at(-1).state], ['queued', 'sent']);
});

test('somebody else cannot take the place of my message by using its cid', () => {
  equal(timeline(room([[1, BO, 0, 'c1']]), [], ME).at(-1).key, 's:1');
});
