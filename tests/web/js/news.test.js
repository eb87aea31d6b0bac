import { emptyLog, takeHead, takeLive, takeSync } from '/js/store/log.js';
import { news, toldSoFar } from '/js/store/news.js';
import { newRoom } from '/js/store/room.js';
import { equal, ok, suite } from './harness.js';

const test = suite(import.meta.url);
const ME = { id: 'g-me', name: 'Me' };
const BO = { id: 'g-bo', name: 'Bo' };

const event = (seq, user = BO) => ({ type: 'message', seq, n: seq, ts: seq, user, text: `m${seq}` });
const events = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i));
const sync = (log, from, to, more = {}) => (
  takeSync(log, { epoch: 'e', events: events(from, to), from, to, head: to, more: false, reset: false, ...more }, 0)
);
const room = (log, id = 'general') => newRoom(id, { log });
const seqs = (found) => found.map(({ seq }) => seq);

test('the first page is no news, what comes after it is', () => {
  equal(toldSoFar(room(emptyLog())), null);
  equal(seqs(news(room(sync(emptyLog(), 1, 3)), null, ME)), []);
  const told = toldSoFar(room(sync(emptyLog(), 1, 3)));
  equal(seqs(news(room(takeLive(sync(emptyLog(), 1, 3), [event(4)], 0)), told, ME)), [4]);
});

test('what was missed is told when it comes, though its number was known before', () => {
  const before = sync(emptyLog(), 1, 3);
  const welcomed = room(takeHead(before, { epoch: 'e', head: 6, headN: 6 }));
  equal(seqs(news(welcomed, toldSoFar(room(before)), ME)), []);
  equal(seqs(news(room(sync(welcomed.log, 4, 6)), toldSoFar(welcomed), ME)), [4, 5, 6]);
});

test('a message that overtook others is told after them, once', () => {
  const before = sync(emptyLog(), 1, 3);
  const torn = room(takeLive(before, [event(5)], 0));
  equal(seqs(news(torn, toldSoFar(room(before)), ME)), []);
  const whole = room(takeLive(torn.log, [event(4)], 0));
  equal(seqs(news(whole, toldSoFar(torn), ME)), [4, 5]);
  equal(seqs(news(whole, toldSoFar(whole), ME)), []);
});

test('my own words, another room and another log are no news', () => {
  const before = room(sync(emptyLog(), 1, 3));
  const told = toldSoFar(before);
  equal(seqs(news(room(takeLive(before.log, [event(4, ME)], 0)), told, ME)), []);
  equal(seqs(news(room(sync(emptyLog(), 1, 9), 'tea'), told, ME)), []);
  const restarted = room(sync(before.log, 1, 9, { epoch: 'f', reset: true }));
  ok(restarted.log.epoch === 'f', 'the log began anew');
  equal(seqs(news(restarted, told, ME)), []);
});
