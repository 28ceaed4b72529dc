// What of the XenBus device's adapter a FIFO and a file can show; a stand-in for the device itself shows the rest.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionError } from "../../src/transport/errors.ts";
import { openTransport } from "../../src/transport/open.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { asNobody } from "../support/nobody.ts";
import { Inbox, inDirectory } from "../support/socket.ts";

async function open(path: string): Promise<Transport> {
  return (await openTransport(`xenbus:${path}`)).transport;
}

/** A FIFO gives back what is written to it. */
async function withFifo(run: (transport: Transport) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const path = join(directory, "fifo");
    execFileSync("mkfifo", [path]);
    const transport = await open(path);
    try {
      await run(transport);
    } finally {
      await transport.close();
    }
  });
}

describe("XenBus device", () => {
  test("takes one message a write, of 4080 bytes of payload, and is shared with the kernel", async () => {
    await withFifo((transport) => {
      assertEquals(transport.traits, { payloadMax: 4080, shared: true });
      return Promise.resolve();
    });
  });

  test("reads what there is, while a read waits", async () => {
    await withFifo(async (transport) => {
      const inbox = new Inbox(transport);
      const message = encodePacket(2, 1, 0, ["/a"]);
      transport.send(message);
      assertEquals(await inbox.bytes(message.length), message);
      transport.send(message);
      assertEquals((await inbox.bytes(2 * message.length)).length, 2 * message.length);
    });
  });

  test("close() ends a waiting read, reports no end, and may be called twice", async () => {
    await withFifo(async (transport) => {
      const inbox = new Inbox(transport);
      await Promise.all([transport.close(), transport.close()]);
      await transport.close();
      transport.send(encodePacket(2, 1, 0, ["/a"]));
      assertEquals([inbox.length, inbox.ends], [0, []]);
    });
  });

  test("close() before start() is fine", async () => {
    await withFifo((transport) => transport.close());
  });

  test("close() within receive() is fine, and delivers nothing more", async () => {
    await withFifo(async (transport) => {
      let closing: Promise<void> | undefined;
      const inbox = new Inbox(transport, () => closing ??= transport.close());
      const message = encodePacket(2, 1, 0, ["/a"]);
      transport.send(message);
      await inbox.bytes(message.length);
      await closing;
      assertEquals([inbox.length, inbox.ends], [message.length, []]);
    });
  });

  test("has no listener left after it is closed", async () => {
    const before = process.listenerCount("exit");
    await withFifo(async (transport) => {
      new Inbox(transport);
      await transport.close();
      assertEquals(process.listenerCount("exit"), before);
    });
  });

  test("ends at the end of the stream", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      const inbox = new Inbox(await open(path));
      await inbox.ended;
      assertEquals(inbox.ends.map(codeOf), ["EPIPE"]);
    });
  });

  test("fails with the code of the system if it cannot be opened", async () => {
    await inDirectory(async (directory) => {
      mkdirSync(join(directory, "directory"));
      for (const [name, code] of [["none", "ENOENT"], ["directory", "EISDIR"]] as const) {
        const path = join(directory, name);
        const error = await assertRejects(() => open(path), ConnectionError, `cannot connect to xenbus:${path}: `);
        assertEquals(error.code, code);
      }
    });
  });

  test("fails with EACCES if it may not be opened", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      chmodSync(path, 0);
      const error = await asNobody(() => assertRejects(() => open(path), ConnectionError));
      assertEquals(error.code, "EACCES");
      const reason = "Permission denied (EACCES); the XenBus device belongs to root";
      assertEquals(error.message, `cannot connect to xenbus:${path}: ${reason}`);
    });
  });

  test("opens nothing if its signal is aborted while it opens", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      const controller = new AbortController();
      const opening = openTransport(`xenbus:${path}`, { signal: controller.signal });
      controller.abort(new RangeError("enough"));
      await assertRejects(() => opening, RangeError, "enough");
    });
  });
});
