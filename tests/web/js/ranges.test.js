import { add, around, holes } from '/js/store/ranges.js';
import { equal, seeded, suite } from './harness.js';

const test = suite(import.meta.url);

test('ranges that touch or overlap become one, others stay apart', () => {
  equal(add([], 3, 4), [[3, 4]]);
  equal(add([[1, 2], [6, 9]], 3, 5), [[1, 9]]);
  equal(add([[1, 2], [6, 9]], 4, 4), [[1, 2], [4, 4], [6, 9]]);
  equal(add([[5, 9]], 1, 2), [[1, 2], [5, 9]]);
  equal(add([[5, 9]], 6, 7), [[5, 9]]);
  equal(add([[5, 9]], 7, 6), [[5, 9]], 'an empty range changes nothing');
});

test('the range around a number, and what is missing between two', () => {
  equal(around([[1, 2], [6, 9]], 7), [6, 9]);
  equal(around([[1, 2], [6, 9]], 4), null);
  equal(holes([[1, 2], [6, 9]], 1, 12), [[3, 5], [10, 12]]);
  equal(holes([], 4, 6), [[4, 6]]);
  equal(holes([[1, 20]], 4, 6), []);
});

test('whatever is added in whatever order, ranges mean the same as a set of numbers', () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const random = seeded(seed);
    const set = new Set();
    let ranges = [];
    for (let step = 0; step < 25; step += 1) {
      const from = Math.floor(random() * 40);
      const to = from + Math.floor(random() * 6) - 1;
      ranges = add(ranges, from, to);
      for (let n = from; n <= to; n += 1) set.add(n);
    }
    const numbers = ranges.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
    equal(numbers, [...set].sort((a, b) => a - b), `seed ${seed}`);
    const missing = holes(ranges, 0, 50).flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
    equal(missing, Array.from({ length: 51 }, (_, n) => n).filter((n) => !set.has(n)), `holes of seed ${seed}`);
  }
});
