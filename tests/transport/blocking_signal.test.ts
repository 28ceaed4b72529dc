// The descriptor that says whether an event waits, polled by libc where the runtime lets it.

import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { EventDescriptor } from "../../compat/event_descriptor.ts";
import { Exchange } from "../../compat/exchange.ts";
import { openBlocking } from "../../src/transport/blocking/open.ts";
import type { Libc } from "../../src/transport/blocking/libc.ts";
import { openBunLibc } from "../../src/transport/blocking/libc_bun.ts";
import { openDenoLibc } from "../../src/transport/blocking/libc_deno.ts";
import { Operation } from "../../src/wire/operations.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";

const libc: Libc | null = "Deno" in globalThis ? openDenoLibc() : "Bun" in globalThis ? openBunLibc() : null;

function isReadable(libc: Libc, fd: number, milliseconds: number): boolean {
  const entry = new Int32Array([fd, 1]);
  return libc.poll(new Uint8Array(entry.buffer), 1, milliseconds) > 0;
}

describe("the descriptor of events", { timeout: 30_000 }, () => {
  // Without libc there is one descriptor, the connection's, and nothing to poll it by.
  if (libc === null) {
    test("is the connection's own where it is a plain descriptor", async () => {
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
    test("is readable as long as an event waits, received or not", async () => {
      await inDirectory(async (directory) => {
        const path = join(directory, "socket");
        await using _server = await startScriptedServer(path);
        const exchange = new Exchange(openBlocking(`unix:${path}`, { transport: "ffi" }).transport);
        exchange.ask(Operation.READ, 0, ["/all"]);
        const descriptor = new EventDescriptor(exchange);
        const { fd } = descriptor;
        assert(fd !== null && fd !== exchange.transport.fd);
        assertEquals(isReadable(libc, fd, 0), false);
        // Two events come with the answer, a third one behind it.
        exchange.ask(Operation.READ, 0, ["/events"]);
        assertEquals(isReadable(libc, fd, 0), true);
        exchange.takeEvent(1000);
        exchange.takeEvent(1000);
        assertEquals(isReadable(libc, fd, 5000), true);
        exchange.takeEvent(1000);
        assertEquals(isReadable(libc, fd, 0), false);
        descriptor.close();
        exchange.close();
      });
      libc.release();
    });
  }
});
