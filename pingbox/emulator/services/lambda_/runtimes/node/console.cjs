// console.log and its like, in the format of AWS's Node runtime: time, request id, level and message, with tabs between.
"use strict";

const { format } = require("node:util");

const LEVELS = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR" };

// A line end within an entry must not end it: the emulator knows this character (LINE_END in platform_log.py).
function patchConsole(requestId) {
  for (const [method, level] of Object.entries(LEVELS)) {
    console[method] = (...args) => writeLine(requestId() ?? "undefined", level, format(...args));
  }
}

function writeLine(requestId, level, message) {
  const text = message.replaceAll("\n", "\x1e");
  process.stdout.write(`${new Date().toISOString()}\t${requestId}\t${level}\t${text}\n`);
}

module.exports = { patchConsole, writeLine };
