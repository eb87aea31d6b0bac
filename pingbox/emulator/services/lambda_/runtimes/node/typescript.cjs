// TypeScript from its sources, by the app's own tsx: a library of the field, with esbuild in it; never a transpiler of ours.
"use strict";

const path = require("node:path");
const { pathToFileURL } = require("node:url");

const ENDINGS = [".ts", ".mts", ".cts", ".tsx"];

// From here on, require and import understand TypeScript, and stack traces name its lines: what `node --import tsx` does.
async function understandTypeScript(file) {
  await import(pathToFileURL(tsxOf(file)).href);
}

function tsxOf(file) {
  try {
    return require.resolve("tsx", { paths: [path.dirname(file)] });
  } catch (error) {
    if (error.code !== "MODULE_NOT_FOUND") {
      throw error;
    }
    error.message = `${file} is TypeScript, which runs from its sources only with tsx 4 or later among the app's `
      + "packages: npm install --save-dev tsx, or build the app and serve the result";
    throw error;
  }
}

module.exports = { ENDINGS, understandTypeScript };
