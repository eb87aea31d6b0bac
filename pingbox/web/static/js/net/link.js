/**
 * One WebSocket from its opening to its end: JSON in both directions, and when it was last used. It does not know
 * what the frames mean, and it never comes back: `session.js` opens another.
 *
 * on: {open(link), frame(link, frame), close(link)}; nothing is called after close() or after the close event.
 */
export class Link {
  constructor({ WebSocket, url, protocols, now, on }) {
    this.now = now;
    this.on = on;
    this.opened = false; // open now
    this.greeted = false; // was open once
    this.ready = false;
    this.sentAt = now();
    this.heardAt = now();
    this.pingedAt = null;
    this.socket = new WebSocket(url, protocols);
    this.socket.onopen = () => this.#opened();
    this.socket.onmessage = (message) => this.#heard(message.data);
    this.socket.onclose = () => this.#ended();
  }

  send(frame) {
    if (!this.opened || this.socket.readyState !== 1) return false;
    this.socket.send(JSON.stringify(frame));
    this.sentAt = this.now();
    return true;
  }

  /** Forget the socket: a dead one may take minutes to say that it is closed, and nobody waits for it. */
  close() {
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.opened = false;
    this.socket.close();
  }

  #opened() {
    this.opened = this.greeted = true;
    this.on.open(this);
  }

  #heard(data) {
    this.heardAt = this.now();
    const frame = parse(data);
    if (frame) this.on.frame(this, frame);
  }

  #ended() {
    this.opened = false;
    this.on.close(this);
  }
}

/** API Gateway itself answers some errors with frames that are not ours ({"message", "connectionId", "requestId"}). */
function parse(data) {
  try {
    const frame = JSON.parse(data);
    return frame !== null && typeof frame === 'object' && typeof frame.type === 'string' ? frame : null;
  } catch {
    return null;
  }
}
