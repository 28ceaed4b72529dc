// Quotas: their limits, the errors above them, and how a guest is throttled.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DOMID_ANY } from "../../../src/wire/permissions.ts";
import { endDomain } from "../../../src/daemon/state/lifecycle.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { Permissions } from "../../../src/daemon/tree/permissions.ts";
import { type Speaker, table, tableOf, TestStore, within } from "../support.ts";

const NAMES =
  "nodes watches outstanding memory soft-memory transactions transaction-nodes node-permissions path-max node-size";

/** Introduces a guest, and creates its home, which the guest owns. */
function settled({ guest, node, tell }: TestStore, domid = 5): Speaker {
  if (tell("IS_DOMAIN_INTRODUCED", `${domid}|`) === "F|") node(`/local/domain/${domid}`, `n${domid}`);
  return guest(domid);
}

/** The domain's usage that CONTROL reports: the current values and the highest ones. */
function usage({ tell }: TestStore, domid: number): Record<string, [now: number, most: number]> {
  const lines = tell("CONTROL", `quota|${domid}|`).split("\n").slice(1, -1);
  return Object.fromEntries(lines.map((line) => {
    const [, name = "", now, most] = /^(\S+) *: +(\d+) \(max +(\d+)\)$/.exec(line) ?? [];
    return [name, [Number(now), Number(most)]];
  }));
}

/** Sends so many requests until one fails. Returns how many succeeded, and the error. */
function taken(most: number, ask: (i: number) => string): [count: number, failure: string | null] {
  for (let i = 0; i < most; i++) {
    const answer = ask(i);
    if (!answer.endsWith("|")) return [i, answer];
  }
  return [most, null];
}

