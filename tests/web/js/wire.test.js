import { rowsOf, summary } from '/js/view/wire/steps.js';
import { equal, suite } from './harness.js';

const test = suite(import.meta.url);
let number = 0;
const step = (kind, name, about, start, duration, cause = 2) => ({ number: ++number, cause, kind, name, about, start, duration, error: null, detail: '' });

function message(receivers) {
  number = 0;
  return [
    step('frame', 'frame in', 'A=', 0, 0, null), step('lambda', 'MessageLambda', '', 0.5, 10, 1), step('table', 'GetItem', 'Connections', 1, 0.3),
    step('table', 'PutItem', 'Messages', 2, 0.4), step('frame', 'frame out', 'A=', 3, 0), step('post', 'PostToConnection', 'A=', 3, 0.2),
    ...Array.from({ length: receivers }, (_, i) => [step('frame', 'frame out', `B${i}=`, 4 + i, 0), step('post', 'PostToConnection', `B${i}=`, 4 + i, 0.2)]).flat(),
  ];
}

const look = (rows) => rows.map(({ name, why, level, count }) => [name, why, level, count]);

test('a row for each step, indented under its invocation, with why it was done', () => {
  equal(look(rowsOf(message(0))), [
    ['frame in', null, 0, 1], ['MessageLambda', null, 0, 1], ['GetItem', 'wire.gate', 1, 1], ['PutItem', 'wire.slot', 1, 1], ['frame out', null, 1, 1], ['Post', null, 1, 1],
  ]);
});

test('more than three receivers alike are one row, until it is opened', () => {
  const rows = rowsOf(message(5));
  equal(look(rows).slice(6), [['frame out', null, 1, 5], ['Post', null, 1, 5]]);
  equal(rowsOf(message(5), new Set([rows[6].key])).length, rows.length + 4);
  equal(rowsOf(message(3)).length, 12, 'three are not many');
});

test('the numbers: time in all, invocations, calls, posts, and what AWS would count', () => {
  const { total, invocations, calls, posts, framesIn, framesOut, reads, writes } = summary(message(2));
  equal([total, invocations, calls, posts, framesIn, framesOut, reads, writes], [10.5, 1, 2, 3, 1, 3, 1, 1]);
  equal(summary([]).total, 0);
});
