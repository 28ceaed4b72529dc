// Closing monitors, transactions and clients while the store is silent, by a timer of the test.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/client/client.ts";
import { Monitor } from "../../src/client/monitor.ts";
import { Router } from "../../src/client/router.ts";
import { startTransaction } from "../../src/client/transaction.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { Operation } from "../../src/wire/operations.ts";
import { atOnce, connected, Peer, quiet } from "../support/peer.ts";

/** A timer that runs when the test says so. */
class Timer {
  readonly #waiting: { readonly milliseconds: number; readonly run: () => void }[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  readonly after = (milliseconds: number, run: () => void): () => void => {
    const entry = { milliseconds, run };
    this.#waiting.push(entry);
    return () => {
      if (this.#waiting.includes(entry)) this.#waiting.splice(this.#waiting.indexOf(entry), 1);
    };
  };

  /** Lets seconds pass, of which each is one timer. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) {
      const entry = this.#waiting.shift();
      assertEquals(entry?.milliseconds, 1000);
      entry?.run();
    }
  }
}

function silentStore(wrap: (transport: Transport) => Transport = (transport) => transport) {
  const peer = new Peer();
  const timer = new Timer();
  const ends: ConnectionError[] = [];
  const router = new Router(wrap(peer.transport), (error) => ends.push(error), { after: timer.after });
  return { peer, timer, ends, router };
}

/** Whether a promise is settled, after everything has happened that needs no further action. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => void (settled = true);
  promise.then(settle, settle);
  await quiet();
  return settled;
}

async function watching(router: Router, peer: Peer): Promise<Monitor> {
  const monitor = new Monitor(router, {}, () => () => {});
  const watched = monitor.watch("/a", "token");
  (await peer.next()).ok();
  await watched;
  return monitor;
}

async function started(router: Router, peer: Peer) {
  const starting = startTransaction(router, {});
  (await peer.next()).reply("7");
  return await starting;
}

function readOf(router: Router, signal?: AbortSignal): Promise<unknown> {
  const request = { operation: Operation.READ, transactionId: 0, path: "/b", parts: ["/b"], signal };
  return router.request({ ...request, parse: () => null });
}

describe("closing a monitor", () => {
  test("resolves after 5 seconds without a byte of the store, and gives the connection up", async () => {
    const { peer, timer, ends, router } = silentStore();
    const monitor = await watching(router, peer);
    const failed = assertRejects(() => readOf(router), ConnectionError, "was given up");
    const closing = monitor.close();
    timer.pass(4);
    assertEquals(await isSettled(closing), false);
    timer.pass(1);
    await atOnce(closing);
    assertEquals((await atOnce(failed)).code, "ETIMEDOUT");
    assertEquals([ends.map(({ code }) => code), router.isConnected, timer.waiting], [["ETIMEDOUT"], false, 0]);
    await atOnce(peer.ended);
  });

  test("waits for a store that sends anything, up to 60 seconds", async () => {
    const { peer, timer, router } = silentStore();
    const monitor = await watching(router, peer);
    const closing = monitor.close();
    for (let second = 1; second < 60; second++) {
      timer.pass(1);
      if (second % 4 === 0) peer.event("/a", "1");
      await quiet();
    }
    assertEquals(await isSettled(closing), false);
    timer.pass(1);
    await atOnce(closing);
    assertEquals(router.isConnected, false);
  });

  test("leaves no timer after the store has answered, and closing twice waits once", async () => {
    const { peer, timer, router } = silentStore();
    const monitor = await watching(router, peer);
    const both = Promise.all([monitor.close(), monitor.close()]);
    (await peer.expect("UNWATCH /a|1|")).ok();
    await atOnce(both);
    assertEquals([timer.waiting, peer.waiting, router.isConnected], [0, [], true]);
  });

  test("rejects with the reason of its signal, and the connection stays", async () => {
    const { peer, timer, router } = silentStore();
    const monitor = await watching(router, peer);
    const abort = new AbortController();
    const closing = monitor.close({ signal: abort.signal });
    assertEquals(await isSettled(closing), false);
    abort.abort(new RangeError("enough"));
    await atOnce(assertRejects(() => closing, RangeError, "enough"));
    assertEquals([timer.waiting, router.isConnected], [0, true]);
    (await peer.expect("UNWATCH /a|1|")).ok();
    const read = readOf(router);
    (await peer.expect("READ /b|")).reply("value");
    await read;
  });

  test("removes the watches also if its signal is aborted already", async () => {
    const { peer, router } = silentStore();
    const monitor = await watching(router, peer);
    const closing = monitor.close({ signal: AbortSignal.abort(new RangeError("enough")) });
    await atOnce(assertRejects(() => closing, RangeError, "enough"));
    await peer.expect("UNWATCH /a|1|");
  });
});

describe("disposing a transaction", () => {
  test("resolves after 5 seconds without a byte of the store, and gives the connection up", async () => {
    const { peer, timer, ends, router } = silentStore();
    const transaction = await started(router, peer);
    const closing = transaction[Symbol.asyncDispose]();
    timer.pass(4);
    assertEquals(await isSettled(closing), false);
    timer.pass(1);
    await atOnce(closing);
    assertEquals([ends.length, transaction.isOpen, router.isConnected], [1, false, false]);
  });

  test("lets the error of an abort be seen, as closing a monitor does", async () => {
    const { peer, timer, router } = silentStore();
    const abort = new AbortController();
    const [monitor, transaction] = [await watching(router, peer), await started(router, peer)];
    const work = async () => {
      await using _monitor = monitor;
      await using _transaction = transaction;
      await readOf(router, abort.signal);
    };
    const working = work();
    await peer.expect("READ /b|");
    abort.abort(new RangeError("enough"));
    await peer.expect("TRANSACTION_END F|");
    timer.pass(5);
    await atOnce(assertRejects(() => working, RangeError, "enough"));
  });
});

describe("closing a client", () => {
  test("resolves after 5 seconds if its transport waits for a silent store", async () => {
    const { timer, router } = silentStore((transport) => ({
      traits: transport.traits,
      start: (receiver) => transport.start(receiver),
      send: (bytes) => transport.send(bytes),
      close: () => new Promise(() => {}),
    }));
    const closing = router.close();
    timer.pass(4);
    assertEquals(await isSettled(closing), false);
    timer.pass(1);
    await atOnce(closing);
  });

  test("leaves no timer if its transport closes", async () => {
    const { timer, router } = silentStore();
    await atOnce(router.close());
    assertEquals(timer.waiting, 0);
  });

  test("rejects with the reason of its signal, and closes nevertheless", async () => {
    const [near, far] = memoryPair();
    const ended = new Promise((resolve) => far.start({ receive() {}, ended: resolve }));
    let closed = () => {};
    const transport: Transport = {
      traits: near.traits,
      start: (receiver) => near.start(receiver),
      send: (bytes) => near.send(bytes),
      close: () => near.close().then(() => new Promise((resolve) => closed = resolve)),
    };
    const client = await new Client(transport).connect();
    const closing = client.close({ signal: AbortSignal.abort(new RangeError("enough")) });
    await atOnce(assertRejects(() => closing, RangeError, "enough"));
    assertEquals(client.isConnected, false);
    await atOnce(ended);
    closed();
  });
});

describe("waitFor()", () => {
  test("leaves the connection as it is if its signal ends the wait for a silent store", async () => {
    const { client, peer } = await connected();
    const abort = new AbortController();
    const waiting = client.waitFor("/a", () => false, { signal: abort.signal });
    // GET_FEATURE; the WATCH that follows is not answered.
    (await peer.next()).reply("0");
    await peer.next();
    abort.abort(new RangeError("enough"));
    await atOnce(assertRejects(() => waiting, RangeError, "enough"));
    assert(client.isConnected);
    await client.close();
  });
});
