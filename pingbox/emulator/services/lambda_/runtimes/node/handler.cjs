// From the handler setting to a function: `folder/module.name`, CommonJS or ES module, as AWS's Node runtime finds it.
"use strict";

const fs = require("node:fs");
const nodeModule = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const typescript = require("./typescript.cjs");

class RuntimeError extends Error {
  // errorType as Lambda words it: Runtime.ImportModuleError, Runtime.HandlerNotFound ...
  constructor(errorType, message) {
    super(message);
    this.name = errorType;
  }
}

async function findHandler(taskRoot, setting) {
  const folder = path.dirname(setting);
  const match = /^([^.]*)\.(.+)$/.exec(path.basename(setting));
  if (match === null) {
    throw new RuntimeError("Runtime.MalformedHandlerName", "Bad handler");
  }
  const [, moduleName, names] = match;
  const loaded = await load(taskRoot, path.join(folder, moduleName));
  const handler = names.split(".").reduce((value, name) => value?.[name], loaded);
  if (typeof handler !== "function") {
    const what = handler === undefined ? "is undefined or not exported" : "is not a function";
    throw new RuntimeError("Runtime.HandlerNotFound", `${setting} ${what}`);
  }
  return handler;
}

async function load(taskRoot, modulePath) {
  try {
    return await loadFile(taskRoot, modulePath);
  } catch (error) {
    if (error instanceof SyntaxError || error?.name === "TransformError") {
      throw asRuntimeError("Runtime.UserCodeSyntaxError", error);
    }
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw asRuntimeError("Runtime.ImportModuleError", error);
    }
    throw error;
  }
}

function asRuntimeError(errorType, error) {
  const wrapped = new RuntimeError(errorType, error.toString());
  wrapped.stack = error.stack;
  return wrapped;
}

async function loadFile(taskRoot, modulePath) {
  const base = path.resolve(taskRoot, modulePath);
  // Built files first: they are what Lambda would run.
  for (const ending of ["", ".js", ".mjs", ".cjs", ...typescript.ENDINGS]) {
    if (fs.statSync(base + ending, { throwIfNoEntry: false })?.isFile()) {
      return loadOne(base + ending);
    }
  }
  return require(require.resolve(modulePath, { paths: [taskRoot] }));
}

async function loadOne(file) {
  const isModule = isModuleFile(file);
  if (isModule) {
    lookInNodePath();
  }
  if (typescript.ENDINGS.includes(path.extname(file))) {
    await typescript.understandTypeScript(file);
  }
  return isModule ? import(pathToFileURL(file).href) : require(file);
}

function isModuleFile(file) {
  const ending = path.extname(file);
  return [".mjs", ".mts"].includes(ending) || ([".js", ".ts", ".tsx"].includes(ending) && isModulePackage(path.dirname(file)));
}

function lookInNodePath() {
  // Node.js 18.19 and 20.6 have register; it starts a thread, which only those pay who have something there.
  if (process.env.NODE_PATH && typeof nodeModule.register === "function") {
    nodeModule.register(pathToFileURL(path.join(__dirname, "node_path.mjs")).href);
  }
}

// Whether the nearest package.json says "type": "module".
function isModulePackage(folder) {
  const file = path.join(folder, "package.json");
  if (fs.existsSync(file)) {
    return JSON.parse(fs.readFileSync(file, "utf8")).type === "module";
  }
  const above = path.dirname(folder);
  return above !== folder && isModulePackage(above);
}

module.exports = { findHandler, RuntimeError };
