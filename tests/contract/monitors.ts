// The contract: watches and their events.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidPathError, type MonitorEvent, XenStoreError } from "../../mod.ts";
import { collect, paths, scratch, until } from "./scratch.ts";
import type { Store } from "./store.ts";

/** Declares the tests of watches and their events. */
export function monitorsContract(store: Store): void {
  describe(`${store.name}: monitors`, () => {
    const at = scratch(store, "monitors");
    const { path } = at;

    test("a new watch causes an event immediately, whether or not the node exists", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("missing"), "a token");
      const [event] = await collect(monitor, () => true);
      assertEquals(event, { type: "change", path: path("missing"), token: "a token" });
    });

    test("a change of the node or below it causes an event, by any client", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("tree"));
      await until(monitor, path("tree"));
      await at.client.write(path("tree/own"), "1");
      await until(monitor, path("tree/own"));
      await at.other.write(path("tree/deep/er"), "1");
      await until(monitor, path("tree/deep/er"));
      await at.other.delete(path("tree"));
      await until(monitor, path("tree"));
    });

    test("a change of a node with the same prefix in its name causes no event", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("foo"));
      await until(monitor, path("foo"));
      await at.client.write(path("foobar"), "1");
      await at.client.write(path("foo/end"), "1");
      assertEquals(paths(await until(monitor, path("foo/end"))), [path("foo/end")]);
    });

    test("setPerms() causes an event", async () => {
      await at.client.mkdir(path("perms"));
      const [owner] = await at.client.getPerms(path("perms"));
      await using monitor = at.client.monitor();
      await monitor.watch(path("perms"), "p");
      await until(monitor, path("perms"));
      await at.client.setPerms(path("perms"), [`r${owner?.domid ?? 0}`]);
      await until(monitor, path("perms"));
    });

    test("two watches of a path with different tokens cause two events", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("twice"), "one");
      await monitor.watch(path("twice"), "two");
      assertEquals([...monitor.watched], [path("twice")]);
      const tokens = (events: readonly unknown[]) => events.map((event) => (event as { token: string }).token).sort();
      assertEquals(tokens(await collect(monitor, ({ length }) => length === 2)), ["one", "two"]);
      await at.client.write(path("twice"), "1");
      assertEquals(tokens(await collect(monitor, ({ length }) => length === 2)), ["one", "two"]);
    });

    test("two monitors may watch the same path with the same token", async () => {
      await using first = at.client.monitor();
      await using second = at.client.monitor();
      await first.watch(path("shared"), "token");
      await second.watch(path("shared"), "token");
      await until(first, path("shared"));
      await until(second, path("shared"));
      await first.unwatch(path("shared"), "token");
      await at.client.write(path("shared"), "1");
      await until(second, path("shared"));
    });

    test("a second watch() with the same path and token rejects with EEXIST", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("once"), "token");
      const error = await assertRejects(() => monitor.watch(path("once"), "token"), XenStoreError);
      assertEquals([error.code, error.operation, error.path], ["EEXIST", "WATCH", path("once")]);
    });

    test("unwatch() ends the events of that watch only", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("stays"), "s");
      await monitor.watch(path("goes"), "g");
      await collect(monitor, ({ length }) => length === 2);
      await monitor.unwatch(path("goes"), "g");
      assertEquals([...monitor.watched], [path("stays")]);
      await at.client.write(path("goes"), "1");
      await at.client.write(path("stays"), "1");
      assertEquals(paths(await until(monitor, path("stays"))), [path("stays")]);
    });

    test("queued events of a removed watch are dropped, unless they are requested", async () => {
      for (const unwatched of [false, true]) {
        await using monitor = at.client.monitor();
        await monitor.watch(path("stale"), "s");
        await at.client.write(path("stale/event"), "1");
        await at.client.write(path("stale/other"), "1");
        await monitor.unwatch(path("stale"), "s");
        await monitor.watch(path("fresh"), "f");
        const seen = paths(
          await collect(monitor.wait({ unwatched }), (events) => paths(events).includes(path("fresh"))),
        );
        assertEquals(seen.includes(path("stale/event")), unwatched);
      }
    });

    test("unwatch() rejects with ENOENT if the watch does not exist", async () => {
      await using monitor = at.client.monitor();
      await assertRejects(() => monitor.unwatch(path("never"), "n"), XenStoreError, "ENOENT");
    });

    test("watch() rejects an invalid path, and leaves no watch in the store", async () => {
      await using monitor = at.client.monitor();
      await assertRejects(() => monitor.watch("/not valid"), InvalidPathError);
      assertEquals(monitor.watched.size, 0);
    });

    test("a watch with a depth gets no events of deeper nodes", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("depth"), "d", { depth: 1 });
      await until(monitor, path("depth"));
      await at.client.write(path("depth/a/b"), "1");
      await at.client.write(path("depth/end"), "1");
      assertEquals(paths(await until(monitor, path("depth/end"))), [path("depth/end")]);
    });

    test("the changes of a transaction cause events after its commit, and none after a rollback", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("tx"));
      await until(monitor, path("tx"));
      const dropped = await at.client.transaction();
      await dropped.write(path("tx/dropped"), "1");
      await dropped.rollback();
      const kept = await at.client.transaction();
      await kept.write(path("tx/kept"), "1");
      assert(await kept.commit());
      assertEquals(paths(await until(monitor, path("tx/kept"))).includes(path("tx/dropped")), false);
    });

    test("ninety concurrent watches each cause their first event", async () => {
      await using monitor = at.client.monitor();
      const names = Array.from({ length: 90 }, (_, i) => path(`w/${i}`));
      await Promise.all(names.map((name) => monitor.watch(name)));
      const events = await collect(monitor, (taken) => paths(taken).length === names.length);
      assertEquals(paths(events).sort(), names.sort());
    });

    test("a reader that takes no events is told of those that were lost, however many watches come and go", async () => {
      const limit = 4;
      const monitor = at.client.monitor({ limit });
      for (let i = 0; i < 50; i++) {
        await monitor.watch(path("cycle"), "c");
        for (let k = 0; k < 2 * limit; k++) await at.client.write(path(`cycle/${k}`), "");
        await monitor.unwatch(path("cycle"), "c");
      }
      const events = monitor.wait({ unwatched: true });
      await monitor.close();
      const seen: MonitorEvent[] = [];
      for await (const event of events) seen.push(event);
      const lost = seen.flatMap((event) => event.type === "overflow" ? [event.lost] : []);
      const kept = seen.filter(({ type }) => type === "change").length;
      assert(kept <= limit && lost.length >= 1 && lost.length <= limit + 1, JSON.stringify(seen));
      // The last write of a cycle may cause its event after the watch was removed.
      assert(lost.reduce((sum, count) => sum + count) >= 50 * (2 * limit - 1) - kept, JSON.stringify(seen));
    });

    test("a watch with values forgets them after lost events, and delivers what becomes of each node", async () => {
      await using monitor = at.client.monitor({ limit: 2 });
      await monitor.watch(path("values"), "v", { values: true });
      const found = async (last: string): Promise<MonitorEvent | undefined> =>
        (await collect(monitor, (taken) => {
          const event = taken.at(-1);
          return event?.type === last || (event?.type === "value" && event.path === path(last));
        })).at(-1);
      await at.client.write(path("values/a"), "1");
      assertEquals((await found("values/a"))?.type, "value");
      for (let i = 0; i < 10; i++) await at.client.write(path(`values/other${i}`), "1");
      assertEquals(await found("resync"), { type: "resync", watches: [{ path: path("values"), token: "v" }] });
      await at.client.delete(path("values/a"));
      const gone = { type: "value" as const, path: path("values/a"), token: "v", value: null, previous: null };
      assertEquals(await found("values/a"), gone);
    });

    test("an aborted wait() rejects with the signal's reason, and the monitor stays usable", async () => {
      await using monitor = at.client.monitor();
      await monitor.watch(path("abort"));
      await until(monitor, path("abort"));
      const abort = new AbortController();
      const waiting = monitor.wait({ signal: abort.signal }).next();
      abort.abort(new Error("enough"));
      await assertRejects(() => waiting, Error, "enough");
      await at.client.write(path("abort"), "1");
      await until(monitor, path("abort"));
    });

    test("waitFor() resolves when the predicate accepts the value", async () => {
      const value = at.client.waitFor(path("ready"), (bytes) => bytes?.length === 3);
      await at.other.write(path("ready"), "no");
      await at.other.write(path("ready"), "yes");
      assertEquals(await value, new TextEncoder().encode("yes"));
      const gone = at.client.waitFor(path("ready"), (bytes) => bytes === null);
      await at.other.delete(path("ready"));
      assertEquals(await gone, null);
    });

    test("waitFor() rejects with the reason of an aborted signal", async () => {
      const abort = new AbortController();
      const waiting = at.client.waitFor(path("never"), () => false, { signal: abort.signal });
      abort.abort(new Error("enough"));
      await assertRejects(() => waiting, Error, "enough");
    });
  });
}
