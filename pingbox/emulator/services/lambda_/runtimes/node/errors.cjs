// Errors as AWS's Node runtime words them: { errorType, errorMessage, trace }.
"use strict";

function errorDocument(error) {
  if (error instanceof Error || (typeof error === "object" && error !== null && "message" in error && "stack" in error)) {
    return { errorType: error.name, errorMessage: error.message, trace: String(error.stack || "").split("\n") };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

// What is logged: the document, and the members that the app gave its error.
function loggedError(error) {
  if (!(error instanceof Error)) {
    return errorDocument(error);
  }
  const { errorType, errorMessage, trace } = errorDocument(error);
  const { name: _, ...own } = error;
  return { errorType, errorMessage, ...own, stack: trace };
}

module.exports = { errorDocument, loggedError };
