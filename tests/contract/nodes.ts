// The contract: values, children and permissions of nodes.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidPathError, InvalidPayloadError, XenStoreError } from "../../mod.ts";
import { scratch } from "./scratch.ts";
import type { Store } from "./store.ts";

/** Declares the tests of values, children and permissions. */
export function nodesContract(store: Store): void {
  describe(`${store.name}: nodes`, () => {
    const at = scratch(store, "nodes");
    const { path } = at;

    test("read() resolves with the bytes that write() wrote", async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      await at.client.write(path("bytes"), bytes);
      assertEquals(await at.client.read(path("bytes")), bytes);
    });

    test("a value keeps trailing NULs", async () => {
      await at.client.write(path("nuls"), new Uint8Array([65, 0, 0]));
      assertEquals(await at.other.read(path("nuls")), new Uint8Array([65, 0, 0]));
    });

    test("a value may be empty", async () => {
      await at.client.write(path("empty"), "");
      assertEquals(await at.client.read(path("empty")), new Uint8Array(0));
      assertEquals(await at.client.readText(path("empty")), "");
    });

    test("write() and readText() encode text as UTF-8", async () => {
      await at.client.write(path("text"), "zażółć \u{1F427}");
      assertEquals(await at.client.readText(path("text")), "zażółć \u{1F427}");
    });

    test("readText() rejects with EILSEQ if the value is not UTF-8", async () => {
      await at.client.write(path("latin"), new Uint8Array([0x61, 0xe9]));
      assertEquals((await assertRejects(() => at.client.readText(path("latin")), XenStoreError)).code, "EILSEQ");
      assertEquals((await at.client.read(path("latin"))).length, 2);
    });

    test("write() creates missing parents with empty values", async () => {
      await at.client.write(path("deep/er/still"), "x");
      assertEquals(await at.client.readText(path("deep/er")), "");
      assertEquals(await at.client.list(path("deep")), ["er"]);
    });

    test("write() accepts the longest value, and rejects one that exceeds a message with E2BIG", async () => {
      const longest = new Uint8Array(Math.min(store.valueMax, 4096)).fill(7);
      const name = path("long");
      const fits = longest.subarray(0, Math.min(longest.length, (store.device ? 4080 : 4096) - name.length - 1));
      await at.client.write(name, fits);
      assertEquals((await at.client.read(name)).length, fits.length);
      const tooLong = new Uint8Array((store.device ? 4080 : 4096) - name.length);
      const error = await assertRejects(() => at.client.write(name, tooLong), InvalidPayloadError);
      assertEquals([error.code, error.operation, error.path], ["E2BIG", "WRITE", name]);
      assertEquals((await at.client.read(name)).length, fits.length);
    });

    test("writeIfChanged() writes only another value, and an equal value fires no event", async () => {
      const name = path("same");
      assertEquals(await at.client.writeIfChanged(name, "1"), true);
      await using monitor = at.other.monitor();
      await monitor.watch(name, "t");
      const events = monitor.wait();
      await events.next();
      assertEquals(await at.client.writeIfChanged(name, "1"), false);
      const inTransaction = await at.client.transact((transaction) => transaction.writeIfChanged(name, "1"));
      assertEquals(inTransaction, false);
      await at.client.write(`${name}/end`, "");
      const { value: event } = await events.next();
      assertEquals(event?.type === "change" && event.path, `${name}/end`);
      assertEquals(await at.client.transact((transaction) => transaction.writeIfChanged(name, "2")), true);
      assertEquals(await at.client.readText(name), "2");
    });

    test("read() rejects with ENOENT if the node does not exist", async () => {
      const error = await assertRejects(() => at.client.read(path("nothing")), XenStoreError);
      assertEquals([error.code, error.errno, error.operation, error.path], ["ENOENT", 2, "READ", path("nothing")]);
    });

    test("read() resolves with the default if the node does not exist", async () => {
      assertEquals(await at.client.read(path("nothing"), { default: null }), null);
      assertEquals(await at.client.readText(path("nothing"), { default: "none" }), "none");
      await at.client.write(path("something"), "");
      assertEquals(await at.client.readText(path("something"), { default: "none" }), "");
    });

    test("an invalid path rejects with an InvalidPathError", async () => {
      for (const wrong of ["", "/with space", `${path("slash")}/`, `${path("two")}//slashes`, "/dot.ted", "@special"]) {
        const error = await assertRejects(() => at.client.read(wrong), InvalidPathError);
        assertEquals([error.code, error.operation, error.path], ["EINVAL", "READ", wrong]);
      }
    });

    test("paths may be bytes", async () => {
      const bytes = new TextEncoder().encode(path("by-bytes"));
      await at.client.write(bytes, "yes");
      assertEquals(await at.client.readText(bytes), "yes");
      assert(await at.client.exists(bytes));
    });

    test("mkdir() creates a node with an empty value, and keeps an existing node", async () => {
      await at.client.mkdir(path("made/here"));
      assertEquals(await at.client.readText(path("made/here")), "");
      await at.client.write(path("made/here"), "kept");
      await at.client.mkdir(path("made/here"));
      assertEquals(await at.client.readText(path("made/here")), "kept");
    });

    test("delete() removes a node and everything below it", async () => {
      await at.client.write(path("gone/a/b"), "x");
      await at.client.delete(path("gone"));
      assertEquals(await at.client.exists(path("gone")), false);
      assertEquals(await at.client.exists(path("gone/a/b")), false);
    });

    test("delete() of a missing node rejects with ENOENT only if the parent does not exist", async () => {
      await at.client.delete(path("never"));
      const error = await assertRejects(() => at.client.delete(path("never/was/here")), XenStoreError);
      assertEquals(error.code, "ENOENT");
    });

    test("list() resolves with the names of the children, and with an empty list for a leaf", async () => {
      for (const name of ["one", "two", "three"]) await at.client.write(path(`list/${name}`), "");
      assertEquals((await at.client.list(path("list"))).sort(), ["one", "three", "two"]);
      assertEquals(await at.client.list(path("list/one")), []);
      await assertRejects(() => at.client.list(path("list/four")), XenStoreError, "ENOENT");
    });

    if (store.listsAll) {
      test("list() resolves with children that need more than one reply", async () => {
        const names = Array.from({ length: 3 * store.many }, (_, i) => `a-rather-long-name-of-a-child-${i}`);
        await Promise.all(names.map((name) => at.client.mkdir(path(`many/${name}`))));
        assertEquals((await at.client.list(path("many"))).sort(), names.sort());
        await at.client.delete(path("many"));
      });
    }

    test("exists() resolves with true only if the node exists", async () => {
      await at.client.write(path("here"), "");
      assertEquals(await at.client.exists(path("here")), true);
      assertEquals(await at.client.exists(path("there")), false);
    });

    test("getPerms() resolves with the permissions of setPerms(), in order and with repetitions", async () => {
      await at.client.mkdir(path("perms"));
      const [owner] = await at.client.getPerms(path("perms"));
      assert(owner !== undefined);
      const text = `n${owner.domid}`;
      await at.client.setPerms(path("perms"), [text, "r3", { domid: 4, read: true, write: true }, "r3"]);
      assertEquals(await at.client.getPerms(path("perms")), [
        { domid: owner.domid, read: false, write: false },
        { domid: 3, read: true, write: false },
        { domid: 4, read: true, write: true },
        { domid: 3, read: true, write: false },
      ]);
    });

    test("concurrent requests each get their own reply", async () => {
      await at.client.write(path("count"), "0");
      const replies = await Promise.all(
        Array.from(
          { length: store.many },
          (_, i) =>
            i % 3 === 0
              ? at.client.readText(path("count"))
              : i % 3 === 1
              ? at.client.getDomainPath(i)
              : at.client.read(path(`missing-${i}`), { default: i }),
        ),
      );
      assertEquals(
        replies,
        replies.map((_, i) => i % 3 === 0 ? "0" : i % 3 === 1 ? `/local/domain/${i}` : i),
      );
    });

    if (!store.privileged) {
      test("requests that a guest may not make reject with EACCES", async () => {
        const denied = (run: () => Promise<unknown>) => assertRejects(run, XenStoreError, "EACCES");
        await denied(() => at.client.write("/tool/not-mine", ""));
        await denied(() => at.client.isDomainIntroduced(0));
        await denied(() => at.client.releaseDomain(1));
        if (!store.tellsMissing) await denied(() => at.client.read("/no/such/node"));
      });
    }

    if (store.privileged) {
      test("isDomainIntroduced() resolves with true for domain 0, and with false for an unknown domain", async () => {
        assertEquals(await at.client.isDomainIntroduced(0), true);
        assertEquals(await at.client.isDomainIntroduced(4242), false);
      });
    }
  });
}
