// The proxy of `trace`: what it forwards, and what it records of that.

import { Buffer } from "node:buffer";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { ByteStream } from "../../../src/cli/trace/byte_stream.ts";
import { openStream } from "../../../src/cli/trace/open_stream.ts";
import { Proxy } from "../../../src/cli/trace/proxy.ts";
import { Recorder } from "../../../src/cli/trace/recorder.ts";
import { Splitter } from "../../../src/cli/trace/splitter.ts";
import { connect } from "../../../src/client/client.ts";
import { Daemon } from "../../../src/daemon/mod.ts";
import { encodePacket } from "../../../src/wire/encoder.ts";
import { encodeHeader } from "../../../src/wire/header.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { concat, pieces } from "../../support/bytes.ts";
import { inDirectory, Listener, readBytes, write } from "../../support/socket.ts";
import { Traced } from "../../support/traced.ts";

/** Connects a socket that stays open after the other side has ended. */
function dial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ path, allowHalfOpen: true }, () => resolve(socket));
    socket.once("error", reject);
  });
}

/** Reads until the other side ends or breaks the connection. */
function readAll(socket: Socket): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = [];
    socket.on("data", (chunk: Uint8Array) => chunks.push(new Uint8Array(chunk)));
    socket.on("error", () => {});
    for (const event of ["end", "close"]) socket.on(event, () => resolve(concat(chunks)));
    socket.resume();
  });
}

/** Sends chunks, ends the direction, and resolves with all that comes back. */
async function exchange(path: string, chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const socket = await dial(path);
  const all = readAll(socket);
  for (const chunk of chunks) await write(socket, chunk).catch(() => {});
  socket.end();
  const received = await all;
  socket.destroy();
  return received;
}

/** Calls a function with a store on a socket, and the same store through the proxy. */
async function withDaemon(body: (direct: string, traced: Traced, daemon: Daemon) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    const { path } = await daemon.listen(join(directory, "store"));
    await using traced = await Traced.start(`unix:${path}`, directory);
    await body(path, traced, daemon);
  });
}

/** The records that a trace printed. */
function recordsOf(stdout: string): Record<string, unknown>[] {
  return stdout.split("\n").slice(1, -1).map((line) => JSON.parse(line));
}

/** Sends chunks, and resolves with so many messages. */
async function replies(path: string, chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const socket = await dial(path);
  for (const chunk of chunks) if (chunk.length > 0) await write(socket, chunk);
  const splitter = new Splitter("store");
  const received: Uint8Array[] = [];
  let count = 0;
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: Uint8Array) => {
      received.push(new Uint8Array(chunk));
      count += splitter.push(chunk).length;
      if (count === MESSAGES) resolve();
    });
  });
  socket.destroy();
  return concat(received);
}

/** The number of replies to the requests, and of events that these cause. */
const MESSAGES = 7 + 2;
const requests = concat([
  encodePacket(Operation.WRITE, 1, 0, ["/tool/a", new Uint8Array([0, 10, 255])]),
  encodePacket(Operation.READ, 2, 0, ["/tool/a"]),
  encodePacket(Operation.READ, 3, 0, ["/tool/none"]),
  encodePacket(99, 4, 0, []),
  // The store merges equal events that wait, so the second event of this watch has another path.
  encodePacket(Operation.WATCH, 5, 0, ["/tool", "t"]),
  encodePacket(Operation.RM, 6, 9, ["/tool/a"]),
  encodePacket(Operation.RM, 7, 0, ["/tool/a"]),
]);

