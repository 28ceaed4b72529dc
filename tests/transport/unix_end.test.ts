// The end of the runtime's Unix socket by either side, and aborting while it opens.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { codeOf } from "../../src/wire/system_errors.ts";
import { bytes, shown } from "../support/bytes.ts";
import { quiet } from "../support/peer.ts";
import { clientSockets, hasDescriptors } from "../support/descriptors.ts";
import { elsewhere, Inbox, open, withListener, write } from "../support/socket.ts";

describe("Unix socket, ending", () => {
  test("a Unix socket receives everything that the server sent before closing, and is ended once", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      const sent = new Uint8Array(500_000).map((_, i) => i % 251);
      server.end(sent);
      await inbox.ended;
      assertEquals(await inbox.bytes(sent.length), sent);
      assertEquals(inbox.ends.map(codeOf), ["EPIPE"]);
      transport.send(bytes("this is lost"));
      await transport.close();
      await elsewhere(listener);
      assertEquals(inbox.ends.length, 1);
    });
  });

  test("a Unix socket reports after start() that the server has closed before", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      (await listener.accept()).end(bytes("bye"));
      await elsewhere(listener);
      const inbox = new Inbox(transport);
      await inbox.ended;
      assertEquals(shown(await inbox.bytes(3)), "bye");
      assertEquals(inbox.ends.map(codeOf), ["EPIPE"]);
    });
  });

  test("a Unix socket reports one end with a code if the server closes while there is a backlog", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      for (let i = 0; i < 200; i++) transport.send(new Uint8Array(40_000));
      await elsewhere(listener);
      server.destroy();
      await inbox.ended;
      await elsewhere(listener);
      const codes = inbox.ends.map(codeOf);
      assertEquals(codes.length, 1);
      assert(["EPIPE", "ECONNRESET"].includes(codes[0] ?? "none"), `${codes}`);
    });
  });

  test("close() ends the connection for the server, and reports no end to the client", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      const closed = new Promise((resolve) => server.once("close", resolve));
      server.resume();
      await Promise.all([transport.close(), transport.close()]);
      await closed;
      await transport.close();
      transport.send(bytes("this is lost"));
      await elsewhere(listener);
      assertEquals([inbox.length, inbox.ends], [0, []]);
    });
  });

  for (const state of ["before start()", "while it is idle", "while bytes wait to be sent", "within receive()"]) {
    test(`close() resolves after the descriptor was closed: ${state}`, { skip: !hasDescriptors }, async () => {
      await withListener(async (listener) => {
        const before = clientSockets();
        const transport = await open(listener);
        const server = await listener.accept();
        assertEquals(clientSockets(), before + 1);
        if (state === "within receive()") {
          let closed = Promise.resolve();
          const inbox = new Inbox(transport, () => closed = transport.close());
          await write(server, bytes("x"));
          await inbox.bytes(1);
          await closed;
        } else {
          if (state !== "before start()") new Inbox(transport);
          if (state === "while bytes wait to be sent") {
            for (let i = 0; i < 200; i++) transport.send(new Uint8Array(40_000));
          }
          if (state === "while it is idle") await elsewhere(listener);
          await transport.close();
        }
        assertEquals(clientSockets(), before);
      });
    });
  }

  test("close() before start() ends the connection for the server", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const server = await listener.accept();
      const closed = new Promise((resolve) => server.once("close", resolve));
      server.resume();
      await transport.close();
      await closed;
    });
  });

  test("a Unix socket delivers nothing after close() within receive()", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const server = await listener.accept();
      // Some runtimes read ahead, and have several chunks to deliver at the start.
      for (let i = 0; i < 3; i++) {
        void write(server, new Uint8Array(1000)).catch(() => {});
        await elsewhere(listener);
      }
      let calls = 0;
      const inbox = new Inbox(transport, () => {
        calls++;
        void transport.close();
      });
      await elsewhere(listener);
      assertEquals([calls, inbox.ends], [1, []]);
    });
  });

  test("opening a Unix socket rejects with the reason of an aborted signal", async () => {
    await withListener(async (listener) => {
      await assertRejects(() => open(listener, AbortSignal.abort(new RangeError("enough"))), RangeError, "enough");
      const controller = new AbortController();
      const opening = open(listener, controller.signal);
      controller.abort(new RangeError("enough"));
      await assertRejects(() => opening, RangeError, "enough");
    });
  });

  test("an abort after the opening has no effect", async () => {
    await withListener(async (listener) => {
      const controller = new AbortController();
      const transport = await open(listener, controller.signal);
      controller.abort();
      await quiet();
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      await write(server, bytes("fine"));
      assertEquals(shown(await inbox.bytes(4)), "fine");
      await transport.close();
    });
  });
});
