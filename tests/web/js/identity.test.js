import { Identity } from '/js/identity.js';
import { socketUrl } from '/js/config.js';
import { messageOf, recall, remember, roomOf } from '/js/memory.js';
import { Storage } from '/js/storage.js';
import { initialState, reduce } from '/js/store/reducer.js';
import { choose, loadWords, speak } from '/js/i18n.js';
import { equal, suite } from './harness.js';

const test = suite(import.meta.url);
const WITH = ['pingbox.v1', 'auth.t0ken'];
const WITHOUT = ['pingbox.v1'];

class Box {
  constructor(entries = {}) {
    Object.assign(this, entries);
  }

  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, value) {
    this[key] = value;
  }

  removeItem(key) {
    delete this[key];
  }
}

function known() {
  const box = new Box();
  const identity = new Identity(new Storage(box));
  identity.welcomed({ user: { id: 'g-me', name: 'Ana' }, token: 't0ken' });
  return { identity, box };
}

test('a server that was down and comes back finds us with our token', () => {
  const { identity } = known();
  identity.unopened(1);
  equal(identity.protocols(), WITH);
  identity.unopened(2);
  equal(identity.protocols(), WITHOUT, 'is it the token?');
  equal(identity.opened(), false, 'the server is up: now again with it');
  equal(identity.protocols(), WITH);
  equal(identity.opened(), true, 'the token was never at fault');
});

test('a token that the living server refuses is given up', () => {
  const { identity, box } = known();
  identity.unopened(1);
  identity.unopened(2);
  identity.opened();
  identity.unopened(3);
  equal(identity.protocols(), WITHOUT);
  equal(identity.opened(), true);
  identity.welcomed({ user: { id: 'g-new', name: 'Ana' }, token: 'fresh' });
  equal([identity.protocols()[1], box['pingbox:token']], ['auth.fresh', '"fresh"']);
});

test('no token, no doubt', () => {
  const identity = new Identity(new Storage(new Box()));
  for (const count of [1, 2, 3, 4]) {
    identity.unopened(count);
    equal([identity.protocols(), identity.opened()], [WITHOUT, true]);
  }
});

test('every unsettled message is stored under a key of its own, base and all, before anything leaves the page', () => {
  const box = new Box();
  const storage = new Storage(box);
  let state = initialState({ rooms: ['general'] });
  const step = (action) => {
    const next = reduce(state, { now: 5, ...action });
    remember(storage, state, next);
    state = next;
  };
  step({ type: 'wrote', cid: 'c1', room: 'general', text: 'hi' });
  step({ type: 'frame', frame: { type: 'welcome', user: { id: 'g-me', name: 'Me' }, rooms: [{ room: 'general', epoch: 'e', head: 0, headN: 0 }] } });
  step({ type: 'frame', frame: { type: 'sync', room: 'general', epoch: 'e', events: [], from: 1, to: 0, head: 0 } });
  step({ type: 'asked', id: '1', request: { kind: 'send', room: 'general', cid: 'c1' } });
  equal(storage.outbox().map(({ cid, base, state: how }) => [cid, base, how]), [['c1', 0, 'sending']]);
  equal(initialState(recall(storage, null, '')).outbox.map(({ cid, base, state: how }) => [cid, base, how]), [['c1', 0, 'queued']]);
  step({ type: 'frame', frame: { type: 'message', room: 'general', seq: 1, n: 1, cid: 'c1', user: { id: 'g-me', name: 'Me' }, text: 'hi' } });
  equal([storage.outbox(), Object.keys(box).filter((key) => key.includes('out'))], [[], []]);
});