describe("default quotas of a guest", () => {
  test(
    "a guest may own 1000 nodes by default",
    within((store) => {
      const five = settled(store);
      // The home, "a" and the 40 nodes below "a" are counted, too.
      assertEquals(taken(2000, (i) => five.ask("MKDIR", `a/${i % 40}/${i}|`)), [1000 - 42, "ENOSPC"]);
    }),
  );

  test(
    "a guest may set 128 watches by default, counting all its connections",
    within((store) => {
      const [five, other] = [settled(store), settled(store)];
      assertEquals(taken(100, (i) => five.ask("WATCH", `/a|${i}|`)), [100, null]);
      assertEquals(taken(100, (i) => other.ask("WATCH", `/a|${i}|`)), [28, "ENOSPC"]);
      table(
        [five, "WATCH", "/a|0|", "EEXIST"],
        [five, "WATCH", "/a|new|", "ENOSPC"],
        [five, "UNWATCH", "/a|0|", "OK|"],
        [other, "WATCH", "/a|new|", "OK|"],
      );
      assertEquals(usage(store, 5)["watches"], [128, 128]);
    }),
  );

  test(
    "a guest may have 10 open transactions by default, counting all its connections",
    within((store) => {
      const [five, other] = [settled(store), settled(store)];
      for (let i = 0; i < 7; i++) five.begin();
      assertEquals(taken(7, () => other.ask("TRANSACTION_START")), [3, "ENOSPC"]);
      assertEquals(five.ask("TRANSACTION_START"), "ENOSPC");
      assertEquals(five.ask("TRANSACTION_END", "F|", 1), "OK|");
      assertEquals(other.ask("TRANSACTION_START"), "4|");
      tableOf(five, ["RESET_WATCHES", "", "OK|"]);
      assertEquals(taken(20, () => five.ask("TRANSACTION_START")), [6, "ENOSPC"]);
    }),
  );

  test(
    "a transaction of a guest may access 1024 nodes by default",
    within((store) => {
      const five = settled(store);
      const t = five.begin();
      // The nearest ancestor of a missing node counts as accessed.
      assertEquals(taken(2000, (i) => t.ask("MKDIR", "|") && t.ask("READ", `a${i}|`) === "ENOENT" ? "|" : "ENOSPC"), [
        1023,
        "ENOSPC",
      ]);
      tableOf(t, ["READ", "a0|", "ENOENT"], ["READ", "new|", "ENOSPC"], ["TRANSACTION_END", "T|", "ENOMEM"]);
    }),
  );

  test(
    "a guest's node may have 2048 bytes by default: 16, 8 for each permission, the value and the children's names",
    within((store) => {
      const five = settled(store);
      const value = (length: number): string => "v".repeat(length);
      tableOf(
        five,
        ["WRITE", `a|${value(2024)}`, "OK|"],
        ["WRITE", `a|${value(2025)}`, "ENOSPC"],
        ["WRITE", `b|${value(2025)}`, "ENOSPC"],
        ["SET_PERMS", "a|n5|r6|", "ENOSPC"],
        ["MKDIR", "a/x|", "ENOSPC"],
        ["WRITE", `a|${value(2022)}`, "OK|"],
        ["MKDIR", "a/x|", "OK|"],
        ["MKDIR", "a/y|", "ENOSPC"],
        ["MKDIR", "a/x/y|", "OK|"],
        ["WRITE", `a|${value(2023)}`, "ENOSPC"],
        ["RM", "a/x|", "OK|"],
        ["MKDIR", "a/yy|", "ENOSPC"],
        ["WRITE", `a|${value(2016)}`, "OK|"],
        ["SET_PERMS", "a|n5|r6|", "OK|"],
        ["GET_PERMS", "b|", "ENOENT"],
      );
      assertEquals(taken(200, (i) => five.ask("MKDIR", `dir/${"n".repeat(22)}${100 + i}|`)), [
        Math.floor(2024 / 26),
        "ENOSPC",
      ]);
    }),
  );

  test(
    "a guest's node may have 5 permissions by default",
    within((store) => {
      const five = settled(store);
      tableOf(
        five,
        ["WRITE", "a|", "OK|"],
        ["SET_PERMS", "a|n5|r1|r2|r3|r4|", "OK|"],
        ["SET_PERMS", "a|n5|r1|r2|r3|r4|r6|", "ENOSPC"],
        ["GET_PERMS", "a|", "n5|r1|r2|r3|r4|"],
      );
    }),
  );

  test(
    "a guest may use 2.5 MiB by default for its nodes, watches and transactions",
    within((store) => {
      const five = settled(store);
      store.tell("SET_QUOTA", "5|nodes|0|");
      store.tell("SET_QUOTA", "5|watches|0|");
      const limit = 2_621_440;
      const [count, failure] = taken(3000, (i) => five.ask("WRITE", `${i % 40}/${i}|${"v".repeat(2000)}`));
      assertEquals([failure, count > 1200, count < limit / 2024], ["ENOMEM", true, true]);
      const { memory: [now] = [0] } = usage(store, 5);
      assert(now <= limit && now > limit - 2100, `${now} bytes`);
      const [watches, refused] = taken(2000, (i) => five.ask("WATCH", `/${"p".repeat(2000)}|${i}|`));
      assertEquals(refused, "ENOMEM");
      assert(watches > 0);
    }),
  );
});

describe("domain 0 and quotas", () => {
  test(
    "domain 0 may exceed every quota, also with nodes of a guest",
    within((store) => {
      const { dom0, tell } = store;
      const five = settled(store);
      for (const name of NAMES.split(" ")) if (name !== "path-max") tell("SET_QUOTA", `5|${name}|2|`);
      for (const name of NAMES.split(" ")) if (name !== "path-max") tell("SET_QUOTA", `0|${name}|1|`);
      const home = "/local/domain/5";
      for (let i = 0; i < 30; i++) {
        tableOf(dom0, ["WRITE", `${home}/of0/${i}|${"v".repeat(3000)}`, "OK|"], ["WATCH", `/a|${i}|`, "OK|"]);
        tableOf(dom0.begin(), ["WRITE", `/a/${i}|`, "OK|"]);
      }
      tableOf(dom0, ["SET_PERMS", `${home}/of0|${"n5|".repeat(30)}`, "OK|"]);
      tableOf(
        five,
        ["READ", "of0/3|", "v".repeat(3000)],
        ["WRITE", "of0/3|", "ENOSPC"],
        ["WRITE", "of0|", "ENOSPC"],
        ["WRITE", "new|", "ENOSPC"],
        ["RM", "of0|", "OK|"],
      );
    }),
  );

  test(
    "a guest may enlarge a node of domain 0, whatever the quota of domain 0",
    within((store) => {
      const five = settled(store);
      store.node("/open", "b0");
      store.tell("SET_QUOTA", "0|memory|1|");
      tableOf(five, ["WRITE", "/open|value", "OK|"]);
      tableOf(five.begin(), ["WRITE", "/open|a longer value", "OK|"]);
    }),
  );

  test(
    "nodes that domain 0 creates count for their owner",
    within((store) => {
      const { dom0, tell } = store;
      const five = settled(store);
      tell("SET_QUOTA", "5|nodes|3|");
      tableOf(dom0, ["MKDIR", "/local/domain/5/a|", "OK|"], ["MKDIR", "/local/domain/5/b/c|", "OK|"]);
      assertEquals(usage(store, 5)["nodes"]?.[0], 4);
      tableOf(
        five,
        ["MKDIR", "d|", "ENOSPC"],
        ["WRITE", "a|x", "OK|"],
        ["RM", "b|", "OK|"],
        ["MKDIR", "d|", "OK|"],
        ["MKDIR", "e|", "ENOSPC"],
      );
      tableOf(dom0, ["SET_PERMS", "/local/domain/5/d|n0|b5|", "OK|"]);
      tableOf(five, ["MKDIR", "e|", "OK|"]);
      assertEquals(usage(store, 5)["nodes"]?.[0], 3);
    }),
  );
});

