// The adapter of the XenBus device, as far as a FIFO and a file can show. A stand-in shows the rest.

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

/** Runs with a FIFO, which returns what is written to it. */
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
  test("the device is shared with the kernel, and takes a payload of 4080 bytes", async () => {
    await withFifo((transport) => {
      assertEquals(transport.traits, { payloadMax: 4080, shared: true });
      return Promise.resolve();
    });
  });

  test("the device reads while a read is pending", async () => {
    await withFifo(async (transport) => {
      const inbox = new Inbox(transport);
      const message = encodePacket(2, 1, 0, ["/a"]);
      transport.send(message);
      assertEquals(await inbox.bytes(message.length), message);
      transport.send(message);
      assertEquals((await inbox.bytes(2 * message.length)).length, 2 * message.length);
    });
  });

  test("close() ends a pending read, reports no end, and may be called again", async () => {
    await withFifo(async (transport) => {
      const inbox = new Inbox(transport);
      await Promise.all([transport.close(), transport.close()]);
      await transport.close();
      transport.send(encodePacket(2, 1, 0, ["/a"]));
      assertEquals([inbox.length, inbox.ends], [0, []]);
    });
  });

  test("close() before start() succeeds", async () => {
    await withFifo((transport) => transport.close());
  });

  test("close() within receive() succeeds, and nothing more is delivered", async () => {
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

  test("close() removes the listener of the process's exit", async () => {
    const before = process.listenerCount("exit");
    await withFifo(async (transport) => {
      new Inbox(transport);
      await transport.close();
      assertEquals(process.listenerCount("exit"), before);
    });
  });

  test("the end of the file ends the transport with EPIPE", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "file");
      writeFileSync(path, "");
      const inbox = new Inbox(await open(path));
      await inbox.ended;
      assertEquals(inbox.ends.map(codeOf), ["EPIPE"]);
    });
  });

  test("openTransport() rejects with the system's code if the device cannot be opened", async () => {
    await inDirectory(async (directory) => {
      mkdirSync(join(directory, "directory"));
      for (const [name, code] of [["none", "ENOENT"], ["directory", "EISDIR"]] as const) {
        const path = join(directory, name);
        const error = await assertRejects(() => open(path), ConnectionError, `cannot connect to xenbus:${path}: `);
        assertEquals(error.code, code);
      }
    });
  });

  test("openTransport() rejects with EACCES if the user may not open the device", async () => {
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

  test("openTransport() rejects with the reason if its signal is aborted while it opens a device", async () => {
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
