/**
 * Keeps one living connection to the server: opens it, says hello, notices when it has died, comes back with growing
 * waits, and replaces it before its two hours are over, with the new one ready before the old one goes.
 *
 * env:  {WebSocket, now(), later(fn, ms) -> handle, cancel(handle), random()}
 * ask:  {url, protocols(), hello(), positions(), unechoedAt(), watched(), limits()}
 * on:   {frame(frame), phase({phase, tries, retryAt, reason, since}), unopened(count), opened() -> keep this socket?}
 *
 * phases: connecting (first time) · waiting (for the next try) · retrying · catching (open, until `ready`) · online ·
 *         offline (the browser has no network) · refused (the server said not to come back) · idle (stopped)
 */
import { backoff } from './backoff.js';
import { judge } from './liveness.js';
import { Link } from './link.js';

const READY_WITHIN = 15_000; // from opening a socket to `ready`
const STABLE_AFTER = 60_000; // online for this long: the next loss starts again with the short waits
const RENEW_FROM = 6_000; // seconds of age, to limits.maxAge
const DRAIN = 3_000; // the old socket may finish its answers

export class Session {
  constructor({ env, ask, on }) {
    this.env = env;
    this.ask = ask;
    this.on = on;
    this.link = null; // the one that is used
    this.fresh = null; // the one being opened, first or as a successor
    this.tries = 0;
    this.unopened = 0;
    this.suspected = false;
    this.timers = new Map();
    this.nextId = 1;
    this.phase = 'idle';
    this.since = env.now();
  }

  start() {
    this.#open(this.tries ? 'retrying' : 'connecting');
  }

  /** The id for the next frame, to be noted before the frame is sent; null while nothing can be sent. */
  ticket() {
    return this.link?.ready ? String(this.nextId++) : null;
  }

  send(frame) {
    this.link?.send(frame);
  }

  /** Something happened that often kills sockets: find out now. */
  suspect() {
    if (this.phase === 'waiting') return this.retryNow();
    this.suspected = true;
    return this.look();
  }

  retryNow() {
    if (this.phase === 'waiting' || this.phase === 'offline' || this.phase === 'refused') this.start();
  }

  wentOffline() {
    this.#drop();
    this.#enter('offline');
  }

  cameOnline() {
    if (this.phase === 'offline') this.tries = 0;
    this.suspect();
    this.retryNow();
  }

  /** Leave for good, telling the server, so that nobody waits for us. */
  stop() {
    this.link?.send({ action: 'bye' });
    this.#drop();
    this.#enter('idle');
  }

  /** Look at the connection's health; called by its own timer and whenever facts changed. */
  look() {
    const link = this.link;
    if (!link?.ready) return;
    const facts = {
      sentAt: link.sentAt, heardAt: link.heardAt, pingedAt: link.pingedAt,
      unechoedAt: this.ask.unechoedAt(), suspected: this.suspected, watched: this.ask.watched(),
    };
    const { act, at } = judge(facts, this.ask.limits(), this.env.now());
    if (act === 'dead') return this.#lost(link);
    if (act === 'ping') this.#ping(link);
    this.#timer('look', () => this.look(), at - this.env.now());
  }

  #ping(link) {
    this.suspected = false;
    link.pingedAt = this.env.now();
    link.send({ action: 'ping', id: String(this.nextId++), rooms: this.ask.positions() });
  }

  #open(phase) {
    this.#drop();
    this.#enter(phase);
    this.#dial();
  }

  #dial() {
    const { WebSocket, now } = this.env;
    const on = {
      open: (link) => this.#hello(link),
      frame: (link, frame) => this.#frame(link, frame),
      close: (link) => this.#lost(link),
    };
    this.fresh = new Link({ WebSocket, url: this.ask.url, protocols: this.ask.protocols(), now, on });
    const fresh = this.fresh;
    this.#timer('ready', () => this.#lost(fresh), READY_WITHIN);
  }

  #hello(link) {
    if (!this.on.opened()) return this.link ? this.#lost(link) : this.#open('retrying');
    this.unopened = 0;
    link.send({ ...this.ask.hello(), id: String(this.nextId++) });
    if (link === this.fresh && !this.link) this.#enter('catching');
    return undefined;
  }

  #frame(link, frame) {
    if (frame.type === 'pong') link.pingedAt = null;
    if (frame.type === 'bye') return this.#dismissed(link, frame);
    this.on.frame(frame);
    if (frame.type === 'ready' && link === this.fresh) this.#settle(link);
    return undefined;
  }

  /** `link` is ready: use it, and let go of the one before. */
  #settle(link) {
    const old = this.link;
    if (old) this.env.later(() => old.close(), DRAIN);
    this.link = link;
    this.fresh = null;
    link.ready = true;
    this.suspected = false;
    this.#clear('ready');
    this.#timer('stable', () => { this.tries = 0; }, STABLE_AFTER);
    this.#timer('renew', () => this.#dial(), this.#renewAfter());
    this.#enter('online');
    this.look();
  }

  #renewAfter() {
    const last = this.ask.limits().maxAge;
    const first = Math.min(RENEW_FROM, last);
    return 1000 * (first + this.env.random() * (last - first));
  }

  #lost(link) {
    link.close();
    if (link === this.fresh) this.#freshFailed(link);
    else if (link === this.link) this.#comeBack();
  }

  #freshFailed(link) {
    this.fresh = null;
    this.#clear('ready');
    if (this.link) return this.#timer('renew', () => this.#dial(), backoff(4, this.env.random));
    if (!link.greeted) this.on.unopened(++this.unopened);
    return this.#comeBack();
  }

  #comeBack() {
    this.#drop();
    const wait = backoff(this.tries, this.env.random);
    this.tries += 1;
    this.#enter('waiting', { retryAt: this.env.now() + wait });
    this.#timer('retry', () => this.start(), wait);
  }

  #dismissed(link, { reconnect, code }) {
    if (reconnect !== false) return this.#lost(link);
    if (link !== this.link && link !== this.fresh) return undefined;
    this.#drop();
    return this.#enter('refused', { reason: code });
  }

  #drop() {
    for (const name of [...this.timers.keys()]) this.#clear(name);
    for (const link of [this.link, this.fresh]) link?.close();
    this.link = this.fresh = null;
    this.suspected = false;
  }

  #enter(phase, { retryAt = null, reason = null } = {}) {
    const since = this.phase === phase ? this.since : this.env.now();
    this.phase = phase;
    this.since = since;
    this.on.phase({ phase, tries: this.tries, retryAt, reason, since });
  }

  #timer(name, action, ms) {
    this.#clear(name);
    this.timers.set(name, this.env.later(() => {
      this.timers.delete(name);
      action();
    }, Math.max(0, ms)));
  }

  #clear(name) {
    if (this.timers.has(name)) this.env.cancel(this.timers.get(name));
    this.timers.delete(name);
  }
}
