// What app.rough does, as a Node handler does it.
"use strict";

const { spawn } = require("node:child_process");
const { Worker } = require("node:worker_threads");

const ROUGH = {
  crash: () => {
    throw new Error("as ordered");
  },
  hang: () => new Promise(() => setInterval(() => {}, 3_600_000)),
  exit: () => process.exit(3),
  child: () => {
    spawn("sleep", ["3600"]);
    process.exit(0);
  },
  "escaped child": () => {
    spawn("sleep", ["3600"], { detached: true, stdio: "ignore" }).unref();
    return { statusCode: 200 };
  },
  thread: () => {
    new Worker("setInterval(() => {}, 3_600_000);", { eval: true }).unref();
    return { statusCode: 200 };
  },
  number: () => 42,
  unserialisable: () => ({ statusCode: 200, body: 10n }),
  status: () => ({ statusCode: "many", body: ["no", "text"] }),
  huge: () => ({ statusCode: 200, body: "x".repeat(7_000_000) }),
  fail: () => ({ statusCode: 500, body: "nobody hears this" }),
  shout: () => {
    console.log("x".repeat(50_000));
    return { statusCode: 200 };
  },
};

exports.handler = async (event) => ROUGH[JSON.parse(event.body).how]();
