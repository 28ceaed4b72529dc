// Transactions: what they see, when they conflict, what they change and which events they cause.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Asked, type Speaker, table, tableOf, TestStore, type Transaction, within } from "../support.ts";

/** A request of a transaction, or of another client. */
type Step = readonly [operation: Asked, payload: string];

/** The paths of the events that arrived. */
function paths(who: Speaker): string[] {
  return who.events().map(([path]) => path);
}

function planted(): TestStore {
  const store = new TestStore();
  for (const [path, value] of [["/t", "t"], ["/t/a", "1"], ["/t/c/d", "d"]]) store.tell("WRITE", `${path}|${value}`);
  return store;
}

describe("a transaction", () => {
  test(
    "a transaction sees the store as it was at its start, with its own changes",
    within(({ dom0, open, node }) => {
      const other = open();
      node("/a");
      node("/c");
      const t = dom0.begin();
      table(
        [other, "WRITE", "/a|new", "OK|"],
        [other, "WRITE", "/b|", "OK|"],
        [other, "RM", "/c|", "OK|"],
        [other, "SET_PERMS", "/a|b0|", "OK|"],
        [t, "READ", "/a|", ""],
        [t, "GET_PERMS", "/a|", "n0|"],
        [t, "READ", "/b|", "ENOENT"],
        [t, "READ", "/c|", ""],
        [t, "DIRECTORY", "/|", "tool|local|a|c|"],
        [t, "WRITE", "/a|own", "OK|"],
        [t, "RM", "/c|", "OK|"],
        [t, "MKDIR", "/d/e|", "OK|"],
        [t, "SET_PERMS", "/d|r0|", "OK|"],
        [t, "READ", "/a|", "own"],
        [t, "READ", "/c|", "ENOENT"],
        [t, "DIRECTORY", "/|", "tool|local|a|d|"],
        [t, "GET_PERMS", "/d|", "r0|"],
        [t, "GET_PERMS", "/d/e|", "n0|"],
        [t, "TRANSACTION_END", "F|", "OK|"],
      );
    }),
  );

  test(
    "a transaction's changes are invisible and cause no events before its commit",
    within(({ dom0, open, tree }) => {
      const other = open();
      other.watch("/", "t");
      const before = tree();
      const t = dom0.begin();
      table(
        [t, "WRITE", "/a/b|x", "OK|"],
        [t, "RM", "/tool|", "OK|"],
        [t, "SET_PERMS", "/local|b0|", "OK|"],
        [dom0, "READ", "/a/b|", "ENOENT"],
      );
      assertEquals([tree(), other.events()], [before, []]);
      assertEquals(t.commit(), "OK|");
      table([other, "READ", "/a/b|", "x"], [other, "READ", "/tool|", "ENOENT"], [other, "GET_PERMS", "/local|", "b0|"]);
      assertEquals(paths(other), ["/a/b", "/tool", "/local"]);
    }),
  );

  const endings: Record<string, (store: TestStore, who: Speaker, t: Transaction) => void> = {
    "is rolled back": (_store, _who, t) => assertEquals(t.abort(), "OK|"),
    "loses its connection": ({ core }, who) => core.detach(who.connection),
    "is ended by RESET_WATCHES": (_store, who) => void who.ask("RESET_WATCHES"),
    "loses its domain": ({ tell }) => void tell("RELEASE", "5|"),
    "loses its connection by another INTRODUCE": ({ tell }) => void tell("INTRODUCE", "5|1|1|"),
  };
  for (const [name, end] of Object.entries(endings)) {
    test(
      `a transaction that ${name} changes nothing, and causes no event`,
      within((store) => {
        const { dom0, guest, node, tree } = store;
        node("/open", "b0");
        const five = guest(5);
        dom0.watch("/", "t");
        const before = tree();
        const t = five.begin();
        table([t, "WRITE", "/open/a/b|x", "OK|"], [t, "WRITE", "/open|x", "OK|"], [t, "RM", "/open/a|", "OK|"]);
        end(store, five, t);
        assertEquals([tree(), dom0.events()], [before, []]);
      }),
    );
  }

  test(
    "a commit appends recreated and new children after those that others created",
    within(({ dom0, node }) => {
      for (const name of ["c", "a", "b"]) node(`/t/${name}`);
      const t = dom0.begin();
      table([t, "RM", "/t/c|", "OK|"], [t, "MKDIR", "/t/0|", "OK|"], [t, "MKDIR", "/t/c|", "OK|"]);
      node("/t/z");
      table([t, "TRANSACTION_END", "T|", "OK|"], [dom0, "DIRECTORY", "/t|", "a|b|z|0|c|"]);
    }),
  );

  test(
    "requests that do not concern nodes take effect immediately within a transaction",
    within(({ dom0, open }) => {
      const other = open();
      other.watch("@introduceDomain", "t");
      const t = dom0.begin();
      table(
        [t, "INTRODUCE", "5|1|1|", "OK|"],
        [other, "IS_DOMAIN_INTRODUCED", "5|", "T|"],
        [t, "IS_DOMAIN_INTRODUCED", "5|", "T|"],
        [t, "GET_DOMAIN_PATH", "5|", "/local/domain/5|"],
        [t, "SET_TARGET", "5|0|", "OK|"],
        [t, "RESUME", "5|", "OK|"],
        [t, "WATCH", "/a|t|", "OK|"],
        [other, "WRITE", "/a|", "OK|"],
        [t, "UNWATCH", "/a|t|", "OK|"],
        [t, "CONTROL", "check|", "OK|"],
        [t, "RELEASE", "5|", "OK|"],
        [other, "IS_DOMAIN_INTRODUCED", "5|", "F|"],
        [t, "TRANSACTION_END", "F|", "OK|"],
        [other, "READ", "/a|", ""],
      );
      assertEquals(paths(other), ["@introduceDomain"]);
      assertEquals(dom0.events(), [["/a", "t"], ["/a", "t"]]);
    }),
  );
});