describe("a request over quota", () => {
  test(
    "a request over quota changes nothing, however many nodes it would create",
    within((store) => {
      const five = settled(store);
      const rows = [
        ["nodes|3", "a/b/c|", "ENOSPC"],
        ["memory|101", "a/b/c|", "ENOMEM"],
        ["node-size|60", `a/${"b".repeat(40)}/c|`, "ENOSPC"],
        ["node-size|60", `${"b".repeat(40)}/c|`, "ENOSPC"],
        ["path-max|20", "a/b/c/d/e/f/g/h/i/j/k|", "EINVAL"],
      ] as const;
      const before = store.tree();
      for (const [quota, payload, answer] of rows) {
        store.tell("SET_QUOTA", `5|${quota}|`);
        for (const operation of ["WRITE", "MKDIR"] as const) assertEquals(five.ask(operation, payload), answer, quota);
        assertEquals(store.tree(), before);
        store.audit();
        store.tell("SET_QUOTA", `5|${quota.split("|")[0]}|0|`);
        assertEquals(five.ask("WRITE", payload), "OK|");
        assertEquals(five.ask("RM", `${payload.split("/")[0]}|`), "OK|");
      }
    }),
  );

  test(
    "the memory quota limits the growth of a node",
    within((store) => {
      const five = settled(store);
      tableOf(five, ["WRITE", "a|", "OK|"], ["WRITE", "b|x", "OK|"]);
      const { memory: [now] = [0] } = usage(store, 5);
      store.tell("SET_QUOTA", `5|memory|${now + 10}|`);
      tableOf(
        five,
        ["WRITE", `a|${"v".repeat(10)}`, "OK|"],
        ["WRITE", `a|${"v".repeat(11)}`, "ENOMEM"],
        ["READ", "a|", "v".repeat(10)],
        ["SET_PERMS", "b|n5|r6|", "ENOMEM"],
        ["WRITE", "a|", "OK|"],
        ["SET_PERMS", "b|n5|r6|", "OK|"],
        ["WRITE", "b|", "OK|"],
        ["WRITE", "a|vvv", "OK|"],
        ["WRITE", "a|vvvv", "ENOMEM"],
      );
      // A request that does not enlarge the node succeeds above the quota.
      store.tell("SET_QUOTA", "5|memory|1|");
      tableOf(
        five,
        ["WRITE", "a|www", "OK|"],
        ["WRITE", "a|ww", "OK|"],
        ["WRITE", "a|www", "ENOMEM"],
        ["RM", "a|", "OK|"],
      );
    }),
  );

  test(
    "the memory quota counts a transaction's nodes and recorded requests together",
    within((store) => {
      const five = settled(store);
      store.tell("SET_QUOTA", "5|memory|900|");
      const t = five.begin();
      const value = "v".repeat(100);
      tableOf(t, ["WRITE", `a|${value}`, "OK|"], ["WRITE", `b|${value}`, "OK|"], ["WRITE", `c|${value}`, "ENOMEM"]);
      tableOf(t, ["TRANSACTION_END", "T|", "ENOMEM"]);
      tableOf(five, ["WRITE", `c|${value}`, "OK|"]);
    }),
  );

  test(
    "a quota of 0 sets no limit",
    within((store) => {
      const five = settled(store);
      for (const name of NAMES.split(" ")) store.tell("SET_QUOTA", `5|${name}|0|`);
      for (let i = 0; i < 1100; i++) tableOf(five, ["MKDIR", `many/${i}|`, "OK|"]);
      for (let i = 0; i < 150; i++) tableOf(five, ["WATCH", `/a|${i}|`, "OK|"]);
      for (let i = 0; i < 20; i++) five.begin();
      tableOf(five, ["WRITE", `large|${"v".repeat(4000)}`, "OK|"], ["SET_PERMS", `large|${"n5|".repeat(100)}`, "OK|"]);
      tableOf(five, ["READ", `/${"x".repeat(3000)}|`, "EACCES"]);
    }),
  );
});

