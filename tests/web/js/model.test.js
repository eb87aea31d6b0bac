/**
 * The page's store against a server that loses, doubles, delays and dies: random schedules, and at the end every page
 * equals the log, every message is there, none twice. The rules of the server are those of docs/reference/protocol.md.
 */
import { duties, helloFrame, overdue } from '/js/store/duties.js';
import { initialState, reduce } from '/js/store/reducer.js';
import { equal, ok, seeded, suite } from './harness.js';

const test = suite(import.meta.url);
const ROOM = 'general';
const TAIL = 100;

class Server {
  constructor(random, faults) {
    Object.assign(this, { random, faults, log: [], pages: [], mail: [] });
  }

  head() {
    return this.log.length;
  }

  /** Frames travel in any order, some never arrive, some twice. */
  post(page, frame, mayLose = true) {
    if (mayLose && this.random() < this.faults.lose) return;
    const copies = this.random() < this.faults.double ? 2 : 1;
    for (let i = 0; i < copies; i += 1) this.mail.push([page, page.socket, frame]);
  }

  receive(page, frame) {
    if (this.random() < this.faults.crash) return; // an invocation dies before it did anything
    this[frame.action]?.(page, frame);
  }

  sendMessage(page, { id, cid, seen, text }) {
    const reply = { id, cid, room: ROOM };
    if (seen > this.head() || this.head() - seen > TAIL) {
      return this.post(page, { ...reply, type: 'error', code: 'behind', retry: true });
    }
    const stored = this.log.findIndex((event) => event.seq >= seen && event.cid === cid && event.user.id === page.id) + 1;
    if (stored) return this.post(page, { ...reply, type: 'ok', seq: stored, dup: true });
    const seq = this.head() + 1;
    const event = { type: 'message', room: ROOM, seq, n: seq, ts: seq, user: { id: page.id, name: page.id }, cid, text };
    this.log.push(event);
    if (this.random() < this.faults.crash) return undefined; // stored, and nobody is told
    for (const other of this.pages.filter((each) => each.socket)) this.post(other, event);
  }

  /** Somebody else writes a lot at once, and few of the posts arrive. */
  burst(count) {
    for (let i = 0; i < count; i += 1) {
      const seq = this.head() + 1;
      this.log.push({ type: 'message', room: ROOM, seq, n: seq, ts: seq, user: { id: 'z', name: 'Z' }, cid: `z-${seq}`, text: 'z' });
    }
    for (const page of this.pages) if (page.socket) this.post(page, this.log.at(-1));
  }

  page(after, epoch) {
    const newest = after === undefined || this.head() - after > 500;
    const from = newest ? Math.max(0, this.head() - 50) : after;
    const events = this.log.slice(from, from + 30);
    const to = from + events.length;
    return { type: 'sync', room: ROOM, epoch: epoch ?? 'e', events, from: from + 1, to, head: this.head(), more: to < this.head(), reset: false };
  }

  sync(page, { id, after }) {
    this.post(page, { ...this.page(after), id });
  }

  hello(page, frame) {
    const [position] = frame.rooms;
    const info = { room: ROOM, title: 'G', epoch: 'e', head: this.head(), headN: this.head(), floor: 1 };
    page.hears({ type: 'welcome', user: { id: page.id, name: page.id }, limits: {}, rooms: [info] });
    page.hears(this.page(position.seen));
    page.hears({ type: 'ready' });
  }

  ping(page, { id, rooms }) {
    const behind = this.head() > rooms[ROOM] ? { [ROOM]: this.head() } : {};
    this.post(page, { type: 'pong', id, behind });
  }

  deliver() {
    if (!this.mail.length) return;
    const at = Math.floor(this.random() * this.mail.length);
    const [page, socket, frame] = this.mail.splice(at, 1)[0];
    if (page.socket === socket) page.hears(frame);
  }
}

class Page {
  constructor(id, server) {
    Object.assign(this, { id, server, now: 0, written: [], ids: 0, socket: null, sockets: 0 });
    this.state = initialState({ rooms: [ROOM] });
    server.pages.push(this);
  }

  does(action) {
    this.state = reduce(this.state, { now: this.now, ...action });
    if (action.type !== 'asked') this.work();
  }

