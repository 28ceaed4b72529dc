// Quotas: the checks that no other check stands in for.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { table, tableOf, within } from "../support.ts";

const value = "v".repeat(100);

describe("the memory quota of new nodes", () => {
  test(
    "a guest over its memory quota makes no node below a node of another domain",
    within(({ guest, node, tell, tree }) => {
      node("/open", "b0");
      const five = guest(5);
      const before = tree();
      tell("SET_QUOTA", "5|memory|100|");
      tableOf(
        five,
        ["WRITE", `/open/a|${value}`, "ENOMEM"],
        ["WRITE", `/open/a/b|${value}`, "ENOMEM"],
        ["MKDIR", "/open/a/b/c/d/e|", "ENOMEM"],
      );
      assertEquals(tree(), before);
      tableOf(five, ["WRITE", `/open/a|${value.slice(24)}`, "OK|"], ["MKDIR", "/open/b|", "ENOMEM"]);
    }),
  );
});

describe("a replayed transaction", () => {
  test(
    "conflicts if a request fails with the same error, but exceeds its quota in the middle",
    within(({ guest, node, tell }) => {
      node("/local/domain/5", "n5");
      const five = guest(5);
      tableOf(five, ["MKDIR", "x|", "OK|"], ["MKDIR", "y|", "OK|"]);
      tell("SET_QUOTA", "5|nodes|3|");
      const transaction = five.begin();
      tableOf(transaction, ["MKDIR", "x/b|", "ENOSPC"], ["WRITE", "y|1", "OK|"]);
      table(
        [five, "RM", "x|", "OK|"],
        [transaction, "TRANSACTION_END", "T|", "EAGAIN"],
        [five, "READ", "y|", ""],
      );
    }),
  );

  test(
    "conflicts if a node that did not exist now has the name of that error as its value",
    within(({ dom0, guest, node }) => {
      node("/local/domain/5", "n5");
      const five = guest(5);
      const transaction = five.begin();
      tableOf(transaction, ["READ", "a|", "ENOENT"], ["WRITE", "b|1", "OK|"]);
      table(
        [dom0, "WRITE", "/local/domain/5/a|ENOENT", "OK|"],
        [transaction, "TRANSACTION_END", "T|", "EAGAIN"],
        [five, "READ", "b|", "ENOENT"],
      );
    }),
  );
});
