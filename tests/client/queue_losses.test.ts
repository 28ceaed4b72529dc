// The losses of a queue: their place, their number, their origins, and how many the queue keeps.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { SharedSignals } from "../../src/client/abort.ts";
import { BoundedQueue } from "../../src/client/queue.ts";

/** A queue of items such as `"a1"`, whose origin is their letter. */
class Letters {
  readonly #gone = new Set<string>();
  readonly queue: BoundedQueue<string, string>;
  #count = 0;

  constructor(limit: number) {
    const originOf = (item: string) => item.replace(/\d+$/, "");
    this.queue = new BoundedQueue({ limit, originOf, isGone: (origin) => this.#gone.has(origin) }, new SharedSignals());
  }

  /** Pushes an item of each origin. */
  push(...origins: string[]): void {
    for (const origin of origins) {
      const item = `${origin}${++this.#count}`;
      this.queue.push(item, item);
    }
  }

  leave(origin: string): void {
    this.#gone.add(origin);
    this.queue.forget(origin);
  }

  /** Takes one: an item, or a loss with its origins, as `"3 lost of a,b"`. */
  take(takesStale = true): string | null {
    const taken = this.queue.poll(takesStale);
    if (taken === null) return null;
    return "lost" in taken ? `${taken.lost} lost of ${[...taken.origins].sort()}` : taken.item;
  }

  drain(takesStale = true): string[] {
    const all: string[] = [];
    for (let taken = this.take(takesStale); taken !== null; taken = this.take(takesStale)) all.push(taken);
    return all;
  }
}

describe("the losses of a queue", () => {
  test("have the origins of the lost items, each loss its own", () => {
    const letters = new Letters(2);
    letters.push("a", "a", "b", "c", "b");
    assertEquals(letters.take(), "a1");
    letters.push("d", "e");
    assertEquals(letters.drain(), ["a2", "3 lost of b,c", "d6", "1 lost of e"]);
  });

  test("have no origins that are gone by then", () => {
    const letters = new Letters(1);
    letters.push("a", "b", "c", "b");
    letters.leave("b");
    assertEquals(letters.drain(), ["a1", "3 lost of c"]);
  });

  test("keep their place among the items when stale items are dropped", () => {
    for (
      const [takesStale, expected] of [
        [true, ["1 lost of ", "a2", "1 lost of ", "c4", "1 lost of b", "d6"]],
        [false, ["a2", "c4", "1 lost of b", "d6"]],
      ] as const
    ) {
      const letters = new Letters(4);
      letters.push("s", "a", "s", "c", "b");
      letters.leave("s");
      letters.push("d");
      assertEquals(letters.drain(takesStale), [...expected]);
    }
  });

  test("merge when the stale items between them are dropped, with their numbers and origins", () => {
    for (const [takesStale, expected] of [[true, "7 lost of a,b,c,d"], [false, "5 lost of a,b,c,d"]] as const) {
      const letters = new Letters(3);
      letters.push("x", "x", "x", "a", "b");
      letters.take();
      letters.push("s", "b", "c");
      letters.take();
      letters.push("s", "d");
      assertEquals(letters.queue.size, { entries: 6, origins: 5 });
      letters.leave("s");
      letters.push("e");
      assertEquals(letters.queue.size, { entries: 3, origins: 4 });
      assertEquals(letters.drain(takesStale), ["x3", expected, "e11"]);
      assertEquals(letters.queue.size, { entries: 0, origins: 0 });
    }
  });

  test("are at most one more than the items, however many origins come and go", () => {
    const letters = new Letters(4);
    letters.push("keep", "keep");
    for (let i = 0; i < 1000; i++) {
      const origin = `o${i}-`;
      letters.push(...Array.from({ length: 10 }, () => origin));
      letters.leave(origin);
      const { entries, origins } = letters.queue.size;
      assert(entries <= 9 && origins === 0, `${entries} entries with ${origins} origins`);
    }
    const all = letters.drain();
    const lost = all.reduce((sum, taken) => sum + (/^(\d+) lost/.test(taken) ? parseInt(taken) : 1), 0);
    assertEquals([all.slice(0, 2), lost], [["keep1", "keep2"], 10_002]);
  });

  test("have at most the limit of origins and one more for each, if one item is taken for many that come", () => {
    const [limit, count] = [8, 100];
    const letters = new Letters(limit);
    const all = Array.from({ length: count }, (_, i) => `o${i}-`);
    letters.push(...Array.from({ length: limit }, () => "keep"));
    for (let round = 0; round < 2 * limit; round++) {
      letters.push(...all);
      letters.take();
      letters.push("keep");
    }
    const { entries, origins } = letters.queue.size;
    assert(entries <= 2 * limit + 1 && origins <= limit + count, `${entries} entries with ${origins} origins`);
  });

  test("name each origin once after its last lost item, also beyond the limit of origins", () => {
    const letters = new Letters(2);
    letters.push("keep", "keep", "a", "b", "c");
    letters.take();
    letters.push("keep", "a", "b", "d");
    letters.take();
    // The first loss has three origins, which is over the limit: the second has the one that the first has not.
    assertEquals(letters.take(), "3 lost of a,b,c");
    letters.push("keep", "a");
    assertEquals(letters.drain(), ["keep6", "3 lost of d", "keep10", "1 lost of a"]);
  });
});
