// No worker outlives the emulator, not even after kill -9: the kernel closes a dead process's pipes.
//
// A thread of its own watches the read end, because the app may keep the main thread busy for ever.
"use strict";

const { Worker } = require("node:worker_threads");

const WATCH = `
  const { workerData } = require("node:worker_threads");
  require("node:fs").readSync(workerData, Buffer.alloc(1)); // nobody ever writes; it returns at the pipe's end
  process.kill(-process.pid, "SIGKILL");
`;

function hold(descriptor) {
  new Worker(WATCH, { eval: true, workerData: descriptor, execArgv: [], env: {} }).unref();
}

module.exports = { hold };
