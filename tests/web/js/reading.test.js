import { duties } from '/js/store/duties.js';
import { initialState, reduce } from '/js/store/reducer.js';
import { mentionsOf, unread } from '/js/store/room.js';
import { reads } from '/js/memory.js';
import { timeline } from '/js/store/timeline.js';
import { equal, suite } from './harness.js';

const test = suite(import.meta.url);
const ME = { id: 'g-me', name: 'Me', guest: true };
const BO = { id: 'g-bo', name: 'Bo' };
const message = (seq, rest = {}) => ({ type: 'message', room: 'general', seq, n: seq, ts: seq * 1000, user: BO, text: `m${seq}`, ...rest });
const info = (head, rest = {}) => ({ room: 'general', title: 'General', topic: '', epoch: 'e', head, headN: head, floor: 1, ...rest });

function sync(from, to, head = to) {
  const events = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i));
  return { type: 'sync', room: 'general', epoch: 'e', events, from, to, head, more: to < head, reset: false };
}

function page(start, head, firstPage, rest = {}) {
  const link = (phase) => ({ type: 'link', link: { phase, tries: 0, retryAt: null, reason: null, since: 0 } });
  const frames = [{ type: 'welcome', user: ME, limits: {}, now: 1000, rooms: [info(head, rest)] }, sync(firstPage, head)].map((frame) => ({ type: 'frame', frame }));
  return [link('catching'), ...frames, link('online')].reduce((state, action) => reduce(state, { now: 1000, ...action }), initialState({ rooms: ['general'], ...start }));
}

const does = (state, ...actions) => actions.reduce((before, action) => reduce(before, { now: 1000, ...action }), state);
const asked = (state, action) => duties(state, 10_000).asks.map(({ frame }) => frame).filter((frame) => frame.action === action);
const READ_TO_5 = { reads: { general: { epoch: 'e', n: 5, seq: 5 } } };

test('what was missed while the page was closed is unread, and the line stands before it', () => {
  const state = page(READ_TO_5, 9, 1);
  equal([unread(state.rooms.general), state.rooms.general.divider], [4, 5]);
  equal(timeline(state.rooms.general, [], ME).map(({ kind, seq }) => seq ?? kind), ['day', 1, 2, 3, 4, 5, 'new', 6, 7, 8, 9]);
});

test('the first unread message is asked for if the newest page does not reach back to it', () => {
  const state = page(READ_TO_5, 900, 851);
  equal(asked(state, 'sync').map(({ after }) => after), [5]);
  equal(unread(state.rooms.general), 895, 'and all are counted');
  equal(asked(page(READ_TO_5, 40, 1), 'sync'), [], 'it is here already');
});

test('the server knows what was read on another device, a newcomer has read everything', () => {
  equal(unread(page({}, 9, 1, { read: 4, readN: 4 }).rooms.general), 5);
  equal(unread(page({}, 9, 1, { read: 0, readN: 0 }).rooms.general), 9, 'a room that was empty when it was entered');
  equal(unread(page({}, 9, 1).rooms.general), 0);
  equal(unread(page(READ_TO_5, 9, 1, { read: 7, readN: 7 }).rooms.general), 2, 'whoever read further');
});

test('seeing some of it reads some of it, never backwards', () => {
  const state = does(page(READ_TO_5, 9, 1), { type: 'read', room: 'general', n: 7, seq: 7 }, { type: 'read', room: 'general', n: 6, seq: 6 });
  equal([unread(state.rooms.general), state.rooms.general.divider], [2, 5]);
  equal(unread(does(state, { type: 'read', room: 'general' }).rooms.general), 0);
});

