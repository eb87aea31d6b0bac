// No way out: nothing in this process reaches real AWS. Loaded with --require, before any code of the app.
//
// * Requests by http and https to a host that the emulator stands for go to its port in plain HTTP, which saves TLS. Their
//   Host header stays as it was, so that the emulator still finds the API by its host.
// * https://{domainName} with the emulator's own address is spoken as http.
// * All other connections to such a host end at the redirect listener: see sockets.cjs.
// * Any other host of AWS is not resolved and not connected to: whoever asks gets an error that names it.
// * Child processes are guarded alike: see children.cjs.
"use strict";

const { spawnSync } = require("node:child_process");
const http = require("node:http");
const https = require("node:https");
const { syncBuiltinESMExports } = require("node:module");
const { Readable } = require("node:stream");
const { getEnvironmentData, isMainThread, setEnvironmentData } = require("node:worker_threads");
const { guardChildren } = require("./children.cjs");
const { isAws, normalized, serviceOf } = require("./hosts.cjs");
const { guardSockets } = require("./sockets.cjs");

const config = isMainThread ? process.env.PINGBOX_GUARD : getEnvironmentData("pingbox guard");
delete process.env.PINGBOX_GUARD;
setEnvironmentData("pingbox guard", config); // threads are guarded, too
const targets = config ? JSON.parse(config) : { endpoint: process.env.AWS_ENDPOINT_URL, port: 0, services: [], domains: [] };
const endpoint = targets.endpoint ? new URL(targets.endpoint) : null;
// Of an emulator that says nothing more, this is known.
const services = new Set(targets.port ? targets.services : ["execute-api", "dynamodb", "lambda"]);
const domains = new Set(targets.domains);

const agent = new http.Agent({ keepAlive: true });
const original = { http: { ...http }, https: { ...https } };

class AwsRefused extends Error {
  constructor(host) {
    super(
      `PingBox refused a call to AWS at ${host}: the emulator never talks to real AWS. ` +
        "Leave the endpoint out, or point it at the emulator (AWS_ENDPOINT_URL)",
    );
    this.name = "AwsRefused";
    this.code = "PINGBOX_REFUSED";
  }
}

function leadsHere(host) {
  const name = normalized(host);
  return endpoint !== null && (domains.has(name) || (isAws(name) && services.has(serviceOf(name))));
}

let known;

// The certificate that the redirect listener hands out, asked for at the first need; it has to be there at once.
function authority() {
  if (known === undefined) {
    const script = `require("http").get("http://127.0.0.1:${targets.port}/authority.pem", (got) => got.pipe(process.stdout))`;
    known = spawnSync(process.execPath, ["-e", script], { env: {}, encoding: "utf8" }).stdout;
  }
  return known;
}

// The arguments of http.request, as one options object and maybe a callback.
function normalised(first, second, third) {
  if (typeof first === "string" || first instanceof URL) {
    const url = new URL(first);
    const options = { protocol: url.protocol, hostname: url.hostname, port: url.port, path: url.pathname + url.search };
    return typeof second === "function" ? [options, second] : [{ ...options, ...second }, third];
  }
  return [{ ...first }, second];
}

// Handlers also give `hostname: event.requestContext.domainName`, which has a port when it is the emulator's address.
function addressOf(options) {
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(String(options.hostname || options.host || "localhost").toLowerCase());
  return { host, port: port ?? String(options.port || "") };
}

function hostOf(options) {
  return addressOf(options).host;
}

function isEmulator(options) {
  const { host, port } = addressOf(options);
  return host === endpoint.hostname && port === endpoint.port;
}

function isToBeRedirected(options) {
  return endpoint !== null && (leadsHere(hostOf(options)) || isEmulator(options));
}

function hasHostHeader(headers) {
  return Array.isArray(headers) || Object.keys(headers).some((name) => name.toLowerCase() === "host");
}

// The same request to the emulator; agents and certificates of https have no meaning there.
function atTheEmulator(options) {
  const headers = options.headers || {};
  const { hostname, host, port, agent: _, servername, ca, cert, key, ...rest } = options;
  return {
    ...rest,
    protocol: "http:",
    hostname: endpoint.hostname.replace(/^\[|\]$/g, ""),
    port: endpoint.port,
    agent,
    headers: hasHostHeader(headers) || isEmulator(options) ? headers : { ...headers, Host: hostOf(options) },
  };
}

function guardModule(module, originals) {
  module.request = function request(...args) {
    const [options, callback] = normalised(...args);
    if (isToBeRedirected(options)) {
      return original.http.request(atTheEmulator(options), callback);
    }
    return originals.request.apply(module, args);
  };
  module.get = function get(...args) {
    const request = module.request(...args);
    request.end();
    return request;
  };
}

function guardFetch() {
  const fetch = globalThis.fetch;
  globalThis.fetch = async function guardedFetch(resource, init) {
    const request = new Request(resource, init);
    const { protocol, hostname, port, pathname, search } = new URL(request.url);
    if (!isToBeRedirected({ hostname, port })) {
      return fetch(resource, init);
    }
    // fetch itself would not let us keep the Host header.
    const headers = Object.fromEntries(request.headers);
    const options = { protocol, hostname, port, path: pathname + search, method: request.method, headers };
    return fetched({ ...options, signal: request.signal }, Buffer.from(await request.arrayBuffer()));
  };
}

function fetched(options, body) {
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      const { statusCode: status, statusMessage: statusText, rawHeaders } = response;
      const pairs = rawHeaders.flatMap((name, n) => (n % 2 === 0 ? [[name, rawHeaders[n + 1]]] : []));
      const content = [204, 304].includes(status) ? null : Readable.toWeb(response);
      resolve(new Response(content, { status, statusText, headers: pairs }));
    });
    request.on("error", (cause) => reject(new TypeError("fetch failed", { cause })));
    request.end(body);
  });
}

guardModule(http, original.http);
guardModule(https, original.https);
if (typeof globalThis.fetch === "function") {
  guardFetch();
}
guardSockets({
  port: targets.port,
  leadsHere: (host) => targets.port !== 0 && leadsHere(host),
  refuses: (host) => isAws(host) && !(targets.port !== 0 && leadsHere(host)),
  refusal: (host) => new AwsRefused(host),
  authority,
});
if (config) {
  guardChildren(config);
}
syncBuiltinESMExports(); // import { request } from "node:https" sees the guarded one, too
