// What the watches of deep paths take.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Connection, Domain, type Watch } from "../../../src/daemon/state/domains.ts";
import { WatchTrie } from "../../../src/daemon/state/watches.ts";
import { Quotas } from "../../../src/daemon/tree/quotas.ts";
import { within } from "../support.ts";

const connection = new Connection(1, new Domain(0, new Quotas()));

function watchOf(path: string, depth: number, order: number): Watch {
  return { connection, path, token: `${order}`, depth, prefix: 0, order };
}

/** Runs a function, and returns how many maps were made. */
function mapsMade(run: () => void): number {
  const { Map: real } = globalThis;
  let count = 0;
  globalThis.Map = class<K, V> extends real<K, V> {
    constructor(entries?: Iterable<readonly [K, V]> | null) {
      super(entries ?? []);
      count++;
    }
  } as MapConstructor;
  try {
    run();
  } finally {
    globalThis.Map = real;
  }
  return count;
}

describe("the trie of watches", () => {
  test("takes no more objects for a deep path than for a short one", () => {
    const trie = new WatchTrie();
    const watches = Array.from({ length: 128 }, (_, i) => watchOf(`${"/a".repeat(1000)}/${i}`, -1, i));
    const made = mapsMade(() => {
      for (const watch of watches) trie.add(watch);
    });
    assert(made <= 2 * watches.length + 1, `${made} maps for ${watches.length} watches`);
    const apart = mapsMade(() => {
      for (let i = 0; i < 128; i++) trie.add(watchOf(`/${i}${"/b".repeat(1000)}`, -1, i));
    });
    assert(apart <= 2 * 128 + 1, `${apart} maps`);
  });

  test(
    "serves a guest's deep watches, whose events come as before",
    within(({ dom0, guest, node }) => {
      const deep = "/a".repeat(1000);
      node("/a", "n5");
      const five = guest(5);
      const made = mapsMade(() => {
        for (let i = 0; i < 128; i++) five.watch(`${deep}/${i}`, "t");
      });
      assert(made < 1000, `${made}`);
      dom0.ask("WRITE", `${deep}/7|`);
      dom0.ask("RM", "/a|");
      assertEquals(five.events().map(([path]) => path.slice(deep.length)), ["/7"]);
    }),
  );
});
