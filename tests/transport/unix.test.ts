// The runtime's Unix socket: it carries all bytes in both directions, in pieces of any size.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { bytes, shown } from "../support/bytes.ts";
import { Random } from "../support/random.ts";
import { elsewhere, Inbox, open, readBytes, withListener, write } from "../support/socket.ts";

/** Bytes in which a loss, a repetition or an exchange shows. */
function pattern(length: number, seed = 1): Uint8Array {
  const random = new Random(seed);
  const words = new Uint32Array(Math.ceil(length / 4)).map(() => random.word());
  return new Uint8Array(words.buffer, 0, length);
}

function same(actual: Uint8Array, expected: Uint8Array): boolean {
  return actual.length === expected.length && actual.every((byte, i) => byte === expected[i]);
}

describe("Unix socket", () => {
  test("a Unix socket carries bytes in both directions", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      transport.send(bytes("there"));
      assertEquals(shown(await readBytes(server, 5)), "there");
      await write(server, bytes("back"));
      assertEquals(shown(await inbox.bytes(4)), "back");
      await transport.close();
    });
  });

  test("a Unix socket copies the bytes during the call, and sends them in order", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      new Inbox(transport);
      const server = await listener.accept();
      const buffer = new Uint8Array(1);
      for (let i = 0; i < 256; i++) {
        buffer[0] = i;
        transport.send(buffer);
      }
      buffer[0] = 99;
      const received = await readBytes(server, 256);
      assert(received.every((byte, i) => byte === i));
      await transport.close();
    });
  });

  test("a Unix socket keeps bytes that arrive before start()", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const server = await listener.accept();
      const sent = pattern(1 << 20);
      const writing = write(server, sent);
      await elsewhere(listener);
      const inbox = new Inbox(transport);
      assert(same(await inbox.bytes(sent.length), sent));
      await writing;
      await transport.close();
    });
  });

  test("a Unix socket receives pieces of any size", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      const sent = pattern(300_000);
      for (const [from, to] of [[0, 1], [1, 16], [16, 17], [17, 4113], [4113, 200_000], [200_000, 300_000]]) {
        await write(server, sent.subarray(from, to));
      }
      assert(same(await inbox.bytes(sent.length), sent));
      await transport.close();
    });
  });

  test("a Unix socket keeps a backlog of 16 MiB for a server that does not read, and sends it in order", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      const sent = pattern(16 << 20);
      for (let at = 0; at < sent.length; at += 40_000) transport.send(sent.subarray(at, at + 40_000));
      // The server has not read yet, and the other direction works.
      await write(server, bytes("hello"));
      await inbox.bytes(5);
      await elsewhere(listener);
      assert(same(await readBytes(server, sent.length), sent));
      transport.send(bytes("behind"));
      assertEquals(shown(await readBytes(server, 6)), "behind");
      await transport.close();
    });
  });

  test("a Unix socket sends a message of 9 MiB, and then the next message", async () => {
    await withListener(async (listener) => {
      const transport = await open(listener);
      new Inbox(transport);
      const server = await listener.accept();
      const sent = pattern(9 << 20);
      transport.send(sent);
      transport.send(bytes("behind"));
      const received = await readBytes(server, sent.length + 6);
      assert(same(received.subarray(0, sent.length), sent));
      assertEquals(shown(received.subarray(sent.length)), "behind");
      await transport.close();
    });
  });
});