describe("conflicts", () => {
  /** Requests of others while a transaction is open, in the planted tree. */
  const meanwhile: Record<string, Step[]> = {
    "another value": [["WRITE", "/t/a|2"]],
    "the same value": [["WRITE", "/t/a|1"]],
    "permissions": [["SET_PERMS", "/t/a|b0|"]],
    "removal": [["RM", "/t/a|"]],
    "removal and return": [["RM", "/t/a|"], ["WRITE", "/t/a|1"]],
    "sibling made": [["WRITE", "/t/new|"]],
    "sibling removed": [["RM", "/t/c|"]],
    "below a sibling": [["WRITE", "/t/c/d|2"], ["MKDIR", "/t/c/e|"]],
    "parent's value": [["WRITE", "/t|2"]],
    "parent's permissions": [["SET_PERMS", "/t|b0|"]],
    "parent removed": [["RM", "/t|"]],
    "something else": [["WRITE", "/b/c|x"], ["RM", "/tool|"], ["SET_PERMS", "/local|b0|"]],
  };
  const list = ["removal", "removal and return", "sibling made", "sibling removed", "parent removed"];
  const rows: [does: Step[], conflicts: string[]][] = [
    [[["READ", "/t/a|"]], ["another value", "removal", "parent removed"]],
    [[["GET_PERMS", "/t/a|"]], ["permissions", "removal", "parent removed"]],
    [[["DIRECTORY", "/t|"]], list],
    [[["DIRECTORY_PART", "/t|0|"]], list],
    [[["DIRECTORY_PART", "/t|2|"]], list],
    [[["READ", "/t/none|"]], []],
    [[["READ", "/t|"]], ["parent's value", "parent removed"]],
    [[["RM", "/t/none|"]], ["parent removed"]],
    [[["RM", "/t/none/x|"]], []],
    [[["WRITE", "/t/a|9"]], []],
    [[["WRITE", "/t/own|9"]], []],
    [[["MKDIR", "/t/a|"]], []],
    [[["MKDIR", "/t/own|"]], []],
    [[["SET_PERMS", "/t/a|r0|"]], ["removal", "parent removed"]],
    [[["RM", "/t/a|"]], ["parent removed"]],
    [[["RM", "/t/c|"]], ["parent removed"]],
    [[["RM", "/t|"]], []],
    [[["WRITE", "/t/a|9"], ["READ", "/t/a|"]], []],
    [[["WRITE", "/t/own|9"], ["DIRECTORY", "/t|"]], list],
    [[["RM", "/t/a|"], ["READ", "/t/a|"]], ["parent removed"]],
    [[["READ", "/t/a|"], ["WRITE", "/t/a|9"]], ["another value", "removal", "parent removed"]],
    [[["READ", "/t/a//|"]], []],
  ];

  for (const [does, conflicts] of rows) {
    test(`${does.map((step) => step.join(" ")).join(", ")} conflicts only with: ${conflicts.join(", ") || "nothing"}`, () => {
      for (const [name, others] of Object.entries(meanwhile)) {
        const { dom0, open, tree, audit } = planted();
        const t = dom0.begin();
        const answers = does.map(([operation, payload]) => t.ask(operation, payload));
        tableOf(t, ["WRITE", "/mark|", "OK|"]);
        const other = open();
        for (const [operation, payload] of others) tableOf(other, [operation, payload, "OK|"]);
        const before = tree();
        const expected = conflicts.includes(name) ? "EAGAIN" : "OK|";
        dom0.watch("/", "t");
        assertEquals(`${name}: ${t.commit()}`, `${name}: ${expected}`);
        if (expected === "EAGAIN") assertEquals([tree(), dom0.events()], [before, []]);
        else assertEquals(tree(), oneAfterTheOther(others, does, answers), name);
        audit();
      }
    });
  }

  /** The tree if the requests of others come first, and the transaction's requests follow without a transaction. */
  function oneAfterTheOther(others: Step[], does: Step[], answers: string[]): string[] {
    const { dom0, tree } = planted();
    for (const [operation, payload] of others) dom0.ask(operation, payload);
    const again = does.map(([operation, payload]) => dom0.ask(operation, payload));
    dom0.ask("WRITE", "/mark|");
    const names = (answer: string): string => answer.slice(answer.indexOf("|"));
    for (const [i, [operation]] of does.entries()) {
      if (operation === "DIRECTORY_PART") assertEquals(names(again[i] ?? ""), names(answers[i] ?? ""));
      else assertEquals(again[i], answers[i]);
    }
    return tree();
  }

  test(
    "a transaction that changed nothing never conflicts",
    within(({ dom0, open, node }) => {
      node("/a/b");
      const other = open();
      for (const change of [["WRITE", "/a/b|x"], ["RM", "/a|"], ["WRITE", "/a|x"]] as const) {
        const t = dom0.begin();
        for (const path of ["/", "/a", "/a/b"]) {
          for (const read of ["READ", "DIRECTORY", "GET_PERMS"] as const) t.ask(read, `${path}|`);
        }
        t.ask("MKDIR", "/tool|");
        t.ask("RM", "/none|");
        tableOf(other, [...change, "OK|"]);
        assertEquals(t.commit(), "OK|");
      }
    }),
  );

  test(
    "transactions that create and change siblings do not conflict",
    within(({ dom0, open, node, tree }) => {
      node("/a");
      const others = ["1", "2", "3"].map((name): [string, Transaction] => [name, open().begin()]);
      for (const [name, t] of others) tableOf(t, ["WRITE", `/a/${name}/x|${name}`, "OK|"], ["MKDIR", "/a|", "OK|"]);
      for (const [, t] of [...others].reverse()) assertEquals(t.commit(), "OK|");
      assertEquals(tree("/a"), [
        "/a= n0",
        ...["3", "2", "1"].flatMap((name) => [`/a/${name}= n0`, `/a/${name}/x=${name} n0`]),
      ]);
      tableOf(dom0, ["DIRECTORY", "/a|", "3|2|1|"]);
    }),
  );

  test(
    "of several transactions that increment a number, one commits and the others conflict",
    within(({ dom0, open, node }) => {
      node("/n");
      const others = [open(), open(), open()];
      let conflicts = 0;
      for (let waiting = others; waiting.length > 0;) {
        const open = waiting.map((who) => who.begin());
        for (const t of open) t.ask("WRITE", `/n|${Number(t.ask("READ", "/n|")) + 1}`);
        const ended = open.map((t) => t.commit());
        conflicts += ended.filter((answer) => answer === "EAGAIN").length;
        waiting = waiting.filter((_, i) => ended[i] === "EAGAIN");
      }
      tableOf(dom0, ["READ", "/n|", "3"]);
      assertEquals(conflicts, 2 + 1);
    }),
  );

  test(
    "a transaction conflicts with requests of its own connection outside it",
    within(({ dom0, node }) => {
      node("/a");
      const t = dom0.begin();
      table(
        [t, "READ", "/a|", ""],
        [t, "WRITE", "/b|", "OK|"],
        [dom0, "WRITE", "/a|x", "OK|"],
        [t, "TRANSACTION_END", "T|", "EAGAIN"],
      );
    }),
  );

  test(
    "a transaction conflicts with a change of permissions that would change an answer",
    within(({ dom0, guest, node }) => {
      const five = guest(5);
      const rows = [
        ["b0", "WRITE", "/p/x|", "OK|", "r0", "EAGAIN"],
        ["b0", "WRITE", "/p/x|", "OK|", "b0|r7", "OK|"],
        ["r0", "WRITE", "/p/x|", "EACCES", "b0", "EAGAIN"],
        ["r0", "WRITE", "/p/x|", "EACCES", "r0|b7", "OK|"],
        ["r0", "READ", "/p/x|", "ENOENT", "n0", "EAGAIN"],
        ["n0", "READ", "/p/x|", "EACCES", "r0", "EAGAIN"],
      ] as const;
      node("/open", "b0");
      for (const [before, operation, payload, answer, after, ended] of rows) {
        node("/p", before);
        const t = five.begin();
        tableOf(t, [operation, payload, answer], ["WRITE", "/open|", "OK|"]);
        node("/p", ...after.split("|"));
        assertEquals(`${before} ${operation} ${after}: ${t.commit()}`, `${before} ${operation} ${after}: ${ended}`);
        tableOf(dom0, ["RM", "/p|", "OK|"]);
      }
    }),
  );

  test(
    "the daemon's option conflict makes a commit fail with EAGAIN",
    () => {
      let wanted = true;
      within(({ dom0, tree }) => {
        const before = tree();
        const [t, u] = [dom0.begin(), dom0.begin()];
        table([t, "WRITE", "/a|", "OK|"], [u, "WRITE", "/a|", "OK|"]);
        assertEquals([t.commit(), tree()], ["EAGAIN", before]);
        wanted = false;
        assertEquals(u.commit(), "OK|");
      }, { conflict: () => wanted })();
    },
  );

  test(
    "a commit that conflicts ends the transaction, and changes nothing",
    within(({ dom0, node, tree }) => {
      node("/a");
      const t = dom0.begin();
      t.ask("READ", "/a|");
      t.ask("WRITE", "/b|");
      t.ask("RM", "/tool|");
      tableOf(dom0, ["WRITE", "/a|x", "OK|"]);
      const before = tree();
      assertEquals([t.commit(), tree()], ["EAGAIN", before]);
      for (const end of [t.commit(), t.abort(), t.ask("READ", "/a|")]) assertEquals(end, "ENOENT");
    }),
  );

  test(
    "removing a subtree does not conflict with changes in it",
    within(({ dom0, node, tree }) => {
      node("/a/b/c");
      const t = dom0.begin();
      tableOf(t, ["RM", "/a/b|", "OK|"]);
      tableOf(dom0, ["WRITE", "/a/b/d/e|", "OK|"], ["RM", "/a/b/c|", "OK|"]);
      assertEquals(t.commit(), "OK|");
      assertEquals(tree("/a"), ["/a= n0"]);
    }),
  );
});