describe("GET_QUOTA and SET_QUOTA", () => {
  test(
    "GET_QUOTA returns the names and the default values of the quotas",
    within(({ dom0 }) => {
      tableOf(
        dom0,
        ["GET_QUOTA", "", `${NAMES}|`],
        ["GET_QUOTA", "nodes|", "1000|"],
        ["GET_QUOTA", "soft-memory|", "2097152|"],
      );
      const defaults = [1000, 128, 20, 2_621_440, 2_097_152, 10, 1024, 5, 2048, 2048];
      for (const [i, name] of NAMES.split(" ").entries()) tableOf(dom0, ["GET_QUOTA", `${name}|`, `${defaults[i]}|`]);
    }),
  );

  test(
    "GET_QUOTA and SET_QUOTA reject an unknown quota or domain, and an invalid value",
    within(({ dom0, guest }) => {
      guest(5);
      tableOf(
        dom0,
        ["GET_QUOTA", "none|", "EINVAL"],
        ["GET_QUOTA", "|", "EINVAL"],
        ["GET_QUOTA", "toString|", "EINVAL"],
        ["GET_QUOTA", "5|none|", "EINVAL"],
        ["GET_QUOTA", "9|nodes|", "ENOENT"],
        ["GET_QUOTA", "x|nodes|", "EINVAL"],
        ["GET_QUOTA", "5|nodes|x|", "EINVAL"],
        ["SET_QUOTA", "", "EINVAL"],
        ["SET_QUOTA", "nodes|", "EINVAL"],
        ["SET_QUOTA", "none|1|", "EINVAL"],
        ["SET_QUOTA", "nodes|-1|", "EINVAL"],
        ["SET_QUOTA", "nodes|4294967295|", "EINVAL"],
        ["SET_QUOTA", "5|nodes|4294967295|", "EINVAL"],
        ["SET_QUOTA", "nodes|18446744073709551616|", "EINVAL"],
        ["SET_QUOTA", "9|nodes|1|", "ENOENT"],
        ["SET_QUOTA", "x|nodes|1|", "EINVAL"],
        ["SET_QUOTA", "5|nodes|1|1|", "EINVAL"],
        ["GET_QUOTA", "nodes|", "1000|"],
        ["GET_QUOTA", "5|nodes|", "1000|"],
        ["SET_QUOTA", "nodes|4294967294|", "OK|"],
        ["GET_QUOTA", "nodes|", "4294967294|"],
      );
    }, { domainExists: (domid) => domid === 5 }),
  );

  test(
    "SET_QUOTA sets a quota of one domain, or of domains that are introduced later",
    within(({ dom0, guest }) => {
      guest(5);
      tableOf(
        dom0,
        ["SET_QUOTA", "watches|7|", "OK|"],
        ["GET_QUOTA", "watches|", "7|"],
        ["GET_QUOTA", "5|watches|", "128|"],
        ["SET_QUOTA", "5|watches|8|", "OK|"],
        ["GET_QUOTA", "5|watches|", "8|"],
        ["GET_QUOTA", "watches|", "7|"],
        ["GET_QUOTA", "6|watches|", "7|"],
        ["SET_QUOTA", "watches|9|", "OK|"],
        ["GET_QUOTA", "6|watches|", "7|"],
        ["GET_QUOTA", "7|watches|", "9|"],
        ["GET_QUOTA", "0|watches|", "128|"],
        ["CONTROL", "quota|set|watches|3|", "OK|"],
        ["GET_QUOTA", "8|watches|", "3|"],
      );
      const six = guest(6);
      assertEquals(taken(20, (i) => six.ask("WATCH", `/a|${i}|`)), [7, "ENOSPC"]);
    }),
  );

  test(
    "the daemon's option quotas sets the defaults, and rejects an invalid value or name",
    () => {
      const { dom0, tell } = new TestStore({ quotas: { watches: 3, memory: 0 } });
      tableOf(dom0, ["GET_QUOTA", "watches|", "3|"], ["GET_QUOTA", "memory|", "0|"], ["GET_QUOTA", "nodes|", "1000|"]);
      assertEquals(tell("GET_QUOTA", "5|watches|"), "3|");
      for (const value of [-1, 1.5, NaN, Infinity, 0xffffffff]) {
        const error = assertThrows(() => new Daemon({ quotas: { nodes: value } }), RangeError);
        assertEquals(error.message, `cannot set quota "nodes": ${value} is not a whole number from 0 to 4294967294`);
      }
      const unknown = { constructor: 1 } as unknown as { nodes: number };
      assertThrows(() => new Daemon({ quotas: unknown }), TypeError, 'quotas: option "constructor" is unknown');
    },
  );
});

