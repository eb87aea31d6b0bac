import { affected } from '/js/store/effects.js';
import { emptyLog, takeHistory, takeLive } from '/js/store/log.js';
import { Messages } from '/js/store/messages.js';
import { equal, ok, seeded, shuffled, suite } from './harness.js';

const test = suite(import.meta.url);
const BO = { id: 'g-bo', name: 'Bo' };
const message = (seq, rest = {}) => ({ type: 'message', seq, n: seq, ts: seq, user: BO, text: `m${seq}`, ...rest });
const seqs = (events) => [...events].map(({ seq }) => seq);

test('messages are a sorted map, whatever the order in which they come', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const wanted = Array.from({ length: 400 }, (_, i) => i + 1).filter(() => random() < 0.6);
    const set = shuffled(wanted, random).reduce((all, seq) => all.with([message(seq)]), new Messages());
    const from = Math.floor(random() * 420);
    equal([seqs(set.values()), set.size, set.last?.seq], [wanted, wanted.length, wanted.at(-1)], `seed ${seed}`);
    equal(seqs(set.from(from)), wanted.filter((seq) => seq >= from));
    equal(seqs(set.before(from)), wanted.filter((seq) => seq < from).reverse());
    equal(set.rank(from), wanted.filter((seq) => seq < from).length);
    const rank = Math.floor(random() * wanted.length);
    equal([set.at(rank).seq, set.at(wanted.length)], [wanted[rank], undefined]);
  }
});

test('one more message leaves the set before it as it was', () => {
  const before = new Messages().with([message(1), message(300)]);
  const after = before.with([message(2), message(300, { text: 'new' })]);
  equal([seqs(before.values()), seqs(after.values())], [[1, 300], [1, 2, 300]]);
  equal([before.get(300).text, after.get(300).text, before.has(2)], ['m300', 'new', false]);
});

test('edits, deletions and reactions change their message, in any order and any number of times', () => {
  const events = [
    message(1), { type: 'edit', seq: 2, target: 1, text: 'better', rev: 1, ts: 20 }, { type: 'edit', seq: 3, target: 1, text: 'best', rev: 2, ts: 30 },
    { type: 'reaction', seq: 4, target: 1, emoji: '👍', op: 'add', user: { id: 'g-a' } }, { type: 'reaction', seq: 5, target: 1, emoji: '👍', op: 'add', user: { id: 'g-b' } },
  ];
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = seeded(seed);
    const log = shuffled([...events, ...events], random).reduce((all, event) => takeLive(all, [event], 0), emptyLog());
    const { text, rev, editedAt, rx } = log.messages.get(1);
    equal([text, rev, editedAt, [...rx['👍']].sort()], ['best', 2, 30, ['g-a', 'g-b']], `seed ${seed}`);
  }
});

test('a reaction taken away is gone, and one of nobody leaves no trace', () => {
  const one = affected(message(1), { type: 'reaction', emoji: '👍', op: 'add', user: { id: 'g-a' } });
  equal(affected(one, { type: 'reaction', emoji: '👍', op: 'remove', user: { id: 'g-b' } }) === one, true);
  equal(affected(one, { type: 'reaction', emoji: '👍', op: 'remove', user: { id: 'g-a' } }).rx, {});
  equal(affected(message(1), { type: 'reaction', emoji: 'constructor', op: 'add', user: { id: 'g-a' } }).rx, { constructor: ['g-a'] });
});

test('what is deleted stays deleted, and its text is gone', () => {
  const log = [message(1), { type: 'delete', seq: 2, target: 1 }, { type: 'edit', seq: 3, target: 1, text: 'back', rev: 5, ts: 1 }]
    .reduce((all, event) => takeLive(all, [event], 0), emptyLog());
  const { deleted, text } = log.messages.get(1);
  equal([deleted, text], [true, '']);
});

test('a page of history that is older than an edit does not bring the old text back', () => {
  const live = [message(7), { type: 'edit', seq: 8, target: 7, text: 'new', rev: 1, ts: 9 }].reduce((all, event) => takeLive(all, [event], 0), emptyLog());
  equal(takeHistory(live, { events: [message(7)], more: false, floor: 1 }, 8, 0).messages.get(7).text, 'new');
  const late = takeLive(emptyLog(), [{ type: 'edit', seq: 8, target: 7, text: 'new', rev: 1, ts: 9 }], 0);
  equal(takeHistory(late, { events: [message(7)], more: false, floor: 1 }, 8, 0).messages.get(7).text, 'new', 'the edit came first');
  ok(takeHistory(live, { events: [message(7, { deleted: true, text: undefined })], more: false, floor: 1 }, 8, 0).messages.get(7).deleted, 'a later state is taken');
});
