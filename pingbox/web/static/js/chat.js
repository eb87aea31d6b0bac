/**
 * The state, the connection and the storage, joined: what happens goes through `reduce`, what it calls for goes out as
 * frames, what must outlive the page is written down. Knows no document; `app.js` shows it.
 *
 * env: {WebSocket, now, later, cancel, random, watched() -> is someone looking}
 */
import { newCid } from './ids.js';
import { remember } from './memory.js';
import { Session } from './net/session.js';
import { directoryAsk, duties, helloFrame, oldestUnechoed, overdue, positions } from './store/duties.js';
import { initialState, reduce } from './store/reducer.js';

export class Chat {
  constructor({ url, env, identity, storage, recalled, onChange }) {
    this.env = env;
    this.identity = identity;
    this.storage = storage;
    this.onChange = onChange;
    this.state = initialState(recalled);
    this.timer = null;
    this.session = new Session({
      env,
      ask: {
        url, protocols: () => identity.protocols(), hello: () => helloFrame(this.state, identity.name),
        positions: () => positions(this.state), unechoedAt: () => oldestUnechoed(this.state),
        watched: env.watched, limits: () => this.state.limits,
      },
      on: {
        frame: (frame) => this.#received(frame), phase: (link) => this.dispatch({ type: 'link', link }),
        unopened: (count) => identity.unopened(count), opened: () => identity.opened(),
      },
    });
  }

  /** Everything that happens comes by here: what people do, what the server says, and that time has passed. */
  dispatch(action) {
    const before = this.state;
    this.#take(action);
    this.#work();
    if (this.state !== before) this.onChange(before, this.state);
  }

  /** `called`: ids of those whom the writer chose by name. */
  write(text, replyTo = null, called = []) {
    this.dispatch({ type: 'wrote', cid: newCid(), room: this.state.focus, text, replyTo, called });
  }

  /** Change what is stored: `type` is 'edited', 'removed', 'reacted' or 'updated'; see the reducer for what they take. */
  change(type, fields) {
    const cid = newCid();
    this.dispatch({ type, cid, ...fields });
    return cid;
  }

  rename(name) {
    this.identity.rename(name);
    if (this.state.link.phase === 'idle') this.session.start();
    else this.dispatch({ type: 'rename', name });
  }

  /** Ask for the list of rooms that can be joined. */
  listRooms(after = null) {
    const { request, frame } = directoryAsk(after);
    this.dispatch({ type: 'wish', request, frame });
  }

  #received(frame) {
    if (frame.type === 'welcome') this.identity.welcomed(frame);
    this.dispatch({ type: 'frame', frame });
    if (frame.type === 'rooms' && frame.next) this.listRooms(frame.next);
  }

  /** The only place where the state changes; what must outlive the page is written down before anything else happens. */
  #take(action) {
    const before = this.state;
    this.state = reduce(before, { now: this.env.now(), ...action });
    if (this.state !== before) remember(this.storage, before, this.state);
  }

  /** Do what the state calls for, and look again when it says so. */
  #work() {
    const now = this.env.now();
    const lost = overdue(this.state, now);
    if (lost.length) this.#take({ type: 'expired', ids: lost });
    const { asks, at } = duties(this.state, now);
    for (const ask of asks) this.#ask(ask);
    this.session.look();
    this.env.cancel(this.timer);
    this.timer = at === null ? null : this.env.later(() => this.dispatch({ type: 'tick' }), Math.max(0, at - now));
  }

  /** Note the question, then send it: the base of a first attempt is stored before anything leaves the page. */
  #ask({ request, frame }) {
    const id = this.session.ticket();
    if (id === null) return;
    this.#take({ type: 'asked', id, request });
    this.session.send({ ...frame, id });
  }
}