describe("the events of a commit", () => {
  /** The events after a commit. If `again` is true, another change makes the daemon replay the transaction. */
  function committed(steps: Step[], again: boolean): string[] {
    const store = planted();
    const { dom0, open, node } = store;
    node("/t/e/f/g");
    const watcher = open();
    for (const path of ["/", "/t/a", "/t/e/f/g", "/t/e/f", "/t/e", "/t/c/d"]) watcher.watch(path, path);
    const t = dom0.begin();
    for (const [operation, payload] of steps) t.ask(operation, payload);
    if (again) dom0.ask("MKDIR", "/unrelated|");
    watcher.events();
    assertEquals(t.commit(), "OK|");
    store.audit();
    return watcher.events().map(([path, token]) => path === token ? path : `${path} at ${token}`);
  }

  const rows: [name: string, steps: Step[], told: string[]][] = [
    ["a commit causes one event for each changed node", [["WRITE", "/x|"], ["SET_PERMS", "/t|b0|"]], [
      "/x at /",
      "/t at /",
    ]],
    [
      "a commit causes one event for a node that was changed repeatedly",
      [["WRITE", "/x|1"], ["WRITE", "/y|"], ["WRITE", "/x|2"], ["SET_PERMS", "/x|b0|"]],
      ["/x at /", "/y at /"],
    ],
    [
      "the events of a commit are in the order in which the nodes were first accessed, also by reading",
      [["READ", "/t/a|"], ["GET_PERMS", "/y|"], ["WRITE", "/x|"], ["WRITE", "/y|"], ["WRITE", "/t/a|2"]],
      ["/t/a at /", "/t/a", "/y at /", "/x at /"],
    ],
    ["a commit causes no event for a node that was created and removed", [["WRITE", "/x/y|"], ["RM", "/x|"]], []],
    ["a commit causes one event for a node that was removed and created", [["RM", "/t/a|"], ["WRITE", "/t/a|2"]], [
      "/t/a at /",
      "/t/a",
    ]],
    ["a commit causes no event for parents that WRITE creates", [["WRITE", "/x/y/z|"]], ["/x/y/z at /"]],
    ["a commit causes no event for nodes that were only read", [["READ", "/t|"], ["MKDIR", "/t/a|"], [
      "RM",
      "/t/none|",
    ]], []],
    [
      "a commit causes no event for failed requests",
      [["WRITE", "/x//|"], ["SET_PERMS", "/none|n0|"], ["RM", "/|"]],
      [],
    ],
    [
      "the removal of a subtree causes the event of its top first, and then those of watched nodes in it",
      [["RM", "/t/e|"]],
      ["/t/e at /", "/t/e", "/t/e/f", "/t/e/f/g"],
    ],
    [
      "a node of a removed subtree that was accessed earlier gets its event earlier",
      [["READ", "/t/e/f/g|"], ["WRITE", "/x|"], ["RM", "/t/e|"]],
      ["/t/e/f/g", "/x at /", "/t/e at /", "/t/e", "/t/e/f"],
    ],
    [
      "a node of a removed subtree that was changed before causes an event of its own",
      [["WRITE", "/t/e/f|x"], ["RM", "/t/e|"]],
      ["/t/e/f at /", "/t/e/f", "/t/e/f at /t/e", "/t/e at /", "/t/e", "/t/e/f/g"],
    ],
  ];
  for (const [name, steps, told] of rows) {
    test(name, () => {
      assertEquals(committed(steps, false), told);
      assertEquals(committed(steps, true), told, "replayed");
    });
  }
});

