// The life of domains with the real daemons.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { connect, XenStoreError } from "../../mod.ts";
import { collect, until } from "../contract/scratch.ts";
import { startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

withPeers("domains come and go", () => {
  describe("domains of xenstored", () => {
    test("introduceDomain() and releaseDomain() introduce and release a domain, and fire the special events", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await using monitor = client.monitor();
      await monitor.watch("@introduceDomain", "come");
      await monitor.watch("@releaseDomain", "go");
      await collect(monitor, ({ length }) => length === 2);
      assertEquals(await client.isDomainIntroduced(5), false);
      await client.introduceDomain(5, 2n ** 40n, 1);
      assertEquals(await client.isDomainIntroduced(5), true);
      assertEquals((await until(monitor, "@introduceDomain")).at(-1), {
        type: "change",
        path: "@introduceDomain",
        token: "come",
      });
      await client.releaseDomain(5);
      assertEquals(await client.isDomainIntroduced(5), false);
      await until(monitor, "@releaseDomain");
    });

    test("@releaseDomain fires on a shutdown, again after resumeDomain(), and at the domain's end", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await client.introduceDomain(5, 1, 1);
      await using monitor = client.monitor();
      await monitor.watch("@releaseDomain");
      await until(monitor, "@releaseDomain");
      await store.shutdownDomain(5);
      await until(monitor, "@releaseDomain");
      await client.resumeDomain(5);
      await store.shutdownDomain(5);
      await until(monitor, "@releaseDomain");
      await store.destroyDomain(5);
      await until(monitor, "@releaseDomain");
      assertEquals(await client.isDomainIntroduced(5), false);
    });

    test("setTarget() gives a domain the rights of its target", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      for (const domid of [5, 6]) await client.introduceDomain(domid, 1, 1);
      await client.write("/tool/of-five", "secret");
      await client.setPerms("/tool/of-five", ["n5"]);
      await using six = await connect(`unix:${store.domainSocket(6)}`);
      await assertRejects(() => six.read("/tool/of-five"), XenStoreError, "EACCES");
      await client.setTarget(6, 5);
      assertEquals(await six.readText("/tool/of-five"), "secret");
    });

    test("operations on an unknown domain fail with ENOENT, and invalid numbers with a RangeError", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await assertRejects(() => client.releaseDomain(9), XenStoreError, "ENOENT");
      await assertRejects(() => client.resumeDomain(9), XenStoreError, "ENOENT");
      await assertRejects(() => client.setTarget(9, 0), XenStoreError, "ENOENT");
      await assertRejects(() => client.introduceDomain(0, 1, 1), RangeError);
      await assertRejects(() => client.introduceDomain(5, 1, 0), RangeError);
    });

    test("a guest's relative paths start at its home", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      await client.write("/local/domain/5/name", "five");
      await client.setPerms("/local/domain/5", ["n5"]);
      await client.setPerms("/local/domain/5/name", ["n5"]);
      await client.introduceDomain(5, 1, 1);
      await using five = await connect(`unix:${store.domainSocket(5)}`);
      assertEquals(await five.readText("name"), "five");
      await using monitor = five.monitor();
      await monitor.watch("name", "relative");
      const [event] = await collect(monitor, () => true);
      assertEquals(event, { type: "change", path: "name", token: "relative" });
      await five.write("name", "cinq");
      await until(monitor, "name");
      const nodes = [];
      for await (const { path } of five.walk("name")) nodes.push(path);
      assertEquals(nodes, ["name"]);
    });
  });

  describe("the daemons' own operations", () => {
    test("control() runs commands of xenstored", async () => {
      await using store = await startXenstored();
      await using client = await connect(`unix:${store.socket}`);
      assert((await client.control(["help"])).includes("check"));
      assertEquals(await client.control(["check"]), "OK");
      await assertRejects(() => client.control(["no such command"]), XenStoreError, "EINVAL");
    });

    for (const start of [startXenstored, startOxenstored]) {
      const name = start === startXenstored ? "xenstored" : "oxenstored";
      test(`getFeature(), getQuota() and their setters fail with ENOSYS on ${name} of 4.17`, async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        await assertRejects(() => client.getFeature(), XenStoreError, "ENOSYS");
        await assertRejects(() => client.getFeature(0), XenStoreError, "ENOSYS");
        await assertRejects(() => client.setFeature(7, 0), XenStoreError, "ENOSYS");
        await assertRejects(() => client.getQuota(), XenStoreError, "ENOSYS");
        await assertRejects(() => client.getQuota("nodes"), XenStoreError, "ENOSYS");
        await assertRejects(() => client.setQuota("nodes", 10), XenStoreError, "ENOSYS");
      });
    }
  });
});
