/** The smallest test harness: tests by file and name, deep comparison, seeded randomness, a clock that is wound by hand. */
const tests = new Map();

/** `suite(import.meta.url)` gives the `test` of one file. */
export function suite(url) {
  const file = new URL(url).pathname.split('/').at(-1);
  return (name, body) => tests.set(`${file}\n${name}`, body);
}

export async function run(file, name) {
  try {
    await tests.get(`${file}\n${name}`)();
    return null;
  } catch (error) {
    return error.stack ?? String(error);
  }
}

export function names() {
  return [...tests.keys()].map((key) => key.split('\n'));
}

export function equal(actual, expected, note = '') {
  const [a, b] = [show(actual), show(expected)];
  if (a !== b) throw new Error(`${note}\n     got ${a}\nexpected ${b}`);
}

export function ok(value, note) {
  if (!value) throw new Error(note);
}

/** Maps and sets as lists, keys of objects in order: what is equal shows equal. */
function show(value) {
  return JSON.stringify(value, (key, part) => {
    if (part instanceof Map || part instanceof Set) return [...part];
    if (part && typeof part === 'object' && !Array.isArray(part)) {
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    return part === undefined ? '<undefined>' : part;
  }, 1);
}

/** mulberry32: numbers in [0, 1) that are the same for the same seed. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function shuffled(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/** Time that stands still until `pass(ms)`; timers fire in order on the way. */
export class Clock {
  constructor(time = 1_000_000) {
    this.time = time;
    this.timers = new Map();
    this.next = 1;
  }

  now = () => this.time;

  later = (action, ms) => {
    const handle = this.next++;
    this.timers.set(handle, { at: this.time + ms, action });
    return handle;
  };

  cancel = (handle) => this.timers.delete(handle);

  pass(ms) {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      this.timers.delete(due[0]);
      this.time = Math.max(this.time, due[1].at);
      due[1].action();
    }
    this.time = end;
  }
}

/** The newest sockets that a session opened, all of them scripted. */
export function socketFactory() {
  const opened = [];
  class FakeSocket {
    constructor(url, protocols) {
      Object.assign(this, { url, protocols, readyState: 0, sent: [], closed: false, answersPings: false });
      opened.push(this);
    }

    send(data) {
      const frame = JSON.parse(data);
      this.sent.push(frame);
      if (this.answersPings && frame.action === 'ping') this.says({ type: 'pong', id: frame.id });
    }

    close() {
      this.closed = true;
      this.readyState = 3;
    }

    // What the other side does:
    opens() {
      this.readyState = 1;
      this.onopen?.();
    }

    says(frame) {
      this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
    }

    dies() {
      this.readyState = 3;
      this.onclose?.();
    }
  }
  return { FakeSocket, opened };
}