describe("a domain that permissions name", () => {
  test(
    "is known from then on, with the quotas of that moment, before it is introduced and after it is named no longer",
    within(({ core, dom0, guest }) => {
      table(
        [dom0, "WRITE", "/p|", "OK|"],
        [dom0, "CONTROL", "quota|6|", "ENOENT"],
        [dom0, "SET_PERMS", "/p|n6|r7|", "OK|"],
        [dom0, "SET_QUOTA", "nodes|77|", "OK|"],
        [dom0, "GET_QUOTA", "6|nodes|", "1000|"],
        [dom0, "GET_QUOTA", "7|nodes|", "1000|"],
        [dom0, "SET_PERMS", "/p|n0|r8|r-1|", "OK|"],
        [dom0, "GET_QUOTA", "8|nodes|", "77|"],
        [dom0, "INTRODUCE", "6|1|1|", "OK|"],
        [dom0, "GET_QUOTA", "6|nodes|", "1000|"],
      );
      assertEquals([...core.domains.keys()].sort((a, b) => a - b), [0, 6, 7, 8]);
      for (const domid of [6, 7]) assert(!dom0.ask("CONTROL", `quota|${domid}|`).startsWith("E"), `${domid}`);
      // A guest names domains, too, in a request that fails and in a transaction that is dropped.
      const six = guest(6);
      tableOf(six, ["SET_PERMS", "/none|n6|r9|", "EACCES"]);
      const t = six.begin();
      tableOf(t, ["SET_PERMS", "/p|n6|r10|", "EACCES"], ["TRANSACTION_END", "F|", "OK|"]);
      assertEquals([...core.domains.keys()].sort((a, b) => a - b), [0, 6, 7, 8, 9, 10]);
      table([dom0, "RELEASE", "6|", "OK|"], [dom0, "CONTROL", "quota|6|", "ENOENT"]);
    }),
  );

  test(
    "does not slow down the changes of guests, who share a rate among those that are introduced",
    within(({ core, dom0, guest, node }) => {
      node("/five", "n5");
      const five = guest(5);
      for (let domid = 6; domid < 500; domid++) tableOf(five, ["SET_PERMS", `/five|n5|r${domid}|`, "OK|"]);
      assertEquals([core.domains.size, core.guests], [496, 1]);
      tableOf(dom0, ["RELEASE", "5|", "OK|"]);
      assertEquals(core.guests, 0);
    }),
  );

  test(
    "is not known if it does not exist",
    within(({ dom0 }) => {
      tableOf(
        dom0,
        ["WRITE", "/p|", "OK|"],
        ["SET_PERMS", "/p|n0|r6|", "OK|"],
        ["GET_PERMS", "/p|", "n0|r6|"],
        ["CONTROL", "quota|6|", "ENOENT"],
        ["SET_PERMS", "/p|n6|", "ENOENT"],
      );
    }, { domainExists: (domid) => domid === 0 }),
  );

  test(
    "is known again in a store that was restored",
    within(({ core, dom0 }) => {
      const entries = [6, 7, DOMID_ANY, 8].map((domid) => ({ domid, rights: 1, ignored: domid === 8 }));
      core.restore([{ kind: "put", path: "/p", value: "", permissions: new Permissions(entries) }]);
      assertEquals([...core.domains.keys()], [0, 6, 7]);
      tableOf(dom0, ["SET_QUOTA", "nodes|77|", "OK|"], ["GET_QUOTA", "6|nodes|", "1000|"]);
    }),
  );
});

