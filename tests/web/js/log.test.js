import { emptyLog, gaps, isBehind, reachesTop, runStart, takeHead, takeHistory, takeLive, takeSync } from '/js/store/log.js';
import { equal, ok, seeded, shuffled, suite } from './harness.js';

const test = suite(import.meta.url);

function message(seq, n = seq) {
  return { type: 'message', room: 'general', seq, n, ts: seq * 1000, user: { id: 'g-bo', name: 'Bo' }, text: `m${seq}` };
}

function sync(from, to, head = to, rest = {}) {
  const events = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i));
  return { type: 'sync', room: 'general', epoch: 'e', events, from, to, head, more: to < head, reset: false, ...rest };
}

const numbers = (log) => [...log.messages.keys()].sort((a, b) => a - b);

test('nothing is known of a room before its first page', () => {
  equal(emptyLog().seen, null);
  ok(!isBehind(takeHead(emptyLog(), { epoch: 'e', head: 9 })), 'not behind: the first page is asked for anyway');
});

test('the first sync of an empty room gives seen 0 and the top', () => {
  const log = takeSync(emptyLog(), sync(1, 0), 0);
  equal([log.seen, log.head, reachesTop(log)], [0, 0, true]);
});

test('seen is the end of the contiguous run, never the highest number', () => {
  let log = takeSync(emptyLog(), sync(1, 3), 0);
  log = takeLive(log, [message(5)], 100);
  equal([log.seen, log.head, log.holeSince], [3, 5, 100]);
  ok(isBehind(log), 'the missing one is known to be missing');
  log = takeLive(log, [message(4)], 200);
  equal([log.seen, log.holeSince], [5, null]);
});

test('a hole keeps the time at which it was first seen', () => {
  let log = takeSync(emptyLog(), sync(1, 3), 0);
  log = takeLive(log, [message(5)], 100);
  log = takeLive(log, [message(6)], 900);
  equal(log.holeSince, 100);
});

test('an event of a type we do not know still counts as held', () => {
  let log = takeSync(emptyLog(), sync(1, 3), 0);
  log = takeLive(log, [{ type: 'sticker', room: 'general', seq: 4, user: { id: 'x', name: 'X' } }], 0);
  equal([log.seen, numbers(log)], [4, [1, 2, 3]]);
});

test('a sync that starts beyond what we hold is the newest page, and leaves an explicit gap', () => {
  let log = takeSync(emptyLog(), sync(1, 40), 0);
  log = takeSync(log, sync(651, 700), 0);
  equal([log.seen, gaps(log), runStart(log)], [700, [[41, 650]], 651]);
});

test('pages of history fill a gap from below or above, until it is gone', () => {
  let log = takeSync(emptyLog(), sync(1, 40), 0);
  log = takeSync(log, sync(101, 150), 0);
  log = takeHistory(log, { events: [message(80), message(100)], more: true, floor: 1 }, 101, 0);
  equal(gaps(log), [[41, 79]], 'numbers without a message inside a page are covered too');
  log = takeSync(log, sync(41, 79), 0);
  equal(gaps(log), []);
});

test('history does not pretend that every event was looked through', () => {
  let log = takeSync(emptyLog(), sync(101, 150), 0);
  log = takeHistory(log, { events: [message(60)], more: true, floor: 1 }, 101, 0);
  equal([runStart(log), log.covered], [101, [[60, 150]]]);
});

test('the last page of history reaches the top', () => {
  let log = takeSync(emptyLog(), sync(3, 9), 0);
  ok(!reachesTop(log), 'not yet');
  log = takeHistory(log, { events: [message(2)], more: false, floor: 1 }, 3, 0);
  ok(reachesTop(log), 'nothing above');
});

test('reset throws the old log away', () => {
  let log = takeSync(emptyLog(), sync(1, 90), 0);
  log = takeSync(log, sync(1, 2, 2, { reset: true, epoch: 'other' }), 0);
  equal([log.seen, log.head, numbers(log), log.epoch], [2, 2, [1, 2], 'other']);
});

test('another epoch in welcome is another log', () => {
  const log = takeHead(takeSync(emptyLog(), sync(1, 90), 0), { epoch: 'other', head: 2 });
  equal([log.seen, log.head, numbers(log)], [null, 2, []]);
});

test('any order, any doubling, any mixture of live and sync ends in the same log', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seeded(seed);
    const length = 1 + Math.floor(random() * 30);
    let log = takeSync(emptyLog(), sync(1, Math.min(length, Math.floor(random() * 3))), 0);
    const steps = [];
    for (let seq = 1; seq <= length; seq += 1) {
      steps.push((now) => takeLive(log, [message(seq)], now));
      if (random() < 0.3) steps.push((now) => takeLive(log, [message(seq), message(Math.max(1, seq - 2))], now));
    }
    const cut = Math.floor(random() * length);
    steps.push((now) => takeSync(log, sync(1, cut, length), now), (now) => takeSync(log, sync(1, cut, length), now));
    shuffled(steps, random).forEach((step, time) => {
      log = step(time);
      const held = numbers(log);
      for (let seq = 1; seq <= log.seen; seq += 1) ok(held.includes(seq), `seed ${seed}: ${seq} is missing below seen`);
      equal(log.holeSince !== null, held.some((seq) => seq > log.seen), `seed ${seed}: holes are noticed`);
    });
    equal([log.seen, log.head, log.headN, log.holeSince, gaps(log)], [length, length, length, null, []], `seed ${seed}`);
    equal(numbers(log), Array.from({ length }, (_, i) => i + 1), `seed ${seed}`);
  }
});
