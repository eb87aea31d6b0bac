import { emptyLog, takeLive, takeSync } from '/js/store/log.js';
import { attempted, entry, rebased, requeued, seenFor, sendable, without } from '/js/store/outbox.js';
import { equal, suite } from './harness.js';

const test = suite(import.meta.url);
const message = (seq) => ({ type: 'message', room: 'general', seq, n: seq, ts: 1, user: { id: 'b', name: 'B' }, text: '' });

function held(from, to) {
  const events = Array.from({ length: to - from + 1 }, (_, i) => message(from + i));
  return takeSync(emptyLog(), { epoch: 'e', events, from, to, head: to, more: false, reset: false }, 0);
}

test('the first attempt says how far the page has read', () => {
  equal(seenFor(entry('c', 'general', 'hi', 0), held(1, 57)), 57);
});

test('a later attempt says the newest number if the page held everything since the first', () => {
  const [item] = attempted([entry('c', 'general', 'hi', 0)], 'c', 57, 0);
  equal(seenFor(item, takeLive(held(1, 57), [message(58), message(59)], 0)), 59);
});

test('after a reload that brought only the newest page, the base of the first attempt is all that is safe', () => {
  const [item] = attempted([entry('c', 'general', 'hi', 0)], 'c', 57, 0);
  equal(seenFor(item, held(101, 150)), 57);
  equal(seenFor(item, held(59, 150)), 57, 'number 58 was never looked at');
  equal(seenFor(item, held(58, 150)), 150, 'everything after the base was looked at');
});

test('one message of a room at a time, and a failed one does not hold up the others', () => {
  let outbox = ['a', 'b', 'c'].map((cid) => entry(cid, 'general', cid, 0));
  outbox.push(entry('d', 'random', 'd', 0));
  equal(sendable(outbox).map(({ cid }) => cid), ['a', 'd']);
  outbox = attempted(outbox, 'a', 1, 0);
  equal(sendable(outbox).map(({ cid }) => cid), ['d'], 'a is under way');
  outbox = outbox.map((item) => (item.cid === 'a' ? { ...item, state: 'failed' } : item));
  equal(sendable(outbox).map(({ cid }) => cid), ['b', 'd']);
});

test('what was under way when the socket died is sent again under the same cid and base', () => {
  const outbox = requeued(attempted([entry('a', 'general', 'hi', 0)], 'a', 57, 5));
  equal(outbox.map(({ cid, base, state }) => [cid, base, state]), [['a', 57, 'queued']]);
});

test('another log makes the base worthless, in its room only', () => {
  let outbox = attempted([entry('a', 'general', '', 0), entry('b', 'random', '', 0)], 'a', 57, 0);
  outbox = attempted(outbox, 'b', 9, 0);
  equal(rebased(outbox, 'general').map(({ base }) => base), [null, 9]);
});

test('settling what is not there changes nothing', () => {
  const outbox = [entry('a', 'general', '', 0)];
  equal(without(outbox, new Set(['x'])) === outbox, true);
  equal(without(outbox, new Set(['a'])), []);
});
