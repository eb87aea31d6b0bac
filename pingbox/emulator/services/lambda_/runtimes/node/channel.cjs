// The worker's end of the Runtime API (LM-30 to LM-33): just enough HTTP for one connection that is kept open.
//
// An answer and the request for the next event leave in one write, which saves a round trip per invocation. While the
// handler runs, the connection does not keep the event loop alive: an empty loop means that the handler is done.
"use strict";

const net = require("node:net");

const BASE = "/2018-06-01/runtime";
const END_OF_HEAD = "\r\n\r\n";

class Channel {
  constructor(address, secret) {
    this.secret = secret;
    const [host, port] = address.split(":");
    this.address = address;
    this.pieces = [];
    this.size = 0; // bytes in pieces
    this.needed = 0; // bytes a whole response takes, as far as known
    this.socket = net.connect({ host, port, noDelay: true });
    this.socket.on("data", (piece) => this.received(piece));
    this.socket.on("close", () => process.exit(1)); // without the emulator there is nothing to live for
    this.socket.on("error", () => process.exit(1));
  }

  next() {
    this.socket.write(this.head("GET", "/invocation/next"));
    return this.delivery();
  }

  answer(requestId, text) {
    return this.post(`/invocation/${requestId}/response`, text, []);
  }

  fail(requestId, document) {
    return this.post(`/invocation/${requestId}/error`, JSON.stringify(document), errorType(document));
  }

  // Without a request for a next event: the process ends.
  async failAndStop(requestId, document) {
    await this.postOnly(`/invocation/${requestId}/error`, JSON.stringify(document), errorType(document));
  }

  async initError(document) {
    await this.postOnly("/init/error", JSON.stringify(document), errorType(document));
  }

  async post(path, text, more) {
    const body = Buffer.from(text);
    this.socket.write(Buffer.concat([this.head("POST", path, body, more), body, this.head("GET", "/invocation/next")]));
    await this.response();
    return this.delivery();
  }

  async postOnly(path, text, more) {
    const body = Buffer.from(text);
    this.socket.write(Buffer.concat([this.head("POST", path, body, more), body]));
    await this.response();
  }

  head(method, path, body, more = []) {
    const lines = [`${method} ${BASE}${path} HTTP/1.1`, `Host: ${this.address}`, `Pingbox-Runtime-Secret: ${this.secret}`, ...more];
    if (body !== undefined) {
      const memory = process.platform === "linux" ? 0 : process.resourceUsage().maxRSS;
      lines.push("Content-Type: application/json", `Content-Length: ${body.length}`, `Pingbox-Max-Memory: ${memory}`);
    }
    return Buffer.from(lines.join("\r\n") + END_OF_HEAD, "latin1");
  }

  async delivery() {
    const { status, headers, body } = await this.response();
    if (status !== 200) {
      throw new Error(`the Runtime API answered ${status} to the request for the next event`);
    }
    return { headers, body };
  }

  response() {
    this.socket.ref();
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.look();
    });
  }

  received(piece) {
    this.pieces.push(piece);
    this.size += piece.length;
    if (this.size >= this.needed) {
      this.look();
    }
  }

  // Hand on a response if one is whole and somebody waits for it.
  look() {
    if (this.resolve === undefined || this.size === 0) {
      return;
    }
    const received = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces);
    this.pieces = [received];
    const end = received.indexOf(END_OF_HEAD);
    if (end < 0) {
      return;
    }
    const [statusLine, ...lines] = received.toString("latin1", 0, end).split("\r\n");
    const headers = Object.fromEntries(lines.map(headerOf));
    const begin = end + END_OF_HEAD.length;
    this.needed = begin + Number(headers["content-length"] ?? 0);
    if (received.length < this.needed) {
      return;
    }
    const rest = received.subarray(this.needed);
    const body = received.subarray(begin, this.needed);
    this.pieces = rest.length > 0 ? [rest] : [];
    this.size = rest.length;
    this.needed = 0;
    const resolve = this.resolve;
    this.resolve = undefined;
    this.socket.unref();
    resolve({ status: Number(statusLine.split(" ")[1]), headers, body });
  }
}

function headerOf(line) {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function errorType(document) {
  return [`Lambda-Runtime-Function-Error-Type: ${String(document.errorType).replace(/[^\x20-\x7e]/g, "?")}`];
}

module.exports = { Channel };