  hears(frame) {
    this.does({ type: 'frame', frame });
  }

  work() {
    const lost = overdue(this.state, this.now);
    if (lost.length) this.state = reduce(this.state, { type: 'expired', ids: lost });
    for (const { request, frame } of duties(this.state, this.now).asks) {
      ok(this.ids < 20_000, 'a page asks without end');
      const id = `${++this.ids}`;
      this.does({ type: 'asked', id, request });
      this.saved = this.state.outbox; // what localStorage holds before the frame leaves
      this.server.receive(this, { ...frame, id });
    }
  }

  connect() {
    this.phase('catching');
    this.socket = ++this.sockets;
    this.server.hello(this, helloFrame(this.state, this.id));
    this.phase('online');
  }

  disconnect() {
    this.socket = null;
    this.phase('waiting');
  }

  /** The memory is gone, the outbox is not. */
  reload() {
    this.socket = null;
    this.state = initialState({ rooms: [ROOM], outbox: this.state.outbox, me: { id: this.id, name: this.id } });
  }

  phase(phase) {
    this.does({ type: 'link', link: { phase, tries: 0, retryAt: null, reason: null, since: 0 } });
  }

  write() {
    const cid = `${this.id}-${this.written.length}`;
    this.written.push(cid);
    this.does({ type: 'wrote', cid, room: ROOM, text: cid });
  }

  ping() {
    const { seen } = this.state.rooms[ROOM].log;
    if (this.socket && seen !== null) this.server.ping(this, { id: `${++this.ids}`, rooms: { [ROOM]: seen } });
  }

  pass(ms) {
    this.now += ms;
    this.work();
  }
}

function runSchedule(seed) {
  const random = seeded(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const faults = { lose: pick([0, 0.2, 0.5]), double: pick([0, 0.3]), crash: pick([0, 0.1, 0.3]) };
  const server = new Server(random, faults);
  const pages = ['a', 'b', 'c'].map((id) => new Page(id, server));
  const steps = 40 + Math.floor(random() * 200);
  for (let step = 0; step < steps; step += 1) {
    const page = pick(pages);
    const choice = random();
    if (choice < 0.15) page.write();
    else if (choice < 0.25) page.socket ? page.disconnect() : page.connect();
    else if (choice < 0.28) page.reload();
    else if (choice < 0.34) page.ping();
    else if (choice < 0.37) server.burst(1 + Math.floor(random() * pick([3, 60, 120])));
    else if (choice < 0.46) page.pass(pick([200, 1_000, 9_000, 13_000]));
    else server.deliver();
  }
  calmDown(server, pages);
  judge(server, pages, seed);
  return server.head();
}

function calmDown(server, pages) {
  Object.assign(server.faults, { lose: 0, double: 0, crash: 0 });
  for (let round = 0; round < 400; round += 1) {
    for (const page of pages) {
      if (!page.socket) page.connect();
      page.pass(13_000);
      page.ping();
    }
    while (server.mail.length) server.deliver();
    const settled = pages.every(({ state }) => state.outbox.length === 0 && state.rooms[ROOM].log.seen === server.head());
    if (settled) return;
  }
}

function judge(server, pages, seed) {
  const cids = server.log.map(({ cid }) => cid);
  equal(new Set(cids).size, cids.length, `seed ${seed}: stored twice`);
  for (const { id, written, state } of pages) {
    equal(state.outbox, [], `seed ${seed}: ${id} still waits`);
    equal(cids.filter((cid) => cid.startsWith(id)), written, `seed ${seed}: ${id}'s messages are stored once, in the order written`);
    const { messages, covered, seen } = state.rooms[ROOM].log;
    equal(seen, server.head(), `seed ${seed}: ${id} follows the log`);
    for (const [from, to] of covered) {
      for (let seq = Math.max(1, from); seq <= to; seq += 1) {
        ok(messages.get(seq)?.cid === cids[seq - 1], `seed ${seed}: ${id} shows something else at ${seq}`);
      }
    }
  }
}

test('whatever is lost, doubled, reordered, crashed or reloaded: stored once, shown once, in order', () => {
  let messages = 0;
  for (let seed = 1; seed <= 400; seed += 1) messages += runSchedule(seed);
  ok(messages > 4000, `only ${messages} messages were written`);
});