describe("CONTROL quota", () => {
  test(
    "CONTROL quota reports a domain's current usage and its highest usage",
    within((store) => {
      const five = settled(store);
      for (let i = 0; i < 3; i++) tableOf(five, ["WATCH", `/a|${i}|`, "OK|"], ["WRITE", `${i}|x`, "OK|"]);
      five.begin();
      const t = five.begin();
      tableOf(t, ["TRANSACTION_END", "F|", "OK|"]);
      tableOf(five, ["UNWATCH", "/a|0|", "OK|"], ["RM", "0|", "OK|"]);
      const { nodes, watches, transactions, memory, outstanding, ...more } = usage(store, 5);
      assertEquals({ nodes, watches, transactions, outstanding }, {
        nodes: [3, 4],
        watches: [2, 3],
        transactions: [1, 2],
        outstanding: [0, 0],
      });
      const [now = 0] = memory ?? [];
      // Three nodes, the names of two children, and two watches.
      assertEquals(now, 3 * 24 + 2 * 1 + 2 * 2 + 2 * "/a0".length);
      assertEquals(Object.keys(more), ["transaction-nodes", "node-permissions", "path-max", "node-size"]);
    }),
  );

  test(
    "CONTROL quota max reports the highest usage of all guests, and resets it with -r",
    within((store) => {
      const { dom0, tell } = store;
      const five = settled(store);
      const six = settled(store, 6);
      for (let i = 0; i < 4; i++) tableOf(five, ["WATCH", `/a|${i}|`, "OK|"]);
      tableOf(six, ["WATCH", "/a|0|", "OK|"], ["WRITE", "a|", "OK|"]);
      const most = (name: string, ...more: string[]): number => {
        const text = tell("CONTROL", ["quota", "max", ...more, ""].join("|"));
        return Number(new RegExp(`^${name} *: +(\\d+)$`, "m").exec(text)?.[1]);
      };
      assertEquals([most("watches"), most("nodes"), most("watches", "-r"), most("nodes")], [4, 2, 0, 0]);
      tableOf(six, ["WATCH", "/a|1|", "OK|"]);
      assertEquals(most("watches"), 2);
      tableOf(dom0, ["CONTROL", "quota|max|-x|", "EINVAL"], ["CONTROL", "quota|max|-r|-r|", "EINVAL"]);
    }),
  );
});