describe("errors within a transaction", () => {
  test(
    "requests that fail in a transaction do not prevent its commit",
    within(({ dom0, guest, node, tree }) => {
      node("/open", "b0");
      node("/closed", "n0");
      const t = guest(5).begin();
      tableOf(
        t,
        ["WRITE", "/open/a|x", "OK|"],
        ["READ", "/open/none|", "ENOENT"],
        ["READ", "/closed|", "EACCES"],
        ["WRITE", "/closed|x", "EACCES"],
        ["WRITE", "/open//|x", "EINVAL"],
        ["READ", "junk", "EINVAL"],
        ["RM", "/open/none/x|", "ENOENT"],
        ["SET_PERMS", "/open|n5|", "EACCES"],
        ["SET_PERMS", "/open/a|n0|", "EPERM"],
        [77, "", "ENOSYS"],
        ["TRANSACTION_START", "|", "EBUSY"],
        ["TRANSACTION_END", "X|", "EINVAL"],
        ["TRANSACTION_END", "T|", "OK|"],
      );
      assertEquals(tree("/open"), ["/open= b0", "/open/a=x b5"]);
      tableOf(dom0, ["READ", "/closed|", ""]);
    }),
  );

  const quotas: [name: string, quota: string, steps: Step[], answer: string][] = [
    [
      "accessing more nodes than allowed",
      "transaction-nodes|3",
      [["READ", "/open/b|"], ["READ", "/open/c|"]],
      "ENOSPC",
    ],
    ["removing a node with more ancestors than allowed", "transaction-nodes|3", [["RM", "/open/d/e|"]], "ENOSPC"],
    ["writing a value that is too large", "node-size|100", [["WRITE", `/open/a|${"x".repeat(100)}`]], "ENOSPC"],
    [
      "creating a child whose name fits the node size",
      "node-size|100",
      [["WRITE", `/open/x/y/${"z".repeat(60)}/z|`]],
      "OK|",
    ],
    [
      "creating a child whose name exceeds the node size",
      "node-size|100",
      [["WRITE", `/open/${"z".repeat(90)}|`]],
      "ENOSPC",
    ],
    ["creating more parents than allowed", "nodes|3", [["WRITE", "/open/x/y/z|"]], "ENOSPC"],
    [
      "recording a request that exceeds the memory quota",
      "memory|400",
      [["READ", `/open/${"z".repeat(400)}|`]],
      "ENOMEM",
    ],
  ];
  for (const [name, quota, steps, answer] of quotas) {
    test(
      `${name} ${answer === "OK|" ? "does not fail" : "makes the commit fail with ENOMEM"}`,
      within(({ guest, node, tell, tree }) => {
        node("/open", "b0");
        node("/open/d/e");
        const five = guest(5);
        tell("SET_QUOTA", `5|${quota}|`);
        const before = tree();
        for (const end of ["T|", "F|"]) {
          const t = five.begin();
          tableOf(t, ["WRITE", "/open/a|x", "OK|"]);
          const answers = steps.map(([operation, payload]) => t.ask(operation, payload));
          assertEquals(answers.at(-1), answer);
          if (answer === "OK|") tableOf(t, ["TRANSACTION_END", "F|", "OK|"]);
          else tableOf(t, ["TRANSACTION_END", end, end === "F|" ? "OK|" : "ENOMEM"], ["READ", "/open|", "ENOENT"]);
          assertEquals(tree(), before);
        }
      }),
    );
  }

  test(
    "exceeding the quota of nodes fails a request in a transaction, but not its commit",
    within(({ guest, node, tell, tree }) => {
      node("/open", "b0");
      const five = guest(5);
      tell("SET_QUOTA", "5|nodes|2|");
      const t = five.begin();
      tableOf(
        t,
        ["WRITE", "/open/a|", "OK|"],
        ["WRITE", "/open/b|", "OK|"],
        ["WRITE", "/open/c|", "ENOSPC"],
        ["WRITE", "/open/a|x", "OK|"],
        ["RM", "/open/b|", "OK|"],
        ["WRITE", "/open/c|", "OK|"],
        ["TRANSACTION_END", "T|", "OK|"],
      );
      assertEquals(tree("/open"), ["/open= b0", "/open/a=x b5", "/open/c= b5"]);
    }),
  );

  test(
    "a commit fails with ENOSPC and changes nothing if the quota of nodes was lowered below its need",
    within(({ guest, node, tell, tree }) => {
      node("/open", "b0");
      const five = guest(5);
      const t = five.begin();
      tableOf(t, ["WRITE", "/open/a|", "OK|"], ["WRITE", "/open/b|", "OK|"]);
      tell("SET_QUOTA", "5|nodes|1|");
      const before = tree();
      tableOf(t, ["TRANSACTION_END", "T|", "ENOSPC"], ["TRANSACTION_END", "T|", "ENOENT"]);
      assertEquals(tree(), before);
    }),
  );
});

