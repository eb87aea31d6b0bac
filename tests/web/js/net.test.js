import { backoff } from '/js/net/backoff.js';
import { judge } from '/js/net/liveness.js';
import { Session } from '/js/net/session.js';
import { Clock, equal, socketFactory, suite } from './harness.js';

const test = suite(import.meta.url);
const LIMITS = { idle: 270, maxAge: 6900 };
const READY = { type: 'ready' };

/** A session on scripted sockets: {session, clock, opened, phases, frames}. random is 0.5 unless told. */
function setUp({ random = () => 0.5, watched = () => false, unechoedAt = () => null, accept = () => true } = {}) {
  const clock = new Clock();
  const { FakeSocket, opened } = socketFactory();
  const phases = [];
  const frames = [];
  const unopened = [];
  const session = new Session({
    env: { WebSocket: FakeSocket, now: clock.now, later: clock.later, cancel: clock.cancel, random },
    ask: {
      url: 'ws://chat', protocols: () => ['pingbox.v1'], hello: () => ({ action: 'hello', v: 1 }),
      positions: () => ({ general: 7 }), unechoedAt, watched, limits: () => LIMITS,
    },
    on: { frame: (frame) => frames.push(frame.type), phase: ({ phase }) => phases.push(phase), unopened: (count) => unopened.push(count), opened: accept },
  });
  return { session, clock, opened, phases, frames, unopened };
}

function online(options) {
  const all = setUp(options);
  all.session.start();
  all.opened[0].opens();
  all.opened[0].says(READY);
  return all;
}

const pings = (socket) => socket.sent.filter(({ action }) => action === 'ping');

test('waits are jittered over their whole range, double, and stop at 30 seconds', () => {
  equal([0, 1, 2, 3, 20].map((n) => backoff(n, () => 1)), [300, 1000, 2000, 4000, 30000]);
  equal([0, 1, 20].map((n) => backoff(n, () => 0)), [0, 0, 0]);
});

test('hello is the first word on every socket, and frames before ready do not make it ready', () => {
  const { session, opened, phases } = setUp();
  session.start();
  equal(opened[0].sent, []);
  opened[0].opens();
  equal(opened[0].sent.map(({ action }) => action), ['hello']);
  opened[0].says({ type: 'welcome' });
  equal(session.ticket(), null, 'not yet');
  opened[0].says(READY);
  equal(session.ticket(), '2', 'now');
  equal(phases, ['connecting', 'catching', 'online']);
});

test('a lost socket is followed by another after a short wait, then longer ones', () => {
  const { clock, opened, phases } = online();
  opened[0].dies();
  clock.pass(149);
  equal(opened.length, 1);
  clock.pass(1);
  equal(opened.length, 2, 'half of 300 ms');
  opened[1].dies();
  clock.pass(499);
  equal(opened.length, 2);
  clock.pass(1);
  equal(opened.length, 3, 'half of a second');
  equal(phases.slice(3), ['waiting', 'retrying', 'waiting', 'retrying']);
});

test('a minute of stability makes the waits short again', () => {
  const { session, clock, opened } = online();
  opened[0].dies();
  clock.pass(300);
  opened[1].opens();
  opened[1].says(READY);
  equal(session.tries, 1);
  clock.pass(60_000);
  equal(session.tries, 0);
});

test('no network, no timers; back online, at once', () => {
  const { session, clock, opened, phases } = online();
  session.wentOffline();
  clock.pass(3_600_000);
  equal([opened.length, opened[0].closed, phases.at(-1)], [1, true, 'offline']);
  session.cameOnline();
  equal(opened.length, 2);
});

test('bye with reconnect:false ends it, until someone asks for more', () => {
  const { session, clock, opened, phases } = online();
  opened[0].says({ type: 'bye', code: 'too_many_tabs', reconnect: false });
  clock.pass(3_600_000);
  equal([opened.length, phases.at(-1)], [1, 'refused']);
  session.retryNow();
  equal(opened.length, 2);
});

test('bye with reconnect:true is a loss like any other', () => {
  const { clock, opened } = online();
  opened[0].says({ type: 'bye', code: 'unknown_connection', reconnect: true });
  clock.pass(300);
  equal(opened.length, 2);
});

test('a socket that never opens, or never becomes ready, is given up', () => {
  const { clock, opened, session, unopened } = setUp();
  session.start();
  clock.pass(15_150);
  equal([opened.length, unopened], [2, [1]]);
  opened[1].opens();
  clock.pass(16_000);
  equal([opened.length >= 3, unopened], [true, [1]], 'the second did open');
});

test('the token comes under suspicion only when sockets do not open at all', () => {
  const { clock, opened, session, unopened } = setUp();
  session.start();
  opened[0].dies();
  clock.pass(150);
  opened[1].dies();
  equal(unopened, [1, 2]);
});