describe("throttling by unread events", () => {
  /** A watching client that does not read, and a guest whose changes cause its events. */
  function blocked(store: TestStore): { five: Speaker; watcher: Speaker; held: () => boolean } {
    const five = settled(store);
    const watcher = store.open();
    watcher.watch("/local/domain/5", "t");
    watcher.connection.outbox.blocked = true;
    return { five, watcher, held: () => store.core.holdOf(five.connection) === Infinity };
  }

  test(
    "a guest with 20 requests whose events are unread is throttled until they are read",
    within((store) => {
      const { five, watcher, held } = blocked(store);
      let released = 0;
      five.connection.onReleased = () => released++;
      for (let i = 0; i < 20; i++) {
        assertEquals(held(), false, `after ${i}`);
        tableOf(five, ["WRITE", `${i}|`, "OK|"]);
      }
      assertEquals([held(), released, usage(store, 5)["outstanding"]?.[0]], [true, 0, 20]);
      watcher.connection.outbox.blocked = false;
      assertEquals(watcher.events().length, 20);
      assertEquals([held(), released, usage(store, 5)["outstanding"]?.[0]], [false, 20, 0]);
    }),
  );

  test(
    "a guest is no longer throttled after the connection with its unread events was lost",
    within((store) => {
      const { five, watcher, held } = blocked(store);
      for (let i = 0; i < 20; i++) five.ask("WRITE", `${i}|`);
      let released = 0;
      five.connection.onReleased = () => released++;
      assertEquals(held(), true);
      store.core.detach(watcher.connection);
      assertEquals([held(), released], [false, 20]);
    }),
  );

  test(
    "a request counts once, however many events it causes, until its last event was read",
    within((store) => {
      const { five, watcher } = blocked(store);
      const second = store.open();
      second.watch("/", "t");
      second.watch("/local", "t");
      second.connection.outbox.blocked = true;
      const outstanding = (): number => usage(store, 5)["outstanding"]?.[0] ?? -1;
      tableOf(five, ["WRITE", "a/b|", "OK|"], ["RM", "a|", "OK|"]);
      assertEquals(outstanding(), 2);
      second.events();
      assertEquals(outstanding(), 2);
      watcher.events();
      assertEquals(outstanding(), 0);
    }),
  );

  test(
    "events that are already queued or too long do not count",
    within((store) => {
      const { five, watcher, held } = blocked(store);
      const long = store.open();
      long.watch("/local/domain/5", "t".repeat(4000));
      long.connection.outbox.blocked = true;
      const open = store.open();
      open.watch("/", "t");
      tableOf(five, ["WRITE", "a|", "OK|"]);
      watcher.connection.outbox.blocked = long.connection.outbox.blocked = true;
      for (let i = 0; i < 40; i++) five.ask("WRITE", "a|");
      for (let i = 0; i < 40; i++) five.ask("WRITE", `${"x".repeat(100)}/a|`);
      assertEquals([held(), usage(store, 5)["outstanding"]?.[0]], [false, 2]);
      for (let i = 0; i < 40; i++) five.ask("READ", `${i}|`);
      assertEquals(held(), false);
    }),
  );

  test(
    "events that can be sent immediately do not count",
    within((store) => {
      const five = settled(store);
      const open = store.open();
      open.watch("/", "t");
      for (let i = 0; i < 40; i++) tableOf(five, ["WRITE", `${i}|`, "OK|"]);
      assertEquals([store.core.holdOf(five.connection), usage(store, 5)["outstanding"]?.[0]], [0, 0]);
      assertEquals(open.events().length, 40);
    }),
  );

  test(
    "the events of commits count, too, and all connections of the guest are throttled",
    within((store) => {
      const { held } = blocked(store);
      const sibling = store.guest(5);
      for (let i = 0; i < 20; i++) {
        const t = sibling.begin();
        tableOf(t, ["WRITE", `${i}|`, "OK|"], ["TRANSACTION_END", "T|", "OK|"]);
      }
      assertEquals([held(), store.core.holdOf(sibling.connection)], [true, Infinity]);
      assertEquals(store.core.holdOf(store.guest(6).connection), 0);
    }),
  );

  test(
    "the quota outstanding sets the limit, and domain 0 is never throttled",
    within((store) => {
      const { five, held } = blocked(store);
      store.tell("SET_QUOTA", "5|outstanding|2|");
      five.ask("WRITE", "a|");
      assertEquals(held(), false);
      five.ask("WRITE", "b|");
      assertEquals(held(), true);
      store.tell("SET_QUOTA", "5|outstanding|3|");
      assertEquals(held(), false);
      store.tell("SET_QUOTA", "5|outstanding|0|");
      for (let i = 0; i < 50; i++) five.ask("WRITE", `${i}|`);
      assertEquals(held(), false);
      for (let i = 0; i < 50; i++) store.dom0.ask("WRITE", `/local/domain/5/of0/${i}|`);
      assertEquals(store.core.holdOf(store.dom0.connection), 0);
    }),
  );

  test(
    "a domain that is released and introduced again is not throttled",
    within((store) => {
      const { five, watcher } = blocked(store);
      for (let i = 0; i < 20; i++) five.ask("WRITE", `${i}|`);
      store.tell("RELEASE", "5|");
      const again = settled(store);
      assertEquals(store.core.holdOf(again.connection), 0);
      watcher.connection.outbox.blocked = true;
      again.ask("WRITE", "a|");
      watcher.events();
      assertEquals(usage(store, 5)["outstanding"]?.[0], 0);
    }),
  );
});

