import { duties } from '/js/store/duties.js';
import { initialState, reduce } from '/js/store/reducer.js';
import { unread } from '/js/store/room.js';
import { equal, ok, suite } from './harness.js';

const test = suite(import.meta.url);
const ME = { id: 'g-me', name: 'Me', guest: true };
const BO = { id: 'g-bo', name: 'Bo' };

const message = (seq, user = BO, rest = {}) => (
  { type: 'message', room: 'general', seq, n: seq, ts: seq * 1000, user, text: `m${seq}`, ...rest }
);

function sync(from, to, head = to, rest = {}) {
  const events = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i));
  return { type: 'sync', room: 'general', epoch: 'e', events, from, to, head, more: to < head, reset: false, ...rest };
}

const info = (head, rest = {}) => ({ room: 'general', title: 'General', topic: '', epoch: 'e', head, headN: head, floor: 1, online: 2, ...rest });

/** A page's state driven by hand: frames in, asks out. */
class Driven {
  constructor(start = {}) {
    this.state = initialState({ rooms: ['general'], ...start });
    this.now = 10_000;
    this.ids = 0;
  }

  does(action) {
    this.state = reduce(this.state, { now: this.now, ...action });
    return this;
  }

  hears(...frames) {
    for (const frame of frames) this.does({ type: 'frame', frame });
    return this;
  }

  links(phase) {
    return this.does({ type: 'link', link: { phase, tries: 0, retryAt: null, reason: null, since: 0 } });
  }

  online(head = 3) {
    return this.links('catching').hears({ type: 'welcome', user: ME, limits: {}, rooms: [info(head)] }, sync(1, head), { type: 'ready' }).links('online');
  }

  /** Send what is due; returns the frames with their ids. */
  asks() {
    const due = duties(this.state, this.now).asks.filter(({ frame }) => frame.action !== 'markRead'); // see reading.test.js
    return due.map(({ request, frame }) => {
      const id = String(++this.ids);
      this.does({ type: 'asked', id, request });
      return { ...frame, id };
    });
  }

  writes(cid, text = cid) {
    return this.does({ type: 'wrote', cid, room: 'general', text });
  }

  get room() {
    return this.state.rooms.general;
  }
}

test('a message written before anything is connected waits, and goes out first thing', () => {
  const page = new Driven().writes('c1');
  equal(page.asks(), []);
  page.online();
  equal(page.asks().map(({ action, cid, seen }) => [action, cid, seen]), [['who', undefined, undefined], ['sendMessage', 'c1', 3]]);
});

test('the echo settles it, and only then the next one goes', () => {
  const page = new Driven().online();
  page.writes('c1').writes('c2');
  equal(page.asks().filter(({ cid }) => cid).map(({ cid }) => cid), ['c1']);
  equal(page.asks(), []);
  page.hears(message(4, ME, { cid: 'c1' }));
  equal(page.state.outbox.map(({ cid }) => cid), ['c2']);
  equal(page.asks().map(({ cid, seen }) => [cid, seen]), [['c2', 4]]);
});

test('a cid in an event of somebody else settles nothing', () => {
  const page = new Driven().online().writes('c1');
  page.asks();
  page.hears(message(4, BO, { cid: 'c1' }));
  equal(page.state.outbox.length, 1);
});

test('an answer that it was stored before settles it, and fetches the event', () => {
  const page = new Driven().online().writes('c1');
  const [, send] = page.asks();
  page.hears({ type: 'ok', id: send.id, cid: 'c1', room: 'general', seq: 5, dup: true });
  equal(page.state.outbox, []);
  equal(page.asks().map(({ action, after }) => [action, after]), [['sync', 3]]);
});

test('rate_limited keeps the message and waits as long as it was told', () => {
  const page = new Driven().online().writes('c1');
  const send = page.asks().at(-1);
  page.hears({ type: 'error', id: send.id, cid: 'c1', code: 'rate_limited', retry: true, retryAfter: 1200 });
  equal([page.asks(), duties(page.state, page.now).at], [[], page.now + 1200]);
  page.now += 1200;
  equal(page.asks().map(({ cid }) => cid), ['c1']);
});

test('failures in a row wait longer and longer', () => {
  const page = new Driven().online().writes('c1');
  const waits = [1, 2, 3].map(() => {
    const send = page.asks().at(-1);
    page.hears({ type: 'error', id: send.id, cid: 'c1', code: 'busy', retry: true });
    const wait = page.state.quietUntil - page.now;
    page.now += wait;
    return wait;
  });
  equal(waits, [500, 1000, 2000]);
});

test('a refusal for good is shown, and retried or discarded by its writer only', () => {
  const page = new Driven().online().writes('c1').writes('c2');
  const send = page.asks().at(-1);
  page.hears({ type: 'error', id: send.id, cid: 'c1', code: 'too_long', retry: false });
  equal(page.state.outbox.map(({ cid, state, code }) => [cid, state, code]), [['c1', 'failed', 'too_long'], ['c2', 'queued', null]]);
  page.does({ type: 'retry', cid: 'c1' });
  equal(page.asks().map(({ cid }) => cid), ['c1'], 'the same cid');
  page.does({ type: 'discard', cid: 'c1' });
  equal(page.state.outbox.map(({ cid }) => cid), ['c2']);
});

