// What a Node worker runs: import the handler, then one event after another until killed. Behaves as AWS's Node runtime.
//
// The environment is Lambda's own: _HANDLER, LAMBDA_TASK_ROOT, AWS_LAMBDA_RUNTIME_API and so on.
"use strict";

const { Channel } = require("./channel.cjs");
const { patchConsole } = require("./console.cjs");
const { errorDocument, loggedError } = require("./errors.cjs");
const { findHandler, RuntimeError } = require("./handler.cjs");

// nodejs24.x and later have neither callbacks nor context.succeed, fail and done (LM-49).
const HAS_CALLBACKS = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1] ?? 0) < 24;
const NO_CALLBACKS = "AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. "
  + "You will need to modify this function to use a supported handler signature to use Node.js 24 or later.";

const UNHANDLED_REJECTION = 128; // the exit codes of AWS's runtime
const UNCAUGHT_EXCEPTION = 129;

const channel = new Channel(process.env.AWS_LAMBDA_RUNTIME_API, process.env.PINGBOX_RUNTIME_SECRET);
delete process.env.PINGBOX_RUNTIME_SECRET; // before the handler is imported
let requestId;
let whenLoopIsEmpty;

async function main() {
  patchConsole(() => requestId);
  let handler;
  try {
    handler = await findHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
    if (!HAS_CALLBACKS && handler.length > 2) {
      throw new RuntimeError("Runtime.CallbackHandlerDeprecated", NO_CALLBACKS);
    }
  } catch (error) {
    logError("Uncaught Exception", error);
    await channel.initError(errorDocument(error));
    process.exit(1);
  }
  process.on("uncaughtException", (error) => die("Uncaught Exception", error, UNCAUGHT_EXCEPTION));
  process.on("unhandledRejection", (reason) => {
    const error = new Error(reason?.toString());
    error.name = "Runtime.UnhandledPromiseRejection";
    error.reason = reason;
    die("Unhandled Promise Rejection", error, UNHANDLED_REJECTION);
  });
  process.on("beforeExit", () => whenLoopIsEmpty?.());
  await serve(handler);
}

// With the tab that AWS's runtime puts before the JSON.
function logError(what, error) {
  console.error(what, `\t${JSON.stringify(loggedError(error))}`);
}

async function die(what, error, code) {
  logError(what, error);
  if (requestId !== undefined) {
    await channel.failAndStop(requestId, errorDocument(error));
  }
  process.exit(code);
}

async function serve(handler) {
  let delivery = await channel.next();
  for (;;) {
    delivery = await one(handler, delivery);
  }
}

// Run one event, post what came of it, return the next event.
async function one(handler, { headers, body }) {
  const id = headers["lambda-runtime-aws-request-id"];
  requestId = id;
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  let text;
  try {
    text = stringified(await outcome(handler, JSON.parse(body), headers));
  } catch (error) {
    logError("Invoke Error", error);
    requestId = undefined;
    return channel.fail(id, errorDocument(error));
  }
  requestId = undefined;
  return channel.answer(id, text);
}

function stringified(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? "null";
  } catch {
    throw new Error("Unable to stringify response body");
  }
}

// Whichever comes first: the handler's promise, its callback, context.done and its like, or an event loop with nothing
// left to do, which ends an invocation with null. What a callback was given stands, also if it waits for the loop and the
// promise of the same handler resolves meanwhile (LM-49).
function outcome(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const context = contextOf(headers);
    let answer; // [error, result] of the first callback
    const settle = (error, result) => {
      whenLoopIsEmpty = undefined;
      error === undefined || error === null ? resolve(result) : reject(error);
    };
    const callback = (error, result) => {
      answer ??= [error, result];
      if (context.callbackWaitsForEmptyEventLoop) {
        whenLoopIsEmpty = () => settle(...answer);
      } else {
        setImmediate(settle, ...answer);
      }
    };
    const done = (error, result) => {
      answer ??= [error, result];
      setImmediate(settle, ...answer);
    };
    if (HAS_CALLBACKS) {
      Object.assign(context, { done, succeed: (result) => done(null, result), fail: (error) => done(error ?? "handled") });
    }
    whenLoopIsEmpty = () => settle(null, null);
    const returned = HAS_CALLBACKS ? handler(event, context, callback) : handler(event, context);
    if (typeof returned?.then === "function") {
      returned.then(
        (result) => settle(...(answer ?? [null, result])),
        (error) => settle(...(answer ?? [error ?? "undefined"])),
      );
    } else if (!HAS_CALLBACKS) {
      settle(null, returned);
    }
  });
}

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const client = headers["lambda-runtime-client-context"];
  const identity = headers["lambda-runtime-cognito-identity"];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: client ? JSON.parse(client) : undefined,
    identity: identity ? JSON.parse(identity) : undefined,
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

main();
