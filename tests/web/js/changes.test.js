import { duties } from '/js/store/duties.js';
import { initialState, reduce } from '/js/store/reducer.js';
import { timeline } from '/js/store/timeline.js';
import { Colours } from '/js/view/colours.js';
import { equal, ok, suite } from './harness.js';

const test = suite(import.meta.url);
const ME = { id: 'g-me', name: 'Me', guest: true };
const BO = { id: 'g-bo', name: 'Bo' };
const message = (seq, user = BO, rest = {}) => ({ type: 'message', room: 'general', seq, n: seq, ts: seq * 1000, user, text: `m${seq}`, ...rest });

/** A page that holds m1 (mine) and m2 (Bo's), driven by hand. */
class Driven {
  constructor() {
    this.state = initialState({ rooms: ['general'] });
    this.now = 100_000;
    this.ids = 0;
    const link = (phase) => ({ type: 'link', link: { phase, tries: 0, retryAt: null, reason: null, since: 0 } });
    const room = { room: 'general', epoch: 'e', head: 2, headN: 2, floor: 1, online: 2 };
    this.does(link('catching')).hears({ type: 'welcome', user: ME, limits: {}, now: this.now, rooms: [room] });
    this.hears({ type: 'sync', room: 'general', epoch: 'e', events: [message(1, ME), message(2)], from: 1, to: 2, head: 2, more: false, reset: false });
    this.does(link('online'));
    this.asks();
  }

  does(action) {
    this.state = reduce(this.state, { now: this.now, ...action });
    return this;
  }

  hears(frame) {
    return this.does({ type: 'frame', frame });
  }

  asks() {
    const due = duties(this.state, this.now).asks.filter(({ frame }) => frame.action !== 'markRead'); // see reading.test.js
    return due.map(({ request, frame }) => {
      const id = String(++this.ids);
      this.does({ type: 'asked', id, request });
      return { ...frame, id };
    });
  }

  shows(seq) {
    return timeline(this.state.rooms.general, this.state.outbox, ME).find((item) => item.seq === seq);
  }
}

test('an edit shows at once, goes out with a cid, and settles by its event', () => {
  const page = new Driven().does({ type: 'edited', cid: 'c1', room: 'general', target: 1, text: 'better' });
  equal([page.shows(1).text, page.shows(1).state], ['better', 'queued']);
  const [ask] = page.asks();
  equal([ask.action, ask.target, ask.text, ask.cid, ask.seen], ['editMessage', 1, 'better', 'c1', 2]);
  page.hears({ type: 'edit', room: 'general', seq: 3, n: 2, ts: 3000, user: ME, cid: 'c1', target: 1, text: 'better', rev: 1 });
  equal([page.state.outbox, page.shows(1).text, page.shows(1).editedAt, page.shows(1).state], [[], 'better', 3000, 'sent']);
});

test('a deletion waits five seconds, in which it can be taken back, and keeps no message back', () => {
  const page = new Driven().does({ type: 'removed', cid: 'c1', room: 'general', target: 1 });
  equal([page.shows(1).deleted, page.shows(1).undo, page.asks()], [true, 'c1', []]);
  page.does({ type: 'wrote', cid: 'c2', room: 'general', text: 'hi' });
  equal(page.asks().map(({ cid }) => cid), ['c2']);
  equal(new Driven().does({ type: 'removed', cid: 'c1', room: 'general', target: 1 }).does({ type: 'discard', cid: 'c1' }).shows(1).deleted, false);
  page.hears(message(3, ME, { cid: 'c2' }));
  equal(duties(page.state, page.now).at, page.now + 5000);
  page.now += 5000;
  equal(page.asks().map(({ action, target }) => [action, target]), [['deleteMessage', 1]]);
});

test('a reaction is added and taken away; one that was not sent yet is just dropped', () => {
  const page = new Driven().does({ type: 'reacted', cid: 'c1', room: 'general', target: 2, emoji: '👍', op: 'add' });
  equal(page.shows(2).rx, { '👍': ['g-me'] });
  page.does({ type: 'reacted', cid: 'c2', room: 'general', target: 2, emoji: '👍', op: 'remove' });
  equal([page.state.outbox, page.shows(2).rx], [[], null]);
  page.does({ type: 'reacted', cid: 'c3', room: 'general', target: 2, emoji: '🎉', op: 'add' });
  const [ask] = page.asks();
  equal([ask.action, ask.target, ask.emoji, ask.op], ['react', 2, '🎉', 'add']);
  page.hears({ type: 'error', id: ask.id, cid: 'c3', room: 'general', code: 'too_large', retry: false });
  equal([page.state.outbox, page.state.notice.code], [[], 'too_large'], 'refused: said, not kept');
});