test('behind: look through everything since the base, then send again with the same cid', () => {
  const page = new Driven({ outbox: [{ cid: 'c1', room: 'general', text: 'x', at: 0, base: 57, state: 'sending', tried: 0, code: null }] });
  page.links('catching').hears({ type: 'welcome', user: ME, limits: {}, rooms: [info(400)] }, sync(351, 400), { type: 'ready' }).links('online');
  const send = page.asks().at(-1);
  equal(send.seen, 57);
  page.hears({ type: 'error', id: send.id, cid: 'c1', room: 'general', code: 'behind', retry: true });
  equal(page.asks().map(({ action, after }) => [action, after]), [['sync', 57]]);
  page.hears({ ...sync(58, 257, 400), id: String(page.ids) });
  equal(page.asks().map(({ action, after }) => [action, after]), [['sync', 257]]);
  page.hears({ ...sync(258, 400), id: String(page.ids) });
  equal(page.asks().map(({ action, cid, seen }) => [action, cid, seen]), [['sendMessage', 'c1', 400]]);
});

test('behind, and the log it may be in is gone: start from the new page', () => {
  const page = new Driven().online().writes('c1');
  const send = page.asks().at(-1);
  page.hears({ type: 'error', id: send.id, cid: 'c1', room: 'general', code: 'behind', retry: true });
  equal(page.asks().map(({ action, after }) => [action, after]), [['sync', 3]]);
  page.hears({ ...sync(9, 12, 12, { epoch: 'other', reset: true }), id: String(page.ids) });
  equal(page.asks().map(({ cid, seen }) => [cid, seen]), [['c1', 12]]);
});

test('a hole gets a second to close by itself, then it is asked for', () => {
  const page = new Driven().online();
  page.asks();
  page.hears(message(6));
  equal([page.asks(), duties(page.state, page.now).at], [[], page.now + 1000]);
  page.now += 1000;
  equal(page.asks().map(({ action, after, epoch }) => [action, after, epoch]), [['sync', 3, 'e']]);
  equal(page.asks(), [], 'once');
  page.hears({ ...sync(4, 6), id: String(page.ids) });
  equal([page.room.log.seen, page.asks()], [6, []]);
});

test('pong.behind is asked for at once', () => {
  const page = new Driven().online();
  page.asks();
  page.hears({ type: 'pong', behind: { general: 5, nowhere: 9 } });
  equal(page.asks().map(({ action, after }) => [action, after]), [['sync', 3]]);
});

test('far behind: the newest page first, and the gap is filled when wanted', () => {
  const page = new Driven().online();
  page.asks();
  page.hears({ type: 'pong', behind: { general: 900 } });
  equal(page.asks().map(({ action, after }) => [action, after]), [['sync', undefined]]);
  page.hears({ ...sync(851, 900), id: String(page.ids) });
  equal(page.asks(), []);
  page.does({ type: 'fill', room: 'general', from: 4, to: 850 });
  equal(page.asks().map(({ after }) => after), [3]);
  page.hears({ ...sync(4, 203, 900), id: String(page.ids) });
  equal(page.asks().map(({ after }) => after), [203]);
});

test('a send without echo is repeated when the socket proves alive, after what was missed', () => {
  const page = new Driven().online().writes('c1');
  page.asks();
  page.now += 8_001;
  page.hears({ type: 'pong', behind: { general: 4 } });
  equal(page.asks().map(({ action }) => action), ['sync']);
  page.hears({ ...sync(4, 4, 4, { events: [message(4, ME, { cid: 'c1' })] }), id: String(page.ids) });
  equal([page.state.outbox, page.asks()], [[], []], 'it had been stored');
});

test('losing the socket forgets questions, keeps messages, and marks where the reader was', () => {
  const page = new Driven().online().writes('c1');
  page.asks();
  page.links('waiting');
  equal([page.state.requests, page.state.outbox[0].state, page.room.divider], [{}, 'queued', 3]);
  page.links('catching').hears({ type: 'welcome', user: ME, limits: {}, rooms: [info(6)] }, sync(4, 6), { type: 'ready' }).links('online');
  equal([page.room.log.seen, page.room.divider, unread(page.room)], [6, 3, 3]);
  equal(page.asks().map(({ action, seen }) => [action, seen]), [['who', undefined], ['sendMessage', 6]]);
});

test('a newcomer has missed nothing; who was here before has missed exactly what came', () => {
  equal(unread(new Driven().online(9).room), 0);
  equal(unread(new Driven({ reads: { general: { epoch: 'e', n: 5 } } }).online(9).room), 4);
  equal(unread(new Driven({ reads: { general: { epoch: 'older', n: 5 } } }).online(9).room), 0, 'of another log');
});

