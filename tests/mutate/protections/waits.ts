// The protections of what a client waits for: requests that nothing awaits, silent and busy stores, missing nodes.

import type { Protection } from "../protection.ts";

/** The protections of what a client waits for. */
export const waits: readonly Protection[] = [
  {
    name: "the wait for requests that are not awaited",
    file: "src/client/transact.ts",
    remove: "if (requests.ending()) await signals.wait(requests.settled(), signal);",
    testFile: "tests/client/unawaited.test.ts",
    test: "rolls back and rejects with the error of a write that is pending when the function ends",
  },
  {
    name: "the errors of requests that are not awaited",
    file: "src/client/transact.ts",
    remove: "requests.check();",
    testFile: "tests/client/unawaited.test.ts",
    test: "rolls back and rejects with the error of a write that failed before the function ends",
  },
  {
    name: "the wait for a walk that is not awaited",
    file: "src/client/unawaited.ts",
    remove: "if (!isHandled) return new Followed(result, this);",
    instead: "if (isHandled) return this.#pending.delete(result), result;\n    return new Followed(result, this);",
    testFile: "tests/client/unawaited.test.ts",
    test: "commits after a walk that was not awaited, and what is done with its nodes",
  },
  {
    name: "another attempt after a refused request",
    file: "src/client/transact.ts",
    remove: "if (!requests.isRefused || !isConflict(error) || signal?.aborted) throw error;",
    instead: "throw error;",
    testFile: "tests/client/transact.test.ts",
    test: "runs its function again if the store refuses a request as it does a commit after a conflict",
  },
  {
    name: "another attempt after a refused walk",
    file: "src/client/unawaited.ts",
    remove: "this.done(result);\n      this.#isRefused ||= isConflict(error);",
    instead: "this.done(result);\n      void error;",
    testFile: "tests/client/transact.test.ts",
    test: "runs its function again if the store refuses the top of a walk",
  },
  {
    name: "the end of a walk with its transaction",
    file: "src/client/walk_fetcher.ts",
    remove: " || error instanceof TransactionEndedError",
    testFile: "tests/client/walk_requests.test.ts",
    test: "fails if its transaction ends before all nodes were requested",
  },
  {
    name: "the end of a list in parts within a walk",
    file: "src/client/walk_fetcher.ts",
    remove: "if (!node.isSettled) this.#endWith(node, failure);",
    instead: "node.reject(failure);",
    testFile: "tests/client/walk_requests.test.ts",
    test: "gives a directory that does not fit one reply without value and children if the store does not know " +
      "DIRECTORY_PART",
  },
  {
    name: "the end of clean-up on a silent store",
    file: "src/client/clean_up.ts",
    remove: "silent >= SILENT_LOOKS || looks >= MAX_LOOKS",
    instead: "looks >= MAX_LOOKS",
    testFile: "tests/client/clean_up.test.ts",
    test: "resolves after 5 seconds without a byte of the store, and gives the connection up",
  },
  {
    name: "missing nodes that the store hides",
    file: "src/client/missing.ts",
    remove: "if (isDenied(other)) return missing;",
    testFile: "tests/client/replies.test.ts",
    test: "a node counts as missing if the store answers EACCES for a missing node beside it as well",
  },
  {
    name: "the wait for a busy store",
    file: "src/transport/busy.ts",
    remove: "if (!isBusy(error)) throw error;",
    instead: "throw error;",
    testFile: "tests/transport/busy.test.ts",
    test: "repeats an attempt that fails with EAGAIN, after pauses from 1 to 50 ms",
  },
  {
    name: "the bound of polling",
    file: "src/transport/polled.ts",
    remove: " && this.#clock.now() < this.#deadline",
    testFile: "tests/transport/polled.test.ts",
    test: "Polled ends when the bound has passed since the last send, also if events come",
  },
  {
    name: "no polling with one CPU",
    file: "src/transport/poll_option.ts",
    remove: " && cpus() > 1",
    testFile: "tests/transport/polled.test.ts",
    test: "isPollUseful() is false with one CPU, and without microseconds",
  },
  {
    name: "no polling after close()",
    file: "src/transport/polled.ts",
    remove: "this.#due.clear();",
    testFile: "tests/transport/polled.test.ts",
    test: "Polled ends with close(), which closes the transport each time and the look once",
  },
];