describe("the proxy of trace", () => {
  test("a client gets the same bytes through the proxy wherever its requests are cut", () =>
    withDaemon(async (direct, traced) => {
      const expected = await replies(direct, [requests]);
      assert(expected.length > 100, `${expected.length} bytes`);
      for (let cut = 0; cut <= requests.length; cut += 1) {
        assertEquals(await replies(traced.path, pieces(requests, cut)), expected, `cut at ${cut}`);
      }
      assertEquals(await replies(traced.path, Array.from(requests, (byte) => new Uint8Array([byte]))), expected);
    }));

  test("malformed, oversized and half messages reach the store, and its answer and end reach the client", () =>
    withDaemon(async (direct, traced) => {
      const oversized = new Uint8Array(16);
      encodeHeader(oversized, 0, Operation.WRITE, 1, 0, 5000);
      const streams = [
        concat([requests.subarray(0, 60), oversized, new Uint8Array(5000)]),
        new Uint8Array(64).fill(0xff),
        requests.subarray(0, 7),
        encodePacket(Operation.READ, 1, 0, [new Uint8Array([47, 97])]),
      ];
      for (const stream of streams) {
        assertEquals(await exchange(traced.path, [stream]), await exchange(direct, [stream]));
      }
      const records = recordsOf((await traced.stop()).stdout);
      const bytes = records.filter(({ type, from }) => type === "bytes" && from === "client");
      assertEquals(bytes.map(({ connection }) => connection).sort(), [1, 2, 3]);
    }));

  test("a client that has ended its direction still gets all replies of a store that waits for that end", () =>
    inDirectory(async (directory) => {
      const store = join(directory, "store");
      const server = createServer({ allowHalfOpen: true }, async (socket) => {
        const asked = await readAll(socket);
        socket.end(Buffer.from(encodePacket(Operation.READ, 1, 0, [`${asked.length}`])));
      });
      await new Promise<void>((resolve) => server.listen(store, () => resolve()));
      const traced = await Traced.start(`unix:${store}`, directory);
      const answer = await exchange(traced.path, [requests]);
      assertEquals(answer, encodePacket(Operation.READ, 1, 0, [`${requests.length}`]));
      const ends = recordsOf((await traced.stop()).stdout).filter(({ type }) => type === "end");
      assertEquals(ends.map(({ from }) => from), ["client", "store"]);
      server.close();
    }));

  test("the end of the store ends the client after its last bytes, and the end of a client ends the store", () =>
    inDirectory(async (directory) => {
      await using listener = await Listener.listen(join(directory, "store"));
      await using traced = await Traced.start(`unix:${listener.path}`, directory);
      (await listener.accept()).destroy();
      const [client, other] = [await dial(traced.path), await dial(traced.path)];
      const [store, second] = [await listener.accept(), await listener.accept()];
      const last = encodePacket(Operation.READ, 1, 0, ["last"]);
      const received = readAll(client);
      store.end(Buffer.from(last));
      assertEquals(await received, last);
      const ended = readAll(second);
      other.destroy();
      assertEquals(await ended, new Uint8Array());
      client.destroy();
    }));

  test("clients at the same time have connections of their own, with numbers in the trace", () =>
    withDaemon(async (_, traced) => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => connect(`unix:${traced.path}`)));
      await Promise.all(clients.map((client, i) => client.write(`/tool/${i}`, `${i}`)));
      const transactions = await Promise.all(clients.map((client) => client.transaction()));
      await Promise.all(transactions.map((transaction, i) => transaction.write(`/tool/${i}`, "2")));
      await Promise.all(transactions.map((transaction) => transaction.rollback()));
      assertEquals(await Promise.all(clients.map((client, i) => client.readText(`/tool/${i}`))), [..."0123456789"]);
      for (const client of clients) await client.close();
      const { stdout, ending } = await traced.stop();
      assertEquals(ending, 0);
      const records = recordsOf(stdout);
      for (let number = 1; number <= 10; number++) {
        const own = records.filter(({ connection }) => connection === number);
        const names = own.filter(({ type }) => type === "request").map(({ operation }) => operation);
        for (const name of ["WRITE", "TRANSACTION_START", "TRANSACTION_END", "READ"]) {
          assert(names.includes(name), name);
        }
        assertEquals(own[0]?.type, "open");
      }
      const times = records.map(({ time }) => Number(time));
      assertEquals(times, times.toSorted((a, b) => a - b));
    }));

  test("a direction reads nothing more before the other side has taken what was read", async () => {
    const steps: string[] = [];
    let take: () => void = () => {};
    let reads = 0;
    const endless: ByteStream = {
      read: () => {
        steps.push("read");
        return Promise.resolve(++reads > 3 ? null : new Uint8Array([1]));
      },
      write: () => new Promise(() => {}),
      end: () => Promise.resolve(),
      close: () => {},
    };
    const slow: ByteStream = {
      read: () => Promise.resolve(null),
      write: () => {
        steps.push("write");
        return new Promise((resolve) => take = resolve);
      },
      end: () => Promise.resolve(),
      close: () => {},
    };
    const proxy = new Proxy(() => Promise.resolve(slow), new Recorder(() => {}, "text"), () => {});
    proxy.serve(endless);
    for (const expected of ["read write", "read write read write", "read write read write read write"]) {
      for (let i = 0; i < 20; i++) await Promise.resolve();
      assertEquals(steps.join(" "), expected);
      take();
    }
    await proxy.ended();
  });

  test("a client that does not read holds up the store, and gets all later", () =>
    inDirectory(async (directory) => {
      await using listener = await Listener.listen(join(directory, "store"));
      await using traced = await Traced.start(`unix:${listener.path}`, directory, []);
      (await listener.accept()).destroy();
      const client = await dial(traced.path);
      client.pause();
      const store = await listener.accept();
      const message = encodePacket(Operation.WATCH_EVENT, 0, 0, ["/".padEnd(4000, "a"), "t"]);
      const count = 2000;
      let taken = 0;
      const sending = (async () => {
        for (; taken < count; taken++) await write(store, message);
      })();
      // Another connection shows that the proxy has forwarded all that it takes.
      const size = message.length * count;
      for (let before = -1; before !== taken;) {
        before = taken;
        const other = await dial(traced.path);
        const far = await listener.accept();
        await write(far, message);
        await readBytes(other, message.length);
        other.destroy();
      }
      assert(taken * message.length < size / 2, `${taken} of ${count} messages taken`);
      assertEquals((await readBytes(client, size)).length, size);
      await sending;
      client.destroy();
    }));

  test("the proxy closes a client if the store cannot be reached, and goes on", () =>
    inDirectory(async (directory) => {
      const listener = await Listener.listen(join(directory, "store"));
      const traced = await Traced.start(`unix:${listener.path}`, directory);
      await listener[Symbol.asyncDispose]();
      assertEquals(await exchange(traced.path, [requests]), new Uint8Array());
      await using again = await Listener.listen(listener.path);
      const client = await dial(traced.path);
      await write(client, requests);
      assertEquals(await readBytes(await again.accept(), requests.length), requests);
      client.destroy();
      const { stderr, stdout } = await traced.stop();
      assert(stderr.includes("xs_open: "), stderr);
      const { time: _, ...end } = recordsOf(stdout)[1] ?? {};
      assertEquals(end, { connection: 1, type: "end", from: "store", error: "ENOENT" });
    }));

  test("openStream() connects to the first store that is found, and rejects with the reason", async () => {
    const error = await openStream("unix:/nowhere/socket").catch((reason) => reason);
    assertEquals([error.name, error.code], ["ConnectionError", "ENOENT"]);
    const { stream, address } = await openStream("embedded:");
    await stream.write(requests.subarray(0, 50));
    await stream.write(requests.subarray(50));
    await stream.end();
    const splitter = new Splitter("store");
    let count = 0;
    for (let chunk = await stream.read(); chunk !== null; chunk = await stream.read()) {
      count += splitter.push(chunk).length;
    }
    assertEquals([address, count], ["embedded:", MESSAGES]);
    stream.close();
    stream.close();
  });
});
