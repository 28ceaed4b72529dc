// The queue between events and who consumes them: order, merging, its limit, its end.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { SharedSignals } from "../../src/client/abort.ts";
import { BoundedQueue } from "../../src/client/queue.ts";
import { quiet } from "../support/peer.ts";

const any = () => true;

/** What is taken, in short: an item as it is, `-3` where three were lost, `null` at the end. */
async function take(queue: BoundedQueue<string>, accepts: (item: string) => boolean = any, signal?: AbortSignal) {
  const taken = await queue.take(accepts, signal);
  return taken === null ? null : "lost" in taken ? -taken.lost : taken.item;
}

function filled(limit: number, ...items: string[]): BoundedQueue<string> {
  const queue = new BoundedQueue<string>({
    limit,
    isStale: (item) => item.startsWith("stale"),
    originOf: (item) => item[0],
  }, new SharedSignals());
  for (const item of items) queue.push(item, item);
  return queue;
}

async function drain(queue: BoundedQueue<string>): Promise<(string | number)[]> {
  queue.end();
  const all: (string | number)[] = [];
  for (let item = await take(queue); item !== null; item = await take(queue)) all.push(item);
  return all;
}

describe("queue", () => {
  test("gives items in order", async () => {
    assertEquals(await drain(filled(10, "a", "b", "c")), ["a", "b", "c"]);
  });

  test("gives each item to one waiting consumer", async () => {
    const queue = filled(10);
    const waiting = [take(queue), take(queue)];
    queue.push("a", "a");
    queue.push("b", "b");
    assertEquals(await Promise.all(waiting), ["a", "b"]);
  });

  test("does not add an item that waits already, until it was taken", async () => {
    const queue = filled(10, "a", "b", "a", "b");
    assertEquals([await take(queue), await take(queue)], ["a", "b"]);
    queue.push("a", "a");
    assertEquals(await drain(queue), ["a"]);
  });

  test("counts what it has no room for, in its place", async () => {
    const queue = filled(2, "a", "b", "c", "d", "e");
    assertEquals(await take(queue), "a");
    queue.push("f", "f");
    assertEquals(await take(queue), "b");
    queue.push("g", "g");
    assertEquals(await drain(queue), [-3, "f", "g"]);
  });

  test("counts anew after who consumes was told", async () => {
    const queue = filled(1, "a", "b");
    assertEquals([await take(queue), await take(queue)], ["a", -1]);
    for (const item of ["c", "d", "e"]) queue.push(item, item);
    assertEquals(await drain(queue), ["c", -2]);
  });

  test("gives up what is stale before it loses anything else", async () => {
    const queue = filled(3, "a", "stale 1", "stale 2");
    queue.push("b", "b");
    queue.age();
    queue.push("c", "c");
    const accepts = (item: string) => !item.startsWith("stale");
    assertEquals([await take(queue, accepts), await take(queue, accepts)], ["a", -1]);
    assertEquals(await take(queue, accepts), "c");
  });

  test("tells of what was stale those alone who would have taken it", async () => {
    const queue = filled(2, "stale 1", "stale 2");
    queue.age();
    queue.push("a", "a");
    queue.push("b", "b");
    assertEquals(await drain(queue), [-2, "a", "b"]);
  });

  test("ends the waits of who leaves, and gives the next item to the others", async () => {
    const queue = filled(2);
    const [left, stays] = [queue.take(any, undefined, "leaves"), queue.take(any)];
    queue.leave("leaves");
    queue.push("a", "a");
    assertEquals([await left, await stays], [null, { key: "a", item: "a" }]);
  });

  test("merges a waiting item even if it is full", async () => {
    assertEquals(await drain(filled(2, "a", "b", "b", "a")), ["a", "b"]);
  });

  test("adds an item again that was lost before", async () => {
    const queue = filled(1, "a", "b");
    assertEquals([await take(queue), await take(queue)], ["a", -1]);
    queue.push("b", "b");
    assertEquals(await drain(queue), ["b"]);
  });

  test("drops what is not accepted, in front of what is", async () => {
    const queue = filled(10, "a", "b", "c", "d");
    assertEquals(await take(queue, (item) => item > "b"), "c");
    assertEquals(await drain(queue), ["d"]);
  });

  test("goes on waiting if no item is accepted", async () => {
    const queue = filled(10, "a", "b");
    const waiting = take(queue, (item) => item > "b");
    queue.push("a", "a");
    queue.push("c", "c");
    assertEquals(await waiting, "c");
  });

  test("never drops the news that items were lost", async () => {
    const queue = filled(1, "a", "b", "c");
    assertEquals(await take(queue, () => false), -2);
  });

  test("gives the waiting items after its end, and then null forever", async () => {
    const queue = filled(10, "a");
    queue.end();
    queue.push("b", "b");
    assertEquals([await take(queue), await take(queue), await take(queue)], ["a", null, null]);
  });

  test("ends every waiting consumer", async () => {
    const queue = filled(10);
    const waiting = [take(queue), take(queue)];
    queue.end();
    assertEquals(await Promise.all(waiting), [null, null]);
  });

  test("gives the waiting items after it has failed, and then fails forever", async () => {
    const queue = filled(10, "a");
    queue.end(new RangeError("over"));
    assertEquals(await take(queue), "a");
    for (let i = 0; i < 2; i++) await assertRejects(() => take(queue), RangeError, "over");
  });

  test("fails every waiting consumer", async () => {
    const queue = filled(10);
    const waiting = [take(queue), take(queue)];
    queue.end(new RangeError("over"));
    for (const failed of waiting) await assertRejects(() => failed, RangeError, "over");
  });

  test("keeps its first end", async () => {
    const queue = filled(10);
    queue.end();
    queue.end(new RangeError("too late"));
    assertEquals(await take(queue), null);
  });

  test("gives items to the other consumers if one stops waiting", async () => {
    const queue = filled(10);
    const controller = new AbortController();
    const waiting = [take(queue), take(queue, any, controller.signal), take(queue)];
    controller.abort(new RangeError("enough"));
    await assertRejects(() => waiting[1] ?? Promise.resolve(), RangeError, "enough");
    queue.push("a", "a");
    queue.push("b", "b");
    assertEquals([await waiting[0], await waiting[2]], ["a", "b"]);
  });

  test("loses nothing to one whose signal is aborted", async () => {
    const queue = filled(10, "a");
    await assertRejects(() => take(queue, any, AbortSignal.abort(new RangeError("enough"))), RangeError, "enough");
    assertEquals(await take(queue), "a");
  });

  test("an abort after the item was given does nothing", async () => {
    const queue = filled(10, "a", "b");
    const controller = new AbortController();
    const waiting = take(queue, any, controller.signal);
    controller.abort();
    assertEquals(await waiting, "a");
    await quiet();
    assertEquals(await drain(queue), ["b"]);
  });

  test("holds 10,000 items and gives them back", async () => {
    const items = Array.from({ length: 10_000 }, (_, i) => `${i}`);
    const queue = filled(10_000);
    for (const item of items) queue.push(item, item);
    assertEquals(await drain(queue), items);
  });
});
