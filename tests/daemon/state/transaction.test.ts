// What a transaction of a guest may take: memory, and work at its commit.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { table, tableOf, within } from "../support.ts";

const MEMORY = 2_621_440;

/** Runs a function, and returns how often it looked a key up in any map. */
function lookups(run: () => void): number {
  const { has } = Map.prototype;
  let count = 0;
  Map.prototype.has = function (key: unknown): boolean {
    count++;
    return has.call(this, key);
  };
  try {
    run();
  } finally {
    Map.prototype.has = has;
  }
  return count;
}

describe("the memory that a transaction takes", () => {
  for (const [operation, payload] of [["READ", "/five|"], ["WRITE", `/five|${"v".repeat(1000)}`]] as const) {
    test(
      `a transaction that is out of memory records no further ${operation} and keeps nothing of it`,
      within((store) => {
        const { dom0, guest, node } = store;
        node("/five", "n5", "r6");
        const five = guest(5);
        const { domain } = five.connection;
        const t = five.begin();
        while (t.ask(operation, payload) !== "ENOMEM") assert(domain.bytes <= MEMORY, `${domain.bytes}`);
        const recorded = five.connection.transactions.get(t.id);
        assert(recorded !== undefined);
        const before = { bytes: domain.bytes, exchanges: recorded.exchanges.length, top: recorded.view.top };
        assert(before.bytes <= MEMORY, `${before.bytes}`);
        for (let i = 0; i < 1000; i++) assertEquals(t.ask(operation, payload), "ENOMEM");
        const { bytes } = domain;
        assertEquals({ bytes, exchanges: recorded.exchanges.length, top: recorded.view.top }, before);
        assertEquals([t.commit(), domain.bytes], ["ENOMEM", 0]);
        table([dom0, "READ", "/five|", ""]);
      }),
    );
  }

  test(
    "a transaction that failed by another quota answers as before, and records no request and no change",
    within((store) => {
      const { guest, node } = store;
      node("/five/a", "n5");
      const five = guest(5);
      const t = five.begin();
      tableOf(t, ["WRITE", "/five/a|first", "OK|"], ["READ", "/five/b|", "EACCES"], ["READ", "/five/c|", "ENOSPC"]);
      const recorded = five.connection.transactions.get(t.id);
      assert(recorded !== undefined && recorded.failed);
      const exchanges = recorded.exchanges.length;
      const { domain } = five.connection;
      const { bytes } = domain;
      for (let i = 0; i < 1000; i++) tableOf(t, ["READ", "/five/a|", "first"], ["READ", "/five/d|", "ENOSPC"]);
      assertEquals([recorded.exchanges.length, domain.bytes], [exchanges, bytes]);
      tableOf(t, ["WRITE", "/five/a|then", "OK|"], ["READ", "/five/a|", "then"]);
      assertEquals([recorded.exchanges.length, recorded.view.changes.length], [exchanges, 1]);
      let answer = "OK|";
      for (let i = 0; answer === "OK|"; i++) {
        answer = t.ask("WRITE", `/five/a|${"v".repeat(1900)}`);
        assert(i < 2000 && domain.bytes <= MEMORY, `${domain.bytes}`);
      }
      assertEquals([answer, recorded.view.changes.length], ["ENOMEM", 1]);
      assertEquals(t.commit(), "ENOMEM");
    }, { quotas: { "transaction-nodes": 3 } }),
  );

  test(
    "the paths that a transaction accesses are charged, those above a missing path included",
    within(({ guest }) => {
      const five = guest(5);
      const t = five.begin();
      const { domain } = five.connection;
      t.ask("READ", `${"/a".repeat(900)}|`);
      assert(domain.bytes > 890 * 64, `${domain.bytes}`);
      assertEquals([t.abort(), domain.bytes], ["OK|", 0]);
    }),
  );

  test(
    "events that wait on all connections of a guest share its memory, with their tokens",
    within(({ core, dom0, guest, node }) => {
      node("/five", "n5");
      const all = [guest(5), guest(5), guest(5)];
      const token = "t".repeat(2000);
      for (const five of all) {
        five.watch("/five", token);
        five.connection.outbox.blocked = true;
      }
      for (let i = 0; i < 2000; i++) dom0.ask("WRITE", `/five/${i}|`);
      const unsent = all.reduce((sum, { connection }) => sum + connection.outbox.unsent, 0);
      const { bytes = 0 } = core.domains.get(5) ?? {};
      assert(unsent + bytes <= MEMORY, `${unsent} + ${bytes}`);
      assert(unsent > MEMORY / 2, `${unsent}`);
    }),
  );
});

describe("the work that a commit takes", () => {
  test(
    "a commit looks at each level above the missing paths of its reads once, not once for each read",
    within(({ dom0, guest, node }) => {
      node("/five", "n5");
      const t = guest(5).begin();
      const deep = "/a".repeat(1020);
      const reads = 1100;
      const asked = lookups(() => {
        for (let i = 0; i < reads; i++) assertEquals(t.ask("READ", `${deep}|`), "EACCES");
      });
      assertEquals(t.ask("WRITE", "/five|x"), "OK|");
      // Others change something: the requests are replayed.
      table([dom0, "WRITE", "/other|", "OK|"]);
      const committed = lookups(() => assertEquals(t.commit(), "OK|"));
      assert(asked < 30 * reads && committed < 30 * reads, `${asked} and ${committed} look-ups, for ${reads} reads`);
    }),
  );

  test(
    "a change in a transaction is charged for each level of its path, which the commit makes anew",
    within(({ guest, node }) => {
      const deep = "/a".repeat(900);
      node(deep, "n5");
      const t = guest(5).begin();
      let writes = 0;
      while (t.ask("WRITE", `${deep}|`) === "OK|") assert(++writes < 250, "the commit would make 225,000 levels");
      assert(writes > 10, `${writes}`);
      assertEquals(t.commit(), "ENOMEM");
    }),
  );
});
