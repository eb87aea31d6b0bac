// Connections and name resolution of this process: what is the emulator's arrives at its redirect listener, over TLS or
// plain, whoever connects; what is AWS's and not the emulator's is refused.
"use strict";

const dns = require("node:dns");
const net = require("node:net");
const tls = require("node:tls");
const { isMetadata } = require("./hosts.cjs");

const MARKER = "127.112.98.1"; // what names that lead to the emulator resolve to; see redirect/targets.py

const original = { lookup: dns.lookup, promised: dns.promises.lookup, connect: net.Socket.prototype.connect };

// `guard` has leadsHere(host), refuses(host), refusal(host) and port.
function guardSockets(guard) {
  guardConnect(guard);
  guardTls(guard);
  guardLookup(guard);
  guardNameServers(guard);
}

function guardConnect(guard) {
  net.Socket.prototype.connect = function connect(...args) {
    const normalizedArgs = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
    const options = normalizedArgs[0];
    if (options.path || options.host === undefined) {
      return original.connect.apply(this, args);
    }
    if (guard.refuses(options.host)) {
      process.nextTick(() => this.destroy(guard.refusal(options.host)));
      return this;
    }
    if (options.host === MARKER || guard.leadsHere(options.host)) {
      const { lookup: _, ...rest } = options;
      normalizedArgs[0] = { ...rest, host: "127.0.0.1", port: guard.port };
    } else {
      normalizedArgs[0] = { ...options, lookup: checked(options.lookup ?? dns.lookup, guard) };
    }
    return original.connect.call(this, normalizedArgs);
  };
}

// A name may resolve to the address at which a machine on AWS hands out its keys.
function checked(lookup, guard) {
  return function checkedLookup(hostname, options, callback) {
    const done = typeof options === "function" ? options : callback;
    const answered = (error, address, family) => {
      const addresses = Array.isArray(address) ? address.map((one) => one.address) : [address];
      const bad = error ? undefined : addresses.find((one) => typeof one === "string" && isMetadata(one));
      done(bad === undefined ? error : guard.refusal(bad), address, family);
    };
    return typeof options === "function" ? lookup(hostname, answered) : lookup(hostname, options, answered);
  };
}

function guardTls(guard) {
  const connect = tls.connect;
  tls.connect = function guardedConnect(...args) {
    const [options, callback] = net._normalizeArgs(args);
    const host = options.servername || options.host;
    if (host !== undefined && !options.secureContext && (guard.leadsHere(host) || guard.leadsHere(options.host ?? ""))) {
      const ca = [options.ca ?? tls.rootCertificates, guard.authority()].flat();
      return connect.call(tls, { ...options, ca }, callback);
    }
    return connect.apply(tls, args);
  };
}

function guardLookup(guard) {
  dns.lookup = function lookup(hostname, options, callback) {
    const done = typeof options === "function" ? options : callback;
    const settings = typeof options === "object" && options !== null ? options : { family: Number(options) || 0 };
    if (guard.refuses(String(hostname))) {
      process.nextTick(done, guard.refusal(hostname));
    } else if (guard.leadsHere(String(hostname))) {
      const found = { address: MARKER, family: 4 };
      process.nextTick(() => (settings.all ? done(null, [found]) : done(null, found.address, found.family)));
    } else {
      return original.lookup.call(dns, hostname, options, callback);
    }
    return {};
  };
  dns.promises.lookup = async function lookup(hostname, options) {
    if (guard.refuses(String(hostname))) {
      throw guard.refusal(hostname);
    }
    if (guard.leadsHere(String(hostname))) {
      const found = { address: MARKER, family: 4 };
      return options?.all ? [found] : found;
    }
    return original.promised.call(dns.promises, hostname, options);
  };
}

// dns.resolve and its kind ask a name server themselves.
function guardNameServers(guard) {
  const named = (object) =>
    Object.getOwnPropertyNames(object).filter((name) => /^(resolve|reverse)/.test(name) && typeof object[name] === "function");
  const isOurs = (name) => guard.refuses(String(name)) || guard.leadsHere(String(name));
  for (const object of [dns, dns.Resolver.prototype]) {
    for (const name of named(object)) {
      const ask = object[name];
      object[name] = function resolve(hostname, ...rest) {
        if (!isOurs(hostname)) {
          return ask.call(this, hostname, ...rest);
        }
        process.nextTick(rest.at(-1), guard.refusal(hostname));
        return {};
      };
    }
  }
  for (const object of [dns.promises, dns.promises.Resolver.prototype]) {
    for (const name of named(object)) {
      const ask = object[name];
      object[name] = async function resolve(hostname, ...rest) {
        if (isOurs(hostname)) {
          throw guard.refusal(hostname);
        }
        return ask.call(this, hostname, ...rest);
      };
    }
  }
}

module.exports = { guardSockets };