test('the read marks and the rooms come back, and the address may name one more', () => {
  const storage = new Storage(new Box({ 'pingbox:rooms': '["general"]', 'pingbox:reads': '{"general":{"epoch":"e","n":5}}' }));
  equal(recall(storage, null, '#tea').rooms, ['general', 'tea']);
  equal([recall(storage, null, '#tea').focus, recall(storage, null, '').reads.general.n], ['tea', 5]);
  equal(['#tea', '#/tea', '#tea/52', '#dm:a:b', '#Tea', '#', '#%20'].map(roomOf), ['tea', 'tea', 'tea', 'dm:a:b', null, null, null]);
  equal(['#tea', '#tea/52', '#tea/x', '#tea/1/2'].map(messageOf), [null, 52, null, null]);
});

test('an address that is not well encoded leads nowhere, and the page lives on', () => {
  equal(['#%E0%A4%A', '#/%', '#%zz/5'].map((hash) => [roomOf(hash), messageOf(hash)]), [[null, null], [null, null], [null, null]]);
  equal(recall(new Storage(new Box({})), null, '#%E0%A4%A').rooms, []);
});

test('storage that is missing, full or spoilt by hand does not stop the page', () => {
  const broken = { getItem: () => { throw new Error('denied'); }, setItem: () => { throw new Error('full'); }, removeItem: () => { throw new Error('denied'); } };
  const storage = new Storage(broken);
  storage.set('name', 'Ana');
  equal([storage.get('name'), storage.get('token'), storage.outbox()], ['Ana', null, []]);
  storage.set('name', null);
  equal(storage.get('name'), null);
  equal(new Storage(new Box({ 'pingbox:rooms': '{oops', 'pingbox:out:x': '7' })).outbox(), []);
});

test('another tab settling a message is understood, other changes are not mistaken for it', () => {
  equal(new Storage(new Box({})).settledElsewhere({ key: 'pingbox:out:c1', newValue: null }), 'c1');
  equal(new Storage(new Box({})).settledElsewhere({ key: 'pingbox:out:c1', newValue: '{}' }), null);
  equal(new Storage(new Box({})).settledElsewhere({ key: null, newValue: null }), null);
});

test('the socket is where config.json says, or on this very host', () => {
  equal(socketUrl('/dev', 'http://localhost:3001/'), 'ws://localhost:3001/dev');
  equal(socketUrl('/dev', 'https://chat.example/'), 'wss://chat.example/dev');
  equal(socketUrl('wss://x.execute-api.eu-central-1.amazonaws.com/prod', 'http://bucket.example/'), 'wss://x.execute-api.eu-central-1.amazonaws.com/prod');
});

test('the reader\'s first language that we speak is chosen, with the plural and clock of its region', async () => {
  equal([choose(['fr-FR', 'de-AT', 'en']), choose(['fr']), choose([''])], ['de', 'en', 'en']);
  const english = speak('en', undefined, ['en-GB']);
  equal([english.t('people.online', { count: 1 }), english.t('room.gap', { count: 1240 })], ['1 online', '1,240 messages not loaded']);
  equal(english.time(new Date(2026, 0, 1, 14, 5).getTime()), '14:05');
  const german = speak('de', await loadWords('de', (path) => fetch(`/${path}`)));
  equal([german.reason('moon'), german.dir], ['der Server meldet „moon“', 'ltr']);
});

test('a language that cannot be fetched is English, and the page lives', async () => {
  const words = [await loadWords('de', async () => { throw new TypeError('offline'); }), await loadWords('ar', async () => ({ ok: false }))];
  equal(words.map((each) => speak('de', each).t('message.retry')), ['Retry', 'Retry']);
});

test('times are short: the clock today without am and pm, the weekday this week, else the date', () => {
  const english = speak('en', undefined, ['en-US']);
  const now = new Date(2026, 10, 25, 15, 0).getTime();
  const at = (day, hour) => new Date(2026, 10, day, hour, 5).getTime();
  equal([english.time(at(25, 9)), english.moment(at(25, 14), now), english.moment(at(24, 9), now), english.moment(at(3, 9), now)], ['09:05', '02:05', 'Tue', 'Nov 3']);
  equal(speak('en', undefined, ['en-US'], true).time(at(25, 14)), '14:05');

});
