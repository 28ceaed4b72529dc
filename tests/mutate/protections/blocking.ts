// The protections of the blocking client and of the transports.

import type { Protection } from "../protection.ts";

/** The protections of the blocking client and of the transports. */
export const blocking: readonly Protection[] = [
  {
    name: "the id of a blocking reply",
    file: "src/blocking/exchange.ts",
    remove: "if (requestId !== id && !isNameless) throw",
    instead: "if (false) throw",
    testFile: "tests/blocking/exchange.test.ts",
    test: "ask() ends the connection if the reply is that of another request",
  },
  {
    name: "the operation of a blocking reply",
    file: "src/blocking/exchange.ts",
    remove: "if (type !== operation && type !== Operation.ERROR) throw",
    instead: "if (false) throw",
    testFile: "tests/blocking/exchange.test.ts",
    test: "ask() ends the connection if the reply is that of another operation",
  },
  {
    name: "the longest message of a blocking exchange",
    file: "src/blocking/exchange.ts",
    remove: "if (!isFrame(header, DIRECTORY_REPLY_MAX)) {",
    instead: "if (false) {",
    testFile: "tests/blocking/exchange.test.ts",
    test: "ask() ends the connection if a listing announces more than 4 MiB",
  },
  {
    name: "the longest request of a blocking exchange",
    file: "src/blocking/exchange.ts",
    remove: 'if (length > this.transport.traits.payloadMax) return "E2BIG";',
    testFile: "tests/blocking/exchange.test.ts",
    test: "ask() returns E2BIG, and sends nothing, if the payload is longer than 4096 bytes",
  },
  {
    name: "a reply to no request of a blocking exchange",
    file: "src/blocking/exchange.ts",
    remove: "if (unasked !== null) throw",
    instead: "if (false) throw",
    testFile: "tests/blocking/exchange.test.ts",
    test: "takeEvent() ends the connection if a reply comes that no request waits for",
  },
  {
    name: "no request over an ended blocking exchange",
    file: "src/blocking/exchange.ts",
    remove: "if (this.#isOver) throw new ConnectionError(",
    instead: "if (false) throw new ConnectionError(",
    testFile: "tests/blocking/exchange.test.ts",
    test: "every call after the end throws EBADF, and sends nothing",
  },
  {
    name: "a blocking listing is of one generation",
    file: "src/blocking/directory.ts",
    remove: "if (current !== generation) return null;",
    testFile: "tests/blocking/directory.test.ts",
    test: "starts again if the directory changed between two parts",
  },
  {
    name: "an aborted signal opens no socket",
    file: "src/transport/node.ts",
    remove: "signal?.throwIfAborted();",
    testFile: "tests/transport/unix_guards.test.ts",
    test: "rejects with the reason of a signal that is aborted already, and does not connect",
  },
  {
    name: "the length of the path of a socket",
    file: "src/transport/socket_path.ts",
    remove: "if (length <= SOCKET_PATH_MAX) return;",
    instead: "return;",
    testFile: "tests/transport/unix_guards.test.ts",
    test: "throws EINVAL for a path of more than 107 bytes, which Node 20 would cut",
  },
  {
    name: "one message at a time over the device",
    file: "src/transport/lockstep.ts",
    remove: "while (this.#unanswered.length === 0 && ",
    instead: "while (",
    testFile: "tests/transport/lockstep.test.ts",
    test: "Lockstep writes each message separately, after the former one was answered",
  },
  {
    name: "a failure of the device is not hidden",
    file: "src/transport/lockstep.ts",
    remove: "if (code === undefined || !REFUSALS.has(code)) throw error;",
    instead: "if (code === undefined) throw error;",
    testFile: "tests/transport/lockstep.test.ts",
    test: "send() throws any other error of a write",
  },
];
