import { GRACE, isHere, nextFading, sorted, takePresence, takeWho } from '/js/store/people.js';
import { equal, suite } from './harness.js';

const test = suite(import.meta.url);
const bo = { id: 'g-bo', name: 'Bo' };
const chi = { id: 'g-chi', name: 'Chi' };
const on = (user) => ({ user, state: 'online' });
const off = (user, lastSeen) => ({ user, state: 'offline', lastSeen });
const here = (people, now) => sorted(people, 'g-me', now).here.map(({ name }) => name);

test('who goes stays for 20 seconds, then is grey', () => {
  let people = takeWho(new Map(), [bo, chi], 0);
  people = takePresence(people, off(bo, 990), 1000);
  equal([here(people, 1000 + GRACE - 1), here(people, 1000 + GRACE)], [['Bo', 'Chi'], ['Chi']]);
  equal([nextFading(people, 1000), nextFading(people, 1000 + GRACE)], [1000 + GRACE, null]);
  equal(sorted(people, 'x', 1000 + GRACE).away.map(({ name, lastSeen }) => [name, lastSeen]), [['Bo', 990]]);
});

test('who comes back in time was never gone', () => {
  let people = takeWho(new Map(), [bo], 0);
  people = takePresence(people, off(bo, 1000), 1000);
  people = takePresence(people, on(bo), 15_000);
  equal(isHere(people.get('g-bo'), 999_999), true);
});

test('a leave told twice does not start the grace again', () => {
  let people = takePresence(takeWho(new Map(), [bo], 0), off(bo, 1000), 1000);
  people = takePresence(people, off(bo, 1000), 19_000);
  equal(here(people, 1000 + GRACE), []);
});

test('who is the truth: those it does not name have gone', () => {
  let people = takeWho(new Map(), [bo, chi], 0);
  people = takeWho(people, [chi], 5_000);
  equal(here(people, 5_000 + GRACE), ['Chi']);
});

test('me first, then by name', () => {
  const people = takeWho(new Map(), [chi, bo, { id: 'g-me', name: 'Zoe' }], 0);
  equal(here(people, 0), ['Zoe', 'Bo', 'Chi']);
});
