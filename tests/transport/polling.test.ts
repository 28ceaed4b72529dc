// Polling by the event loop of the runtime, over a real socket.

import { join } from "node:path";
import { describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import { assert, assertEquals } from "@std/assert";
import { memoryPair } from "../../src/transport/memory.ts";
import { openTransport } from "../../src/transport/open.ts";
import type { OpenPolled, PollClock } from "../../src/transport/polled.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { Operation } from "../../src/wire/operations.ts";
import { timeout } from "../support/limits.ts";
import { elsewhere, Inbox, inDirectory, readBytes, withListener, write } from "../support/socket.ts";

const request = encodePacket(Operation.READ, 1, 0, ["/a"]);
const reply = encodePacket(Operation.READ, 1, 0, ["value"]);
const SECOND = 1_000_000;
const isDeno = "Deno" in globalThis;

async function wayOfRuntime(): Promise<{ readonly openPolled: OpenPolled }> {
  return isDeno
    ? await import("../../src/transport/polling_deno.ts")
    : await import("../../src/transport/polling_turns.ts");
}

async function polled(path: string, microseconds: number, clock?: PollClock): Promise<Transport> {
  const { openPolled } = await wayOfRuntime();
  return await openPolled(async () => (await openTransport(`unix:${path}`)).transport, microseconds, clock);
}

/** Counts the turns that a connection asks for. The time stands still unless the test moves it. */
class Counted implements PollClock {
  turns = 0;
  milliseconds = 0;
  now(): number {
    return this.milliseconds;
  }
  soon(run: () => void): void {
    queueMicrotask(run);
  }
  afterTurn(run: () => void): void {
    this.turns++;
    setImmediate(run);
  }
}

/** A store in another thread, which answers when a word of shared memory is 1. It needs no turn of this thread. */
const answering = `
const { parentPort, workerData } = require("node:worker_threads");
const { createServer } = require("node:net");
const { path, go, reply } = workerData;
createServer((socket) => {
  socket.on("error", () => {});
  socket.once("data", () => {
    parentPort.postMessage("asked");
    Atomics.wait(go, 0, 0);
    socket.write(reply);
  });
}).listen(path, () => parentPort.postMessage("listens"));
`;

describe("polling", { timeout }, () => {
  test("a timer fires and another connection receives while a reply is due", async () => {
    await withListener(async (listener) => {
      const clock = new Counted();
      const transport = await polled(listener.path, SECOND, clock);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      transport.send(request);
      await readBytes(server, request.length);
      await new Promise((resolve) => setTimeout(resolve, 1));
      await elsewhere(listener);
      assert(clock.turns > 0);
      assertEquals(inbox.length, 0);
      await write(server, reply);
      assertEquals(await inbox.bytes(reply.length), reply);
      await transport.close();
    });
  });

  test("the event loop sleeps again after the bound, and after the reply", async () => {
    await withListener(async (listener) => {
      const clock = new Counted();
      const transport = await polled(listener.path, 2000, clock);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      transport.send(request);
      await readBytes(server, request.length);
      await elsewhere(listener);
      assert(clock.turns > 0);
      clock.milliseconds = 2;
      await elsewhere(listener);
      const after = clock.turns;
      await elsewhere(listener);
      assertEquals(clock.turns, after);
      await write(server, reply);
      await inbox.bytes(reply.length);
      await elsewhere(listener);
      assertEquals(clock.turns, after);
      await transport.close();
    });
  });

  test("replies that are cut anywhere arrive whole, in order", async () => {
    await withListener(async (listener) => {
      const transport = await polled(listener.path, SECOND);
      const inbox = new Inbox(transport);
      const server = (await listener.accept()).resume();
      for (let cut = 1; cut < reply.length; cut++) {
        transport.send(request);
        await write(server, reply.slice(0, cut));
        await inbox.bytes(reply.length * (cut - 1) + cut);
        await write(server, reply.slice(cut));
        const all = await inbox.bytes(reply.length * cut);
        assertEquals(all.subarray(-reply.length), reply);
      }
      await transport.close();
    });
  });

  test("the end of the connection is reported while a reply is due", async () => {
    await withListener(async (listener) => {
      const transport = await polled(listener.path, SECOND);
      const inbox = new Inbox(transport);
      const server = await listener.accept();
      transport.send(request);
      await readBytes(server, request.length);
      server.destroy();
      await inbox.ended;
      assertEquals(inbox.ends.length, 1);
      await transport.close();
    });
  });

  test("a connection whose descriptor is not found asks for no turn on Deno, which needs the descriptor", async () => {
    const { openPolled } = await wayOfRuntime();
    const clock = new Counted();
    // A transport in memory has no descriptor.
    const [near, far] = memoryPair();
    const transport = await openPolled(() => Promise.resolve(near), SECOND, clock);
    const [inbox, asked] = [new Inbox(transport), new Inbox(far)];
    transport.send(request);
    await asked.bytes(request.length);
    await new Promise((resolve) => setImmediate(resolve));
    assertEquals([transport === near, clock.turns > 0], [isDeno, !isDeno]);
    far.send(reply);
    assertEquals(await inbox.bytes(reply.length), reply);
    await transport.close();
  });

  test("a look finds bytes without a turn of the event loop on Deno, and asks for turns on other runtimes", async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, "socket");
      const go = new Int32Array(new SharedArrayBuffer(4));
      const worker = new Worker(answering, { eval: true, workerData: { path, go, reply } });
      const message = () => new Promise((resolve) => worker.once("message", resolve));
      await message();
      const asked = message();
      const waiting: (() => void)[] = [];
      const wait = (run: () => void) => void waiting.push(run);
      const clock: PollClock = { now: () => 0, soon: wait, afterTurn: wait };
      const transport = await polled(path, SECOND, clock);
      const inbox = new Inbox(transport);
      transport.send(request);
      await asked;
      /** Whether the look asks for another turn. */
      const look = () => {
        waiting.shift()?.();
        return waiting.length > 0;
      };
      assert(look());
      Atomics.store(go, 0, 1);
      Atomics.notify(go, 0);
      let turns = 0;
      while (look() && (isDeno || turns < 1000)) turns++;
      assertEquals(waiting.length, isDeno ? 0 : 1);
      assertEquals(await inbox.bytes(reply.length), reply);
      await transport.close();
      await worker.terminate();
    });
  });
});
