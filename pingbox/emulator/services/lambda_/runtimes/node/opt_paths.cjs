// /opt where it cannot be mounted: what Node code requires, imports and opens below it is found in the function's layers.
// Loaded with --require; PINGBOX_LAYERS has their folders as JSON, the one that hides the others first. A child process and a
// native library that name /opt are not covered.
"use strict";

const fs = require("node:fs");
const nodeModule = require("node:module");
const { fileURLToPath, pathToFileURL } = require("node:url");

const OPT = "/opt/";
const layers = JSON.parse(process.env.PINGBOX_LAYERS || "[]");
delete process.env.PINGBOX_LAYERS;

const FUNCTIONS = ["access", "createReadStream", "lstat", "open", "opendir", "readFile", "readdir", "readlink", "realpath", "stat"];
const exists = fs.existsSync;

// A module may be named without its ending, so the first layer that has its folder counts, too.
function found(path) {
  const text = path instanceof URL && path.protocol === "file:" ? fileURLToPath(path) : path;
  if (typeof text !== "string" || !text.startsWith(OPT)) {
    return path;
  }
  const rest = text.slice(OPT.length);
  const candidates = layers.map((layer) => `${layer}/${rest}`);
  const endings = ["", ".js", ".mjs", ".cjs", ".json", ".node"];
  return candidates.find((candidate) => endings.some((ending) => exists(candidate + ending))) ?? path;
}

function redirect(object, name) {
  const original = object[name];
  if (typeof original === "function") {
    object[name] = Object.assign(function redirected(path, ...rest) {
      return original.call(this, found(path), ...rest);
    }, original);
  }
}

for (const name of FUNCTIONS) {
  redirect(fs, name);
  redirect(fs, `${name}Sync`);
  redirect(fs.promises, name);
}
redirect(fs, "existsSync");

const resolveFilename = nodeModule._resolveFilename;
nodeModule._resolveFilename = function resolveInLayers(request, ...rest) {
  return resolveFilename.call(this, found(request), ...rest);
};
nodeModule.syncBuiltinESMExports();

if (typeof nodeModule.register === "function") {
  const hooks = `const layers = ${JSON.stringify(layers)};
    import { existsSync } from "node:fs"; import { pathToFileURL } from "node:url";
    export async function resolve(specifier, context, next) {
      const path = specifier.startsWith("file:///opt/") ? specifier.slice(7) : specifier;
      if (!path.startsWith("/opt/")) { return next(specifier, context); }
      const layer = layers.find((one) => existsSync(one + path.slice(4)));
      return next(layer === undefined ? specifier : pathToFileURL(layer + path.slice(4)).href, context);
    }`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hooks)}`, pathToFileURL(__filename));
}
