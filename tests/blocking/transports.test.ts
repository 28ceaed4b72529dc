// Blocking calls over each transport of this runtime: divided messages, signals, and the end of the connection.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Exchange } from "../../src/blocking/exchange.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import type { BlockingKind } from "../../src/blocking/transport.ts";
import { Operation } from "../../src/wire/operations.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";
import { kinds, ownKind } from "../support/blocking.ts";
import { timeout } from "../support/limits.ts";

async function withServer(kind: BlockingKind, spin: number, run: (exchange: Exchange) => void): Promise<void> {
  await inDirectory(async (directory) => {
    const path = join(directory, "socket");
    await using _server = await startScriptedServer(path);
    const exchange = new Exchange(openBlocking(`unix:${path}`, { transport: kind, spin }).transport);
    try {
      run(exchange);
    } finally {
      exchange.close();
    }
  });
}

function read(exchange: Exchange, path: string): Uint8Array | string {
  const answer = exchange.ask(Operation.READ, 0, [path]);
  return typeof answer === "string" ? answer : answer.slice();
}

function codeThrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert(error instanceof ConnectionError, String(error));
    return error.code;
  }
  return "nothing was thrown";
}

const all = Uint8Array.from({ length: 4096 }, (_, i) => i);

for (const kind of kinds) {
  for (const spin of [0, 100]) {
    describe(`blocking over ${kind}, spinning for ${spin} us`, { timeout }, () => {
      test("a reply may arrive byte by byte or whole, and may be empty", () =>
        withServer(kind, spin, (exchange) => {
          assertEquals(exchange.transport.kind, kind);
          assertEquals(read(exchange, "/bytes"), all);
          assertEquals(read(exchange, "/all"), all);
          assertEquals(read(exchange, "/empty"), new Uint8Array(0));
        }));

      test("events may arrive before and after a reply, and divided", () =>
        withServer(kind, spin, (exchange) => {
          assertEquals(exchange.takeEvent(0), null);
          assertEquals(exchange.takeEvent(5), null);
          assertEquals(read(exchange, "/events"), new TextEncoder().encode("value"));
          const event = { path: "/event", token: "token" };
          assertEquals([exchange.takeEvent(0), exchange.takeEvent(timeout), exchange.takeEvent(timeout)], [
            event,
            event,
            event,
          ]);
          assertEquals(exchange.waiting, 0);
          assertEquals(exchange.takeEvent(0), null);
        }));

      test("a listing may exceed every buffer", () =>
        withServer(kind, spin, (exchange) => {
          const answer = exchange.ask(Operation.DIRECTORY, 0, ["/huge"]);
          assert(typeof answer !== "string");
          assertEquals(answer.length, 300_000);
          assertEquals(answer.every((byte, i) => byte === "name\0".charCodeAt(i % 5)), true);
        }));

      test("a request of 4096 bytes is sent, and one of 4097 bytes fails with E2BIG", () =>
        withServer(kind, spin, (exchange) => {
          const value = new Uint8Array(4094);
          assertEquals(read(exchange, "/all"), all);
          assert(typeof exchange.ask(Operation.WRITE, 0, ["a", value]) !== "string");
          assertEquals(exchange.ask(Operation.WRITE, 0, ["ab", value]), "E2BIG");
          assert(typeof exchange.ask(Operation.WRITE, 0, ["a", value]) !== "string");
        }));

      test("a signal does not end a wait", () =>
        withServer(kind, spin, (exchange) => {
          const ignore = (): void => {};
          process.on("SIGWINCH", ignore);
          try {
            assertEquals(read(exchange, "/signals"), new TextEncoder().encode("value"));
          } finally {
            process.off("SIGWINCH", ignore);
          }
        }));

      for (const path of ["/half", "/close", "/reset"]) {
        test(`after a store ends the connection at ${path}, every call and every wait for events fails`, () =>
          withServer(kind, spin, (exchange) => {
            assert(["EBADF", "ECONNRESET"].includes(codeThrown(() => read(exchange, path))));
            assertEquals(exchange.isOver, true);
            assertEquals(codeThrown(() => read(exchange, "/all")), "EBADF");
            assertEquals(codeThrown(() => exchange.takeEvent(Infinity)), "EBADF");
          }));
      }

      for (const path of ["/other", "/type", "/long"]) {
        test(`an invalid reply (${path}) ends the connection`, () =>
          withServer(kind, spin, (exchange) => {
            assertEquals(codeThrown(() => read(exchange, path)), "EBADF");
            assertEquals(exchange.isOver, true);
          }));
      }

      test("a reply to WATCH may lack its id, as with old kernels, and a reply to READ may not", () =>
        withServer(kind, spin, (exchange) => {
          assert(typeof exchange.ask(Operation.WATCH, 0, ["/noid", "token"]) !== "string");
          assertEquals(codeThrown(() => read(exchange, "/noid")), "EBADF");
        }));
    });
  }

  describe(`opening over ${kind}`, { timeout }, () => {
    test("openBlocking() fails with the system's code if the socket cannot be reached", async () => {
      await inDirectory((directory) => {
        const path = join(directory, "none");
        assertEquals(codeThrown(() => openBlocking(`unix:${path}`, { transport: kind })), "ENOENT");
        assertEquals(codeThrown(() => openBlocking(`unix:/${"x".repeat(107)}`, { transport: kind })), "EINVAL");
        return Promise.resolve();
      });
    });

    test("openBlocking() fails with ENOENT if the device does not exist", () => {
      assertEquals(codeThrown(() => openBlocking("xenbus:/none/device", { transport: kind })), "ENOENT");
    });
  });
}