test('an answer names what it answers and starts a group of its own', () => {
  const page = new Driven().does({ type: 'wrote', cid: 'c1', room: 'general', text: 'yes', replyTo: 2 });
  equal(page.asks().map(({ replyTo }) => replyTo), [2]);
  equal([page.state.outbox[0].replyTo, timeline(page.state.rooms.general, page.state.outbox, ME).at(-1).head], [2, true]);
});

test('who writes is told, now and then, to a small room; and is silent when the message is there', () => {
  const page = new Driven().does({ type: 'typing', room: 'general' });
  equal(page.asks().map(({ action }) => action), ['typing']);
  equal(page.does({ type: 'typing', room: 'general' }).asks(), [], 'at most every five seconds');
  page.now += 5000;
  equal(page.does({ type: 'typing', room: 'general' }).asks().length, 1);
  page.hears({ type: 'typing', room: 'general', user: BO });
  equal([...page.state.rooms.general.typing.keys()], ['g-bo']);
  page.hears(message(3));
  equal([...page.state.rooms.general.typing.keys()], []);
});

test('a signal that the server does not know is not sent again, and nobody is bothered', () => {
  const page = new Driven().does({ type: 'typing', room: 'general' });
  const [ask] = page.asks();
  page.hears({ type: 'error', id: ask.id, code: 'unknown_action', retry: false });
  page.now += 60_000;
  equal([page.does({ type: 'typing', room: 'general' }).asks(), page.state.notice], [[], null]);
});

test('of several reactions of one person the last one counts, though they come the wrong way round', () => {
  const page = new Driven().hears({ type: 'reaction', room: 'general', seq: 4, n: 2, user: BO, target: 1, emoji: '👍', op: 'remove' });
  page.hears({ type: 'reaction', room: 'general', seq: 3, n: 2, user: BO, target: 1, emoji: '👍', op: 'add' });
  equal(page.shows(1).rx ?? {}, {});
});

test('the maker of a room changes its topic, and hears it back', () => {
  const page = new Driven().does({ type: 'updated', cid: 'c1', room: 'general', fields: { topic: 'new' } });
  equal(page.asks().map(({ action, topic, cid }) => [action, topic, cid]), [['updateRoom', 'new', 'c1']]);
  page.hears({ type: 'room', room: 'general', seq: 3, n: 2, user: ME, cid: 'c1', title: 'General', topic: 'new' });
  equal([page.state.outbox, page.state.rooms.general.topic], [[], 'new']);
});

test('somebody else now: what was written goes out from there, what was to change is dropped', () => {
  const page = new Driven().does({ type: 'wrote', cid: 'c1', room: 'general', text: 'x' }).does({ type: 'edited', cid: 'c2', room: 'general', target: 1, text: 'y' });
  page.asks();
  page.hears({ type: 'welcome', user: { id: 'g-new', name: 'Me' }, limits: {}, now: 0, rooms: [] });
  equal(page.state.outbox.map(({ cid, base }) => [cid, base]), [['c1', null]]);
});

test('a message to one person alone: the server opens the room, and theirs opens by itself', () => {
  const page = new Driven().does({ type: 'direct', user: BO });
  const [ask] = page.asks();
  equal([ask.action, ask.user], ['openDm', 'g-bo']);
  const room = { room: 'dm:g-bo:g-me', epoch: 'd', head: 0, headN: 0, floor: 1 };
  page.hears({ type: 'joined', id: ask.id, room, sync: { epoch: 'd', events: [], from: 1, to: 0, head: 0 } });
  equal([page.state.focus, page.state.rooms['dm:g-bo:g-me'].peer], ['dm:g-bo:g-me', BO]);
  equal(page.does({ type: 'open', room: 'general' }).does({ type: 'direct', user: BO }).state.focus, 'dm:g-bo:g-me', 'known by now');
  const chi = { id: 'g-chi', name: 'Chi' };
  page.hears({ ...message(1, chi), room: 'dm:g-chi:g-me' });
  const theirs = page.state.rooms['dm:g-chi:g-me'];
  equal([theirs.peer, theirs.readN, page.asks().filter(({ action }) => action === 'joinRoom').map((ask) => ask.room)], [chi, 0, ['dm:g-chi:g-me']]);
  page.hears({ ...message(1, chi), room: 'dm:g-bo:g-chi' });
  equal(page.state.rooms['dm:g-bo:g-chi'], undefined, 'none of my business');
});

test('nobody in a room has the colour of another', () => {
  const colours = new Colours();
  const people = Array.from({ length: 24 }, (_, i) => `g-${i}`);
  const seen = people.map((id) => JSON.stringify(colours.of(id, 'general')));
  equal(new Set(seen).size, 24);
  ok(people.every((id, i) => JSON.stringify(colours.of(id, 'general')) === seen[i]), 'and they keep it');
});
