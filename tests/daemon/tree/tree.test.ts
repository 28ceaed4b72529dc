// The accounts of a tree: what the nodes of each domain come to, whoever changes them.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { tableOf, within } from "../support.ts";

describe("the usage of a tree", () => {
  test(
    "is forgotten for a domain that owns no node and that no permission names any more",
    within(({ core, guest, node }) => {
      node("/local/domain/5", "n5");
      const five = guest(5);
      tableOf(five, ["MKDIR", "a|", "OK|"]);
      const known = core.view.usage.size;
      for (let domid = 1000; domid < 1200; domid++) {
        tableOf(five, ["SET_PERMS", `a|n5|r${domid}|`, "OK|"]);
        assertEquals(core.view.usage.size, known + 1);
      }
      tableOf(five, ["SET_PERMS", "a|n5|", "OK|"]);
      assertEquals(core.view.usage.size, known);
    }),
  );

  test(
    "is forgotten for the domains that only a removed node, or a transaction, has named",
    within(({ core, guest, node }) => {
      node("/local/domain/5", "n5");
      const five = guest(5);
      tableOf(five, ["WRITE", "keep|", "OK|"]);
      const known = core.view.usage.size;
      for (let domid = 1000; domid < 1200; domid++) {
        tableOf(five, ["MKDIR", "a|", "OK|"], ["SET_PERMS", `a|n5|r${domid}|`, "OK|"], ["RM", "a|", "OK|"]);
        const transaction = five.begin();
        tableOf(
          transaction,
          ["MKDIR", "b|", "OK|"],
          ["SET_PERMS", `b|n5|r${domid}|`, "OK|"],
          ["RM", "b|", "OK|"],
          ["TRANSACTION_END", "T|", "OK|"],
        );
        assertEquals(core.view.usage.size, known);
      }
    }),
  );

  test(
    "has the names of the children as a part of their parent, whoever makes and removes them",
    within(({ core, dom0, node }) => {
      node("/local/domain/5", "n5");
      node("/local/domain/5/a", "n5");
      const before = core.view.usageOf(5).bytes;
      tableOf(dom0, ["MKDIR", "/local/domain/5/a/name|", "OK|"], ["SET_PERMS", "/local/domain/5/a/name|n6|", "OK|"]);
      assertEquals(core.view.usageOf(5).bytes, before + "name".length + 1);
      tableOf(dom0, ["RM", "/local/domain/5/a/name|", "OK|"]);
      assertEquals(core.view.usageOf(5).bytes, before);
    }),
  );
});