describe("openBlocking()", { timeout }, () => {
  test("openBlocking() uses the runtime's fastest transport, and rejects an unavailable one", async () => {
    await withServer(ownKind, 0, () => {});
    const other = ownKind === "ffi" ? "descriptor" : "ffi";
    assertThrows(() => openBlocking("unix:/none", { transport: other }), RangeError);
    assertThrows(() => openBlocking("unix:/none", { transport: "other" as "ffi" }), RangeError);
    assertThrows(() => openBlocking("embedded:", { transport: ownKind }), RangeError);
  });

  test("openBlocking() tries the next address if the given transport cannot reach the first", () => {
    const { XENSTORED_PATH } = process.env;
    delete process.env.XENSTORED_PATH;
    try {
      // On Deno and Bun, only the device can be opened with this transport.
      const error = assertThrows(() => openBlocking(undefined, { transport: "descriptor" }), ConnectionError);
      assert(error.message.includes("xenbus:"));
    } finally {
      if (XENSTORED_PATH !== undefined) process.env.XENSTORED_PATH = XENSTORED_PATH;
    }
  });

  test("a device is read and written with a descriptor on every runtime", async () => {
    // A FIFO returns what is written to it, so a request becomes its own reply.
    await inDirectory((directory) => {
      const path = join(directory, "fifo");
      execFileSync("mkfifo", [path]);
      for (const kind of ownKind === "ffi" ? [ownKind, "descriptor"] as const : ["descriptor"] as const) {
        const { transport } = openBlocking(`xenbus:${path}`, { transport: kind });
        assertEquals([transport.traits.payloadMax, transport.canPoll], [4080, kind === "ffi"]);
        const exchange = new Exchange(transport);
        assertEquals(read(exchange, "/path"), new TextEncoder().encode("/path\0"));
        assertEquals(exchange.ask(Operation.WRITE, 0, ["a", new Uint8Array(4079)]), "E2BIG");
        assertEquals(exchange.takeEvent(0), null);
        assertEquals(exchange.takeEvent(5), null);
        exchange.close();
        exchange.close();
      }
      return Promise.resolve();
    });
  });
});
