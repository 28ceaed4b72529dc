// The nodes that a watch with values remembers as gone.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { ValueLimit } from "../../src/client/known_values.ts";
import { WatchedValues } from "../../src/client/watched_values.ts";

const reader = { read: () => Promise.resolve(null), wait: (turn: Promise<unknown>) => turn };

/** A watch of /a whose nodes are all gone; tells whether it delivers an event of a path. */
function watched() {
  const values = new WatchedValues("/a", "t", new ValueLimit(1e9));
  return { values, delivers: async (path: string) => await values.next(path, reader) !== null };
}

describe("a node that is gone", () => {
  test("is delivered once, and again after its connection was lost: it may have been made by then", async () => {
    const { values, delivers } = watched();
    assertEquals([await delivers("/a/b"), await delivers("/a/b")], [true, false]);
    values.takeStale();
    assertEquals([await delivers("/a/b"), await delivers("/a/b")], [true, false]);
  });

  test("is delivered again after a loss of events", async () => {
    const { values, delivers } = watched();
    assertEquals([await delivers("/a/b"), await delivers("/a/b")], [true, false]);
    values.forget();
    assertEquals([await delivers("/a/b"), await delivers("/a/b")], [true, false]);
  });

  test("is remembered until 256 others are gone", async () => {
    const { delivers } = watched();
    for (let i = 0; i < 256; i++) await delivers(`/a/${i}`);
    assertEquals([await delivers("/a/0"), await delivers("/a/256")], [false, true]);
    assertEquals([await delivers("/a/0"), await delivers("/a/1")], [false, true]);
  });
});
