// Lets `import "x"` find packages in NODE_PATH, too: Lambda's runtimes do so since Node.js 18, Node itself only for
// require. That is how ES modules see layers, and the SDK that every function just has.
import path from "node:path";
import { pathToFileURL } from "node:url";

const parents = (process.env.NODE_PATH ?? "")
  .split(path.delimiter)
  .filter((folder) => path.basename(folder) === "node_modules")
  .map((folder) => pathToFileURL(path.join(path.dirname(folder), "any.mjs")).href);

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== "ERR_MODULE_NOT_FOUND" || /^[./]|^\w+:/.test(specifier)) {
      throw error;
    }
    return fromNodePath(specifier, context, next, error);
  }
}

async function fromNodePath(specifier, context, next, error) {
  for (const parentURL of parents) {
    try {
      return await next(specifier, { ...context, parentURL });
    } catch {
      // the next folder may have it
    }
  }
  throw error;
}
