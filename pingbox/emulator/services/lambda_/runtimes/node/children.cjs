// The processes that a function starts are guarded as it is. What they need is not in process.env, which is its own.
"use strict";

const childProcess = require("node:child_process");
const path = require("node:path");

const INHERITED = path.resolve(__dirname, "../../../../redirect/inherited"); // the folder of sitecustomize.py

function guardChildren(config) {
  const guarded = (environment) => ({
    ...environment,
    PINGBOX_GUARD: config,
    NODE_OPTIONS: [`--require "${path.join(__dirname, "guard.cjs")}"`, environment.NODE_OPTIONS].filter(Boolean).join(" "),
    PYTHONPATH: [INHERITED, environment.PYTHONPATH].filter(Boolean).join(path.delimiter),
  });

  // spawn, exec, execFile and fork all end here.
  const spawn = childProcess.ChildProcess.prototype.spawn;
  childProcess.ChildProcess.prototype.spawn = function guardedSpawn(options) {
    const pairs = options.envPairs ?? [];
    const environment = Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
    options.envPairs = Object.entries(guarded(environment)).map(([name, value]) => `${name}=${value}`);
    return spawn.call(this, options);
  };

  for (const name of ["spawnSync", "execFileSync", "execSync"]) {
    const run = childProcess[name];
    childProcess[name] = function guardedRun(command, ...rest) {
      const args = rest.filter(Array.isArray);
      const options = rest.find((one) => one !== null && typeof one === "object" && !Array.isArray(one)) ?? {};
      return run.call(childProcess, command, ...args, { ...options, env: guarded(options.env ?? process.env) });
    };
  }
}

module.exports = { guardChildren };
