// The old trees that open transactions keep: how much of them, and what becomes of the transactions.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { table, tableOf, type TestStore, within } from "../support.ts";

const MAX = 100_000;

/** Replaces more than transactions may keep, in a node that they do not look at. */
function churn({ tell }: TestStore): void {
  for (let i = 0; i < 60; i++) tell("WRITE", `/churn|${"x".repeat(2000)}`);
}

describe("the old trees of open transactions", () => {
  test(
    "are let go of if other clients have replaced more than pinnedMax bytes since a guest's transactions started",
    within((store) => {
      const { core, guest, node } = store;
      node("/five", "n5");
      node("/churn");
      const five = guest(5);
      for (let i = 0; i < 10; i++) {
        five.begin();
        churn(store);
      }
      assertEquals(five.connection.transactions.size, 10);
      for (const { startedAt } of five.connection.transactions.values()) {
        assert(core.view.replaced - startedAt <= MAX, `${core.view.replaced - startedAt} bytes are kept`);
      }
    }, { pinnedMax: MAX }),
  );

  test(
    "are let go of without harm to a transaction whose replies are still right",
    within((store) => {
      const { dom0, guest, node } = store;
      node("/five", "n5");
      node("/churn");
      const t = guest(5).begin();
      tableOf(t, ["READ", "/five|", ""], ["WRITE", "/five/a|own", "OK|"]);
      churn(store);
      table([dom0, "WRITE", "/five/b|new", "OK|"], [t, "READ", "/five/a|", "own"]);
      churn(store);
      tableOf(t, ["DIRECTORY", "/five|", "b|a|"], ["TRANSACTION_END", "T|", "OK|"]);
      table([dom0, "READ", "/five/a|", "own"]);
    }, { pinnedMax: MAX }),
  );

  test(
    "are let go of with at most 256 requests that are replayed for one change, whoever made the transactions",
    within((store) => {
      const { dom0, guest, node } = store;
      node("/churn");
      const connections = [5, 6, 7].map((domid) => {
        const own = guest(domid);
        const t = own.begin();
        for (let i = 0; i < 200; i++) tableOf(t, ["READ", "/churn/none|", "EACCES"]);
        return own.connection;
      });
      const starts = () =>
        connections.flatMap(({ transactions }) => [...transactions.values()].map((t) => t.startedAt));
      const moved: number[] = [];
      const first = starts();
      for (let i = 0; i < 100; i++) {
        table([dom0, "WRITE", `/churn|${"x".repeat(2000)}`, "OK|"]);
        const count = starts().filter((at, j) => at !== first[j]).length;
        if (count !== (moved.at(-1) ?? 0)) moved.push(count);
      }
      assertEquals(moved, [1, 2, 3]);
    }, { pinnedMax: MAX }),
  );

  test(
    "are lost to a transaction whose replies would be different, which fails with EAGAIN from then on",
    within((store) => {
      const { dom0, guest, node, tree } = store;
      node("/five", "n5");
      node("/churn");
      const five = guest(5);
      for (const end of ["T|", "F|"]) {
        const t = five.begin();
        tableOf(t, ["READ", "/five|", ""], ["WRITE", "/five/a|own", "OK|"]);
        table([dom0, "WRITE", "/five|other", "OK|"]);
        churn(store);
        assertEquals(five.connection.domain.bytes, 0);
        tableOf(
          t,
          ["READ", "/tool|", "EAGAIN"],
          ["WRITE", "/five/a|", "EAGAIN"],
          ["TRANSACTION_START", "|", "EBUSY"],
          ["TRANSACTION_END", end, end === "T|" ? "EAGAIN" : "OK|"],
          ["READ", "/five|", "ENOENT"],
        );
        table([dom0, "WRITE", "/five|", "OK|"]);
      }
      assertEquals(tree("/five"), ["/five= n5"]);
    }, { pinnedMax: MAX }),
  );

  test(
    "are lost to a transaction of more requests than another client's change may replay",
    within((store) => {
      const { guest, node } = store;
      node("/churn");
      const t = guest(5).begin();
      for (let i = 0; i < 257; i++) tableOf(t, ["GET_PERMS", "/|", "EACCES"]);
      churn(store);
      tableOf(t, ["TRANSACTION_END", "T|", "EAGAIN"]);
    }, { pinnedMax: MAX }),
  );

  test(
    "stay with the transactions of domain 0, and with all as long as little is replaced",
    within((store) => {
      const { dom0, guest, node, tell } = store;
      node("/churn", "r0");
      node("/tree/below/it", "r0");
      const [own, other] = [dom0.begin(), guest(5).begin()];
      tell("WRITE", "/churn|new");
      tableOf(other, ["READ", "/churn|", ""]);
      churn(store);
      tableOf(own, ["READ", "/churn|", ""], ["TRANSACTION_END", "T|", "OK|"]);
      tableOf(other, ["READ", "/tree|", "EAGAIN"], ["TRANSACTION_END", "F|", "OK|"]);
    }, { pinnedMax: MAX }),
  );

  test(
    "count by what is removed, too",
    within(({ core, dom0, node }) => {
      for (let i = 0; i < 100; i++) node(`/tree/${i}`);
      const before = core.view.replaced;
      tableOf(dom0, ["RM", "/tree|", "OK|"]);
      assert(core.view.replaced - before > 100 * 256, `${core.view.replaced - before}`);
    }),
  );

  test("are limited by an option that is a number from 0", () => {
    assertThrows(() => new Daemon({ pinnedMax: -1 }), RangeError, "pinnedMax is -1");
  });
});