test('no steady ping: only before the idle limit', () => {
  const { clock, opened } = online();
  clock.pass(269_999);
  equal(pings(opened[0]).length, 0);
  clock.pass(1);
  equal(pings(opened[0]).map(({ rooms }) => rooms), [{ general: 7 }], 'it says how far the page is');
});

test('a ping without any answer for ten seconds means that the socket is dead', () => {
  const { clock, opened } = online();
  clock.pass(270_000);
  clock.pass(9_999);
  equal(opened[0].closed, false);
  clock.pass(1);
  equal(opened[0].closed, true);
  clock.pass(300);
  equal(opened.length, 2);
});

test('a pong, or anything else heard, keeps it alive', () => {
  const { clock, opened } = online();
  clock.pass(270_000);
  clock.pass(9_000);
  opened[0].says({ type: 'message' });
  clock.pass(9_000);
  opened[0].says({ type: 'pong' });
  clock.pass(60_000);
  equal(opened[0].closed, false);
});

test('suspicion pings at once, or ends a wait', () => {
  const { session, opened } = online();
  session.suspect();
  equal(pings(opened[0]).length, 1);
  opened[0].dies();
  session.suspect();
  equal(opened.length, 2);
});

test('a message without echo is a reason to ask after eight seconds', () => {
  const facts = { sentAt: 0, heardAt: 0, pingedAt: null, unechoedAt: 0, suspected: false, watched: false };
  equal([judge(facts, LIMITS, 7_999).act, judge(facts, LIMITS, 8_000).act], [null, 'ping']);
});

test('someone who looks at a silent page gets certainty every minute', () => {
  const facts = { sentAt: 0, heardAt: 0, pingedAt: null, unechoedAt: null, suspected: false, watched: true };
  equal([judge(facts, LIMITS, 59_999).act, judge(facts, LIMITS, 60_000).act], [null, 'ping']);
  equal(judge({ ...facts, watched: false }, LIMITS, 60_000).act, null);
});

test('the successor is ready before the old socket goes', () => {
  const { session, clock, opened, phases } = online({ random: () => 0 });
  opened[0].answersPings = true;
  clock.pass(100 * 60_000);
  equal(opened.length, 2, 'at 100 minutes');
  equal([opened[0].closed, phases.at(-1)], [false, 'online']);
  opened[1].opens();
  session.send({ action: 'who' });
  equal(opened[0].sent.at(-1).action, 'who', 'the old one is used until the new one is ready');
  opened[1].says(READY);
  session.send({ action: 'who' });
  equal([opened[1].sent.at(-1).action, opened[0].closed], ['who', false]);
  clock.pass(3_000);
  equal([opened[0].closed, phases], [true, ['connecting', 'catching', 'online', 'online']], 'nobody noticed');
});

test('the age of renewal is spread over 100 to 115 minutes', () => {
  for (const [random, minutes] of [[0, 100], [0.5, 107.5], [0.999, 114.985]]) {
    const { clock, opened } = online({ random: () => random });
    opened[0].answersPings = true;
    clock.pass(minutes * 60_000 - 1);
    equal(opened.length, 1, `random ${random}`);
    clock.pass(1);
    equal(opened.length, 2, `random ${random}`);
  }
});

test('a failed successor leaves the living socket alone and is tried again', () => {
  const { clock, opened, phases, unopened } = online({ random: () => 0 });
  opened[0].answersPings = true;
  clock.pass(100 * 60_000);
  opened[1].dies();
  clock.pass(1);
  equal([opened.length, opened[0].closed, phases.at(-1), unopened], [3, false, 'online', []]);
});

test('leaving says bye, and nothing comes after it', () => {
  const { session, clock, opened } = online();
  session.stop();
  equal(opened[0].sent.at(-1).action, 'bye');
  clock.pass(3_600_000);
  equal([opened.length, clock.timers.size], [1, 0], 'no timer is left');
});

test('frames that are not ours are not passed on', () => {
  const { opened, frames } = online();
  opened[0].says('{"message": "Internal server error", "connectionId":"x", "requestId":"y"}');
  opened[0].says('not json');
  opened[0].says('null');
  equal(frames, ['ready']);
});

test('a socket that only showed that the server is up makes room for the next, at once', () => {
  let accepts = false;
  const { session, opened, phases } = setUp({ accept: () => accepts });
  session.start();
  opened[0].opens();
  equal([opened.length, opened[0].closed, opened[0].sent], [2, true, []]);
  accepts = true;
  opened[1].opens();
  equal([opened[1].sent[0].action, phases.at(-1)], ['hello', 'catching']);
});

test('hello can be said again under another name without a new socket', () => {
  const { session, opened } = online();
  session.send({ action: 'hello', name: 'Ana' });
  opened[0].says(READY);
  equal([opened.length, opened[0].closed], [1, false]);
});
