// The contract: what a guest learns of nodes that do not exist, and of nodes that it may not read.

import { before, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Client, XenStoreError } from "../../mod.ts";
import { scratch } from "./scratch.ts";
import type { Store } from "./store.ts";

/** Below this node the guest may read nothing. Its children exist without the guest's knowledge. */
const HIDDEN = "/tool/tsxs-hidden";
/** The guest may list this node. It has one child, which the guest may not read. */
const LISTED = "/tool/tsxs-listed";

const text = (value: Uint8Array | null) => value === null ? null : new TextDecoder().decode(value);

/** Makes a node that a guest may read, in one step. */
async function grant(dom0: Client, domid: number, path: string, value: string): Promise<void> {
  await dom0.transact(async (transaction) => {
    await transaction.write(path, value);
    await transaction.setPerms(path, ["n0", `r${domid}`]);
  });
}

/** Nodes that a guest cannot find. */
export function missingContract(store: Store): void {
  // A real guest uses paths relative to its home, and has no client of domain 0 beside it.
  if (store.privileged || !store.base.startsWith("/")) return;
  describe(`${store.name}: missing nodes`, () => {
    const at = scratch(store, "missing");
    const domid = Number(/\d+/.exec(store.base));

    before(async () => {
      await at.other.write(`${HIDDEN}/secret`, "1");
      for (const path of [HIDDEN, `${HIDDEN}/secret`]) await at.other.setPerms(path, ["n0"]);
      await at.other.write(`${LISTED}/secret`, "1");
      await at.other.setPerms(LISTED, ["n0", `r${domid}`]);
      await at.other.setPerms(`${LISTED}/secret`, ["n0"]);
    });

    for (const path of ["/no/such/node", `${HIDDEN}/none`, `${HIDDEN}/none/deep`, `${LISTED}/none`]) {
      test(`exists() and read() with a default count ${path} as missing, also in a transaction`, async () => {
        assertEquals(await at.client.exists(path), false);
        assertEquals(await at.client.read(path, { default: null }), null);
        assertEquals(await at.client.readText(path, { default: "none" }), "none");
        await at.client.transact(async (transaction) => {
          assertEquals(await transaction.exists(path), false);
          assertEquals(await transaction.readText(path, { default: "none" }), "none");
        });
      });
    }

    test("waitFor() waits for a node of another domain until that domain makes and grants it", async () => {
      const path = `${HIDDEN}/device/state`;
      const seen: (string | null)[] = [];
      const value = await at.client.waitFor(path, async (found) => {
        if (seen.push(text(found)) > 1) return true;
        await grant(at.other, domid, path, "4");
        return false;
      });
      assertEquals([text(value), seen], ["4", [null, "4"]]);
    });

    test("a monitor tells of a node of another domain, whose value is the default until it is granted", async () => {
      const path = `${HIDDEN}/monitored`;
      await using monitor = at.client.monitor();
      await monitor.watch(path);
      for await (const _event of monitor) {
        const value = await at.client.readText(path, { default: "none" });
        if (value === "5") break;
        assertEquals(value, "none");
        await grant(at.other, domid, path, "5");
      }
    });

    test("a lack of rights is an error if the store tells that the node exists", async () => {
      const path = `${LISTED}/secret`;
      const denied = async (run: () => Promise<unknown>) => {
        const error = await assertRejects(run, XenStoreError);
        assertEquals([error.code, error.operation, error.path], ["EACCES", "READ", path]);
      };
      await denied(() => at.client.exists(path));
      await denied(() => at.client.read(path, { default: null }));
      await denied(() => at.client.readText(path, { default: "" }));
      await denied(() => at.client.waitFor(path, () => true));
    });

    test("read() without a default reports what the store answers", async () => {
      const code = async (path: string) => (await assertRejects(() => at.client.read(path), XenStoreError)).code;
      assertEquals(await code(`${HIDDEN}/secret`), "EACCES");
      assertEquals(await code(`${HIDDEN}/none`), store.tellsMissing ? "ENOENT" : "EACCES");
      assertEquals(await code(`${LISTED}/none`), "ENOENT");
    });

    test("a node counts as missing if the store does not tell whether it exists", async () => {
      const exists = await at.client.exists(`${HIDDEN}/secret`).catch((error: XenStoreError) => error.code);
      assertEquals(exists, store.tellsMissing ? "EACCES" : false);
    });
  });
}