test('a room is joined, or started if there is none', () => {
  const page = new Driven().online();
  page.asks();
  page.does({ type: 'open', room: 'cats', title: 'Cats' });
  const [join] = page.asks();
  equal([join.action, page.state.focus], ['joinRoom', 'cats']);
  page.hears({ type: 'error', id: join.id, room: 'cats', code: 'no_such_room', retry: false });
  const [create] = page.asks();
  equal([create.action, create.title], ['createRoom', 'Cats']);
  page.hears({
    type: 'joined', id: create.id, room: { ...info(0), room: 'cats', title: 'Cats' }, who: [ME],
    sync: { room: 'cats', epoch: 'f', events: [], from: 1, to: 0, head: 0, more: false, reset: false },
  });
  equal([page.asks(), page.state.rooms.cats.joined, page.state.rooms.cats.log.seen], [[], true, 0]);
});

test('a room that someone else started a moment earlier is joined', () => {
  const page = new Driven().online();
  page.asks();
  page.does({ type: 'open', room: 'cats', title: 'Cats' });
  page.hears({ type: 'error', id: page.asks()[0].id, room: 'cats', code: 'no_such_room', retry: false });
  page.hears({ type: 'error', id: page.asks()[0].id, room: 'cats', code: 'room_exists', retry: false });
  equal(page.asks().map(({ action }) => action), ['joinRoom']);
});

test('a room that is only looked for is not started', () => {
  const page = new Driven().online();
  page.asks();
  page.does({ type: 'open', room: 'cats' });
  page.hears({ type: 'error', id: page.asks()[0].id, room: 'cats', code: 'no_such_room', retry: false });
  equal([page.state.rooms.cats.error, page.asks()], ['no_such_room', []]);
});

test('a remembered room that is gone says so, and the others are entered', () => {
  const page = new Driven({ rooms: ['general', 'cats'], focus: 'cats' }).links('catching');
  page.hears({ type: 'error', id: '1', room: 'cats', code: 'no_such_room', retry: false });
  page.hears({ type: 'welcome', user: ME, limits: {}, rooms: [info(0)] }, sync(1, 0), { type: 'ready' }).links('online');
  equal([page.state.rooms.cats.error, page.room.joined, page.state.focus], ['no_such_room', true, 'cats']);
  equal(page.asks(), [], 'it is not asked for again and again');
});

test('being put out of a room by the server means joining again before sending', () => {
  const page = new Driven().online().writes('c1');
  const send = page.asks().at(-1);
  page.hears({ type: 'error', id: send.id, cid: 'c1', room: 'general', code: 'not_joined', retry: false });
  equal(page.asks().map(({ action, seen }) => [action, seen]), [['joinRoom', 3]]);
});

test('a room is left at once, and the server is told when it can be', () => {
  const page = new Driven().online();
  page.asks();
  page.links('waiting').does({ type: 'leave', room: 'general' });
  equal([page.state.rooms, page.state.focus], [{}, null]);
  page.links('online');
  const [leave] = page.asks();
  equal([leave.action, leave.room], ['leaveRoom', 'general']);
  page.hears({ type: 'left', id: leave.id, room: 'general' });
  equal([page.asks(), page.state.leaving], [[], []]);
});

test('earlier messages are asked for once, and again only when wanted again', () => {
  const page = new Driven().links('catching');
  page.hears({ type: 'welcome', user: ME, limits: {}, rooms: [info(200)] }, sync(151, 200), { type: 'ready' }).links('online');
  page.asks();
  page.does({ type: 'older', room: 'general', before: 151 }).does({ type: 'older', room: 'general', before: 151 });
  const [ask, ...more] = page.asks();
  equal([ask.action, ask.before, ask.limit, more], ['history', 151, 50, []]);
  page.hears({ type: 'history', id: ask.id, room: 'general', events: [message(149), message(150)], more: true, floor: 1 });
  equal([page.asks(), page.room.wantPage, page.room.log.covered], [[], null, [[149, 200]]]);
});

test('a question without an answer is asked again', () => {
  const page = new Driven().online();
  page.asks();
  page.hears({ type: 'pong', behind: { general: 9 } });
  const [sync1] = page.asks();
  page.now += 12_000;
  page.does({ type: 'expired', ids: [sync1.id] });
  equal(page.asks().filter(({ action }) => action === 'sync').length, 1);
});

test('types, codes and fields that we do not know do no harm', () => {
  const page = new Driven().online();
  const before = page.state;
  page.hears({ type: 'hologram', id: '77' }, { type: 'constructor' }, { type: 'glance', room: 'general', user: BO });
  ok(page.state === before, 'nothing changed');
  page.hears({ type: 'sticker', room: 'general', seq: 4, n: 3, user: BO, cid: 'x' });
  equal([page.room.log.seen, unread(page.room)], [4, 0]);
  page.hears({ type: 'error', code: 'moon_phase', retry: false });
  equal(page.state.notice.code, 'moon_phase');
});
