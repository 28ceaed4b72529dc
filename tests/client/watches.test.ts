// The watches of a monitor, by path and token.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { SharedSignals } from "../../src/client/abort.ts";
import { ValueLimit } from "../../src/client/known_values.ts";
import { BoundedQueue } from "../../src/client/queue.ts";
import { Watch, type WatchContext } from "../../src/client/watch.ts";
import { Watches } from "../../src/client/watches.ts";

const context: WatchContext = {
  queue: new BoundedQueue({ limit: 1, originOf: ({ watch }) => watch, isGone: () => false }, new SharedSignals()),
  valueLimit: new ValueLimit(1),
};

function watchOf(path: string, token: string): Watch {
  return new Watch(path, token, {}, context);
}

describe("watches", () => {
  test("are found by path and token, in the order in which they were set", () => {
    const watches = new Watches();
    const all = [watchOf("/b", "t"), watchOf("/a", "t"), watchOf("/a", "u")];
    for (const watch of all) watches.add(watch);
    for (const watch of all) assertEquals(watches.find(watch.path, watch.token) === watch, true);
    assertEquals(watches.find("/b", "u"), undefined);
    assertEquals(watches.all().map(({ path, token }) => `${path} ${token}`), ["/b t", "/a t", "/a u"]);
  });

  test("have a token while any of them has it", () => {
    const watches = new Watches();
    const [first, second] = [watchOf("/a", "t"), watchOf("/b", "t")];
    watches.add(first);
    watches.add(second);
    watches.delete(first);
    watches.delete(first);
    assertEquals([watches.hasToken("t"), watches.hasToken("u")], [true, false]);
    watches.delete(second);
    assertEquals([watches.hasToken("t"), watches.all()], [false, []]);
  });

  test("are not deleted with an earlier watch of the same name", () => {
    const watches = new Watches();
    const [earlier, later] = [watchOf("/a", "t"), watchOf("/a", "t")];
    watches.add(earlier);
    watches.delete(earlier);
    watches.add(later);
    watches.delete(earlier);
    assertEquals([watches.find("/a", "t") === later, watches.hasToken("t")], [true, true]);
  });
});