describe("transaction ids", () => {
  test(
    "each connection counts its transaction ids from 1, whatever the payload",
    within(({ open }) => {
      for (const who of [open(), open()]) {
        const ids = ["", "|", "junk", "1|"].map((payload) => who.ask("TRANSACTION_START", payload));
        assertEquals(ids, ["1|", "2|", "3|", "4|"]);
        tableOf(who, ["TRANSACTION_START", "", "5|"]);
      }
    }),
  );

  test(
    "a transaction id of another connection fails with ENOENT",
    within(({ dom0, open }) => {
      const t = dom0.begin();
      dom0.begin();
      const other = open();
      assertEquals(other.begin().id, 1);
      for (const operation of ["READ", "WRITE", "TRANSACTION_START", "TRANSACTION_END", "RESET_WATCHES"] as const) {
        assertEquals(other.ask(operation, operation === "TRANSACTION_END" ? "T|" : "/tool|", 2), "ENOENT", operation);
      }
      assertEquals(t.commit(), "OK|");
    }),
  );

  test(
    "transaction ids wrap after 2^32 - 1, and skip 0 and ids in use",
    within(({ dom0 }) => {
      assertEquals([dom0.begin().id, dom0.begin().id], [1, 2]);
      dom0.connection.nextTransactionId = 0xffffffff;
      const last = dom0.begin();
      assertEquals([last.id, dom0.begin().id, dom0.begin().id], [0xffffffff, 3, 4]);
      tableOf(last, ["WRITE", "/a|", "OK|"], ["TRANSACTION_END", "T|", "OK|"]);
    }),
  );

  test(
    "an unknown or ended transaction id fails with ENOENT, and a nested start with EBUSY",
    within(({ dom0 }) => {
      assertEquals(dom0.ask("READ", "/|", 1), "ENOENT");
      assertEquals(dom0.ask("TRANSACTION_START", "|", 1), "ENOENT");
      assertEquals(dom0.ask("TRANSACTION_END", "T|", 1), "ENOENT");
      assertEquals(dom0.ask("GET_FEATURE", "", 1), "ENOENT");
      const t = dom0.begin();
      tableOf(
        t,
        ["TRANSACTION_START", "|", "EBUSY"],
        ["TRANSACTION_END", "T|", "OK|"],
        ["READ", "/|", "ENOENT"],
        ["TRANSACTION_END", "F|", "ENOENT"],
      );
    }),
  );

  test(
    "an invalid payload of TRANSACTION_END leaves the transaction open",
    within(({ dom0 }) => {
      for (const payload of ["", "|", "T", "X|", "TT|", "T|F|", "T||", "t|"]) {
        assertEquals(dom0.ask("TRANSACTION_END", payload), "EINVAL", payload);
        const t = dom0.begin();
        tableOf(t, ["TRANSACTION_END", payload, "EINVAL"], ["READ", "/|", ""], ["TRANSACTION_END", "T|", "OK|"]);
      }
      tableOf(dom0, ["TRANSACTION_END", "T|", "ENOENT"], ["TRANSACTION_END", "F|", "ENOENT"]);
    }),
  );

  test(
    "domain 0 may have 300 open transactions",
    within(({ dom0 }) => {
      const all = Array.from({ length: 300 }, () => dom0.begin());
      for (const t of all) tableOf(t, ["WRITE", `/a/${t.id}|`, "OK|"]);
      for (const t of all) assertEquals(t.commit(), "OK|");
      assertEquals(dom0.ask("DIRECTORY", "/a|").split("|").length, 300 + 1);
    }),
  );
});
