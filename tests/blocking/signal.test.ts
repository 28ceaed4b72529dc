// The descriptor that is readable while an event is queued. libc polls it if the runtime can call libc.

import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { EventDescriptor } from "../../compat/xs/event_descriptor.ts";
import { Exchange } from "../../src/blocking/exchange.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import type { Libc } from "../../src/blocking/libc.ts";
import { openBunLibc } from "../../src/blocking/libc_bun.ts";
import { openDenoLibc } from "../../src/blocking/libc_deno.ts";
import { openSignal } from "../../src/blocking/signal.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { Operation } from "../../src/wire/operations.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";
import { timeout } from "../support/limits.ts";

const libc: Libc | null = "Deno" in globalThis ? openDenoLibc() : "Bun" in globalThis ? openBunLibc() : null;

function isReadable(libc: Libc, fd: number, milliseconds: number): boolean {
  const entry = new Int32Array([fd, 1]);
  return libc.poll(new Uint8Array(entry.buffer), 1, milliseconds) > 0;
}

describe("EventDescriptor", { timeout }, () => {
  // Without libc, the descriptor is the connection's.
  if (libc === null) {
    test("the descriptor is that of the connection on a runtime without libc", async () => {
      await inDirectory(async (directory) => {
        const path = join(directory, "socket");
        await using _server = await startScriptedServer(path);
        const exchange = new Exchange(openBlocking(`unix:${path}`).transport);
        const descriptor = new EventDescriptor(exchange);
        assertEquals([descriptor.fd, typeof descriptor.fd], [exchange.transport.fd, "number"]);
        descriptor.close();
        exchange.close();
      });
    });
  } else {
    test("the descriptor is readable while an event is queued or can be received", async () => {
      await inDirectory(async (directory) => {
        const path = join(directory, "socket");
        await using _server = await startScriptedServer(path);
        const exchange = new Exchange(openBlocking(`unix:${path}`, { transport: "ffi" }).transport);
        exchange.ask(Operation.READ, 0, ["/all"]);
        const descriptor = new EventDescriptor(exchange);
        const { fd } = descriptor;
        assert(fd !== null && fd !== exchange.transport.fd);
        assertEquals(isReadable(libc, fd, 0), false);
        // Two events arrive with the reply, and a third one after it.
        exchange.ask(Operation.READ, 0, ["/events"]);
        assertEquals(isReadable(libc, fd, 0), true);
        exchange.takeEvent(timeout);
        exchange.takeEvent(timeout);
        assertEquals(isReadable(libc, fd, timeout), true);
        exchange.takeEvent(timeout);
        assertEquals(isReadable(libc, fd, 0), false);
        descriptor.close();
        exchange.close();
      });
    });

    for (const path of ["/close", "/long"]) {
      test(`a descriptor created before or after ${path} is readable when the connection has ended`, async () => {
        await inDirectory(async (directory) => {
          const socket = join(directory, "socket");
          await using _server = await startScriptedServer(socket);
          const exchange = new Exchange(openBlocking(`unix:${socket}`, { transport: "ffi" }).transport);
          const before = new EventDescriptor(exchange);
          assert(before.fd !== null);
          assertEquals(isReadable(libc, before.fd, 0), false);
          assertThrows(() => exchange.ask(Operation.READ, 0, [path]), ConnectionError);
          assertEquals(isReadable(libc, before.fd, 0), true);
          before.close();
          const after = new EventDescriptor(exchange);
          assert(after.fd !== null);
          assertEquals(isReadable(libc, after.fd, 0), true);
          after.close();
          exchange.close();
        });
      });
    }

    test("openSignal() closes its descriptors if it fails", () => {
      const open = new Set<number>();
      let next = 1000;
      const failing = {
        ...libc,
        epollCreate: () => (open.add(next), next++),
        eventfd: () => (open.add(next), next++),
        epollControl: () => libc.epollControl(-1, 1, -1, new Uint8Array(16)),
        close: (fd: number) => open.delete(fd) ? 0 : -1,
      };
      const error = assertThrows(() => openSignal(failing, 0), Error);
      assertEquals([codeOf(error), open.size], ["EBADF", 0]);
    });
  }
});
