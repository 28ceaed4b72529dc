// The queue between events and who consumes them: order, merging, its limit, its end.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { SharedSignals } from "../../src/client/abort.ts";
import { BoundedQueue } from "../../src/client/queue.ts";
import { quiet } from "../support/peer.ts";

type Queue = BoundedQueue<string, string>;

/** What is taken, in short: an item as it is, `-3` where three were lost, `null` at the end. */
async function take(queue: Queue, takesStale = true, signal?: AbortSignal) {
  const taken = await queue.take(takesStale, signal);
  return taken === null ? null : "lost" in taken ? -taken.lost : taken.item;
}

/** Makes a queue. The origin of an item is its letter; the items of the letters in `gone` are stale. */
function filled(limit: number, items: string[] = [], gone: Set<string> = new Set()): Queue {
  const originOf = (item: string) => item.charAt(0);
  const queue: Queue = new BoundedQueue({ limit, originOf, isGone: (origin) => gone.has(origin) }, new SharedSignals());
  push(queue, ...items);
  return queue;
}

function push(queue: Queue, ...items: string[]): void {
  for (const item of items) queue.push(item, item);
}

/** Takes all that waits, in short. */
async function drain(queue: Queue, takesStale = true): Promise<(string | number)[]> {
  queue.end();
  const all: (string | number)[] = [];
  for (let item = await take(queue, takesStale); item !== null; item = await take(queue, takesStale)) all.push(item);
  return all;
}

describe("queue", () => {
  test("gives items in order", async () => {
    assertEquals(await drain(filled(10, ["a", "b", "c"])), ["a", "b", "c"]);
  });

  test("gives each item to one waiting consumer", async () => {
    const queue = filled(10);
    const waiting = [take(queue), take(queue)];
    queue.push("a", "a");
    queue.push("b", "b");
    assertEquals(await Promise.all(waiting), ["a", "b"]);
  });

  test("does not add an item that waits already, until it was taken", async () => {
    const queue = filled(10, ["a", "b", "a", "b"]);
    assertEquals([await take(queue), await take(queue)], ["a", "b"]);
    queue.push("a", "a");
    assertEquals(await drain(queue), ["a"]);
  });

  test("counts what it has no room for, in its place", async () => {
    const queue = filled(2, ["a", "b", "c", "d", "e"]);
    assertEquals(await take(queue), "a");
    queue.push("f", "f");
    assertEquals(await take(queue), "b");
    queue.push("g", "g");
    assertEquals(await drain(queue), [-3, "f", "g"]);
  });

  test("counts anew after who consumes was told", async () => {
    const queue = filled(1, ["a", "b"]);
    assertEquals([await take(queue), await take(queue)], ["a", -1]);
    for (const item of ["c", "d", "e"]) queue.push(item, item);
    assertEquals(await drain(queue), ["c", -2]);
  });

  test("gives up stale items before it loses any other item", async () => {
    const gone = new Set<string>();
    const queue = filled(3, ["a", "s1", "s2", "b"], gone);
    gone.add("s");
    queue.forget("s");
    push(queue, "c");
    assertEquals(await drain(queue, false), ["a", -1, "c"]);
  });

  test("tells of dropped stale items those alone who would have taken them", async () => {
    for (const [takesStale, expected] of [[false, ["a", "b"]], [true, [-2, "a", "b"]]] as const) {
      const gone = new Set<string>();
      const queue = filled(2, ["s1", "s2"], gone);
      gone.add("s");
      queue.forget("s");
      push(queue, "a", "b");
      assertEquals(await drain(queue, takesStale), [...expected]);
    }
  });

  test("gives up items that were stale when they came", async () => {
    const queue = filled(2, ["s1", "s2", "a", "b"], new Set("s"));
    assertEquals(await drain(queue, false), ["a", "b"]);
  });

  test("counts a stale item that it has no room for only for those who would have taken it", async () => {
    for (const [takesStale, expected] of [[false, ["a", "b"]], [true, ["a", "b", -2]]] as const) {
      assertEquals(await drain(filled(2, ["a", "b", "s1", "s2"], new Set("s")), takesStale), [...expected]);
    }
  });

  test("ends the waits of who leaves, and gives the next item to the others", async () => {
    const queue = filled(2);
    const [left, stays] = [queue.take(true, undefined, "leaves"), queue.take(true)];
    queue.leave("leaves");
    queue.push("a", "a");
    assertEquals([await left, await stays], [null, { key: "a", item: "a" }]);
  });

  test("merges a waiting item even if it is full", async () => {
    assertEquals(await drain(filled(2, ["a", "b", "b", "a"])), ["a", "b"]);
  });

  test("adds an item again that was lost before", async () => {
    const queue = filled(1, ["a", "b"]);
    assertEquals([await take(queue), await take(queue)], ["a", -1]);
    queue.push("b", "b");
    assertEquals(await drain(queue), ["b"]);
  });

  test("drops stale items in front of others, unless they are wanted", async () => {
    for (const [takesStale, expected] of [[false, ["a", "b"]], [true, ["s1", "a", "s2", "b"]]] as const) {
      assertEquals(await drain(filled(10, ["s1", "a", "s2", "b"], new Set("s")), takesStale), [...expected]);
    }
  });

  test("goes on waiting if only stale items come", async () => {
    const queue = filled(10, ["s1"], new Set("s"));
    const waiting = take(queue, false);
    push(queue, "s2", "a");
    assertEquals(await waiting, "a");
  });

  test("never drops the news that items were lost", async () => {
    const gone = new Set<string>();
    const queue = filled(1, ["a", "b", "c"], gone);
    for (const origin of "abc") gone.add(origin);
    for (const origin of "abc") queue.forget(origin);
    assertEquals(await take(queue, false), -2);
  });

  test("gives the waiting items after its end, and then null forever", async () => {
    const queue = filled(10, ["a"]);
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
    const queue = filled(10, ["a"]);
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
    const waiting = [take(queue), take(queue, true, controller.signal), take(queue)];
    controller.abort(new RangeError("enough"));
    await assertRejects(() => waiting[1] ?? Promise.resolve(), RangeError, "enough");
    queue.push("a", "a");
    queue.push("b", "b");
    assertEquals([await waiting[0], await waiting[2]], ["a", "b"]);
  });

  test("loses nothing to one whose signal is aborted", async () => {
    const queue = filled(10, ["a"]);
    await assertRejects(() => take(queue, true, AbortSignal.abort(new RangeError("enough"))), RangeError, "enough");
    assertEquals(await take(queue), "a");
  });

  test("an abort after the item was given does nothing", async () => {
    const queue = filled(10, ["a", "b"]);
    const controller = new AbortController();
    const waiting = take(queue, true, controller.signal);
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