describe("unread events of a guest", () => {
  test(
    "the unread events of a guest use no more than its memory quota",
    within((store) => {
      const five = settled(store);
      store.tell("SET_QUOTA", "5|memory|1000|");
      five.watch("/local/domain/5", "t");
      five.connection.outbox.blocked = true;
      for (let i = 0; i < 100; i++) tableOf(store.dom0, ["WRITE", `/local/domain/5/${i}|`, "OK|"]);
      const { length } = five.connection.outbox;
      assert(length > 900 && length < 1100, `${length} bytes wait`);
      five.connection.outbox.blocked = false;
      assertEquals(five.events()[0], ["/local/domain/5/0", "t"]);
    }),
  );
});

describe("the rate of a guest's changes", () => {
  /** Makes at most so many changes without pause. Returns after how many the guest is throttled. */
  function burst({ core }: TestStore, five: Speaker, most: number): number {
    for (let i = 0; i < most; i++) {
      if (core.holdOf(five.connection) > 0) return i;
      tableOf(five, ["WRITE", "a|x", "OK|"]);
    }
    return most;
  }

  test(
    "a guest may make 1,011 changes and then 200 a second while others have open transactions",
    within((store) => {
      const five = settled(store);
      store.dom0.begin();
      assertEquals(burst(store, five, 5000), 1011);
      assertEquals(store.core.holdOf(five.connection), 5);
      store.clock.pass(4);
      assertEquals(store.core.holdOf(five.connection), 1);
      store.clock.pass(1);
      assertEquals(burst(store, five, 100), 1);
      store.clock.pass(50);
      assertEquals(burst(store, five, 100), 10);
      store.clock.pass(1_000_000);
      assertEquals(burst(store, five, 5000), 1011);
    }),
  );

  test(
    "the rate is not limited without transactions of others, for domain 0, and for requests without a change",
    within((store) => {
      const five = settled(store);
      assertEquals(burst(store, five, 3000), 3000);
      const t = five.begin();
      tableOf(t, ["WRITE", "a|", "OK|"], ["TRANSACTION_END", "T|", "OK|"]);
      store.open().begin();
      for (let i = 0; i < 3000; i++) store.dom0.ask("WRITE", "/a|");
      assertEquals(store.core.holdOf(store.dom0.connection), 0);
      for (let i = 0; i < 3000; i++) tableOf(five, ["READ", "a|", ""], ["MKDIR", "a|", "OK|"], ["RM", "none|", "OK|"]);
      assertEquals(store.core.holdOf(five.connection), 0);
    }),
  );

  test(
    "a change that is not caused by a request does not use up the rate",
    within((store) => {
      const five = settled(store);
      settled(store, 6);
      store.dom0.begin();
      assertEquals(burst(store, five, 5000), 1011);
      store.clock.pass(10);
      assertEquals(store.core.holdOf(five.connection), 0);
      const six = store.core.introduced(6);
      assert(six !== undefined);
      endDomain(store.core, six);
      tableOf(five, ["READ", "a|", "x"]);
      assertEquals(burst(store, five, 100), 1);
    }),
  );

  test(
    "a commit counts as one change, and a failed or empty one as none",
    within((store) => {
      const five = settled(store);
      store.dom0.begin();
      const commit = (): string => {
        const t = five.begin();
        for (let i = 0; i < 5; i++) t.ask("WRITE", `${i}|`);
        return t.commit();
      };
      for (let i = 0; i < 1010; i++) assertEquals(commit(), "OK|");
      assertEquals(store.core.holdOf(five.connection), 0);
      for (let i = 0; i < 100; i++) {
        const t = five.begin();
        tableOf(t, ["READ", "a|", "ENOENT"], ["TRANSACTION_END", "T|", "OK|"]);
        tableOf(five, ["WRITE", "none//x|", "EINVAL"]);
      }
      assertEquals(store.core.holdOf(five.connection), 0);
      assertEquals(commit(), "OK|");
      assertEquals(store.core.holdOf(five.connection), 5);
    }),
  );

  test(
    "all guests share the reserve of 1,000 changes",
    within((store) => {
      const [five, six] = [settled(store), settled(store, 6)];
      store.dom0.begin();
      assertEquals(burst(store, five, 5000), 1011);
      // The reserve is used up, the guest's own ten changes are not.
      assertEquals(burst(store, six, 5000), 11);
      assertEquals([five, six].map(({ connection }) => store.core.holdOf(connection)), [10, 10]);
      store.clock.pass(10);
      assertEquals([five, six].map(({ connection }) => store.core.holdOf(connection)), [0, 0]);
    }),
  );
});