test('the server hears how far a room was read, at most every five seconds', () => {
  const state = does(page(READ_TO_5, 9, 1, { read: 5, readN: 5 }), { type: 'read', room: 'general', n: 7, seq: 7 });
  const [first] = duties(state, 10_000).asks.filter(({ frame }) => frame.action === 'markRead');
  equal(first.frame, { action: 'markRead', room: 'general', seq: 7 });
  const told = does(state, { type: 'asked', id: '1', request: first.request, now: 10_000 }, { type: 'read', room: 'general' });
  equal(duties(told, 14_999).asks.filter(({ frame }) => frame.action === 'markRead'), []);
  equal(duties(told, 14_999).at, 15_000);
  equal(duties(told, 15_000).asks.filter(({ frame }) => frame.action === 'markRead').map(({ frame }) => frame.seq), [9]);
});

test('another tab, and another device, read for this one too', () => {
  const state = page(READ_TO_5, 9, 1);
  equal(unread(does(state, { type: 'elsewhere', reads: { general: { epoch: 'e', n: 8, seq: 8 } } }).rooms.general), 1);
  equal(unread(does(state, { type: 'elsewhere', reads: { general: { epoch: 'x', n: 8, seq: 8 } } }).rooms.general), 4, 'of another log');
  equal(unread(does(state, { type: 'frame', frame: { type: 'read', room: 'general', n: 9, seq: 9 } }).rooms.general), 0);
});

test('what another tab has read meanwhile is not written over', () => {
  const before = page(READ_TO_5, 9, 1);
  const after = does(before, { type: 'read', room: 'general', n: 6, seq: 6 });
  equal(reads({ general: { epoch: 'e', n: 8, seq: 8 } }, before, after).general.n, 8);
  equal(reads({ general: { epoch: 'e', n: 5, seq: 5 } }, before, after).general, { epoch: 'e', n: 6, seq: 6 });
});

test('marked unread by hand stays unread while one looks, until the room is entered anew', () => {
  const seen = does(page(READ_TO_5, 9, 1), { type: 'read', room: 'general' });
  const back = does(seen, { type: 'unread', room: 'general', n: 8, seq: 8 }, { type: 'read', room: 'general' });
  equal([unread(back.rooms.general), back.rooms.general.divider], [2, 7]);
  const again = does(back, { type: 'open', room: 'tea' }, { type: 'open', room: 'general' }, { type: 'read', room: 'general' });
  equal(unread(again.rooms.general), 0);
});

test('marked unread by hand: the server hears it, and another device follows', () => {
  const seen = does(page({}, 9, 1, { read: 9, readN: 9 }), { type: 'unread', room: 'general', n: 8, seq: 8 });
  equal(asked(seen, 'markRead'), [{ action: 'markRead', room: 'general', seq: 7, back: true }]);
  const other = does(page({}, 9, 1, { read: 9, readN: 9 }), { type: 'frame', frame: { type: 'read', room: 'general', n: 7, seq: 7 } });
  equal([unread(other.rooms.general), asked(other, 'markRead')], [2, []]);
});

test('mentions of me are counted among the unread', () => {
  const state = does(page({}, 3, 1), { type: 'away' }, ...[4, 5, 6].map((seq) => ({ type: 'frame', frame: message(seq, { mentions: seq === 5 ? ['g-me'] : ['g-bo'] }) })));
  equal([unread(state.rooms.general), mentionsOf(state.rooms.general, ME)], [3, 1]);
});

test('a room may be called constructor', () => {
  const state = does(page({}, 3, 1), { type: 'open', room: 'constructor', title: 'Constructor' });
  equal([state.rooms.constructor.id, state.focus, asked(state, 'joinRoom').map(({ room }) => room)], ['constructor', 'constructor', ['constructor']]);
  equal(Object.keys(does(state, { type: 'leave', room: 'constructor' }).rooms), ['general']);
  equal(initialState({}).rooms.constructor, undefined);
});

test('the server\'s clock counts, not the machine\'s', () => {
  const state = page({}, 0, 1);
  const ahead = does(state, { type: 'frame', frame: { type: 'welcome', user: ME, limits: {}, now: 90_000_000, rooms: [info(0)] } });
  equal([ahead.ahead, does(ahead, { type: 'wrote', cid: 'c', room: 'general', text: 'x' }).outbox[0].at], [89_999_000, 90_000_000]);
});
