// CONTROL: what an administrator may ask the daemon itself; and what the daemon tells whoever runs it.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { quotaNames } from "../../../src/daemon/tree/quotas.ts";
import type { Change } from "../../../src/daemon/tree/tree.ts";
import { operationName } from "../../../src/wire/operations.ts";
import { type Store, table, tableOf, within } from "../support.ts";

/** Runs with what the daemon logs. */
function logged(run: (store: Store, lines: string[]) => void): () => void {
  const lines: string[] = [];
  return within((store) => run(store, lines), { log: (line) => void lines.push(line) });
}

describe("CONTROL", () => {
  test(
    "knows its commands, and fails with EINVAL for others",
    within(({ dom0 }) => {
      const unknown = [
        "",
        "|",
        "none|",
        "check",
        "CHECK|",
        "logfile|x|",
        "live-update|",
        "toString|",
        "__proto__|",
        "check |",
      ];
      for (const payload of unknown) assertEquals(dom0.ask("CONTROL", payload), "EINVAL", payload);
      tableOf(
        dom0,
        ["CONTROL", "check|junk|", "EINVAL"],
        ["CONTROL", "memreport|junk|", "EINVAL"],
        ["CONTROL", "help|junk|", "EINVAL"],
        ["CONTROL", "print|", "EINVAL"],
        ["CONTROL", "print|a|b|", "EINVAL"],
        ["CONTROL", "log|maybe|", "EINVAL"],
        ["CONTROL", "log|+none|", "EINVAL"],
        ["CONTROL", "log|io|", "EINVAL"],
        ["CONTROL", "log|on|off|", "EINVAL"],
        ["CONTROL", "quota|set|", "EINVAL"],
        ["CONTROL", "quota|set|nodes|", "EINVAL"],
        ["CONTROL", "quota|set|nodes|1|1|", "EINVAL"],
        ["CONTROL", "quota|set|nodes|0|", "EINVAL"],
        ["CONTROL", "quota|set|nodes|-1|", "EINVAL"],
        ["CONTROL", "quota|set|none|1|", "EINVAL"],
        ["CONTROL", "quota|set|soft-memory|1|", "EINVAL"],
        ["CONTROL", "quota|0|1|", "EINVAL"],
        ["CONTROL", "quota|9|", "ENOENT"],
        ["CONTROL", "quota-soft|set|nodes|1|", "EINVAL"],
        ["CONTROL", "quota-soft|0|", "EINVAL"],
      );
    }),
  );

  test(
    "lists its commands and their arguments on help",
    within(({ dom0, tell }) => {
      const lines = tell("CONTROL", "help|").split("\n");
      assertEquals(lines.pop(), "|");
      const names = lines.map((line) => line.split(" ")[0]);
      assertEquals(names, ["check", "log", "memreport", "print", "quota", "quota-soft", "help"]);
      for (const name of names) assert(dom0.ask("CONTROL", `${name}|`) !== "EINVAL" || name === "print", name);
    }),
  );

  test(
    "is closed to guests",
    within(({ guest }) => {
      for (const payload of ["check|", "help|", "quota|5|", "none|", ""]) {
        assertEquals(guest(5).ask("CONTROL", payload), "EACCES", payload);
      }
    }),
  );

  test(
    "ignores what is behind the last NUL",
    within(({ dom0 }) => tableOf(dom0, ["CONTROL", "check|junk", "OK|"])),
  );
});

describe("CONTROL check", () => {
  test(
    "finds accounts that are not as the nodes are",
    () => {
      const wrong: Record<string, (usage: { nodes: number; bytes: number; mentions: number }) => void> = {
        nodes: (usage) => usage.nodes++,
        bytes: (usage) => usage.bytes--,
        mentions: (usage) => usage.mentions++,
      };
      for (const [name, change] of Object.entries(wrong)) {
        for (const domid of [0, 5, 77]) {
          within(({ core, dom0, node }) => {
            node("/five", "n5");
            tableOf(dom0, ["CONTROL", "check|", "OK|"]);
            const usage = core.view.usageOf(domid);
            const { ...right } = usage;
            change(usage);
            assertEquals(dom0.ask("CONTROL", "check|"), "EIO", `${name} of ${domid}`);
            Object.assign(usage, right);
          })();
        }
      }
    },
  );
});

describe("CONTROL print", () => {
  test(
    "writes to the log, whether that is on or not",
    logged(({ dom0 }, lines) => {
      tableOf(
        dom0,
        ["CONTROL", "print|hello world|", "OK|"],
        ["CONTROL", "log|off|", "OK|"],
        ["CONTROL", "print||", "OK|"],
      );
      assertEquals(lines, ["control: hello world", "control: "]);
    }),
  );
});

describe("CONTROL log", () => {
  test(
    "switches on and off what is told of requests and replies",
    logged(({ dom0, guest }, lines) => {
      const five = guest(5);
      assertEquals(lines, []);
      table(
        [dom0, "CONTROL", "log|on|", "OK|"],
        [five, "WRITE", "/a|b\nc|", "EACCES"],
        [dom0, "READ", "/tool|", ""],
        [dom0, 77, "x", "ENOSYS"],
        [dom0, "CONTROL", "log|off|", "OK|"],
        [dom0, "READ", "/tool|", ""],
      );
      const of = (connection: number, domid: number, text: string): string =>
        `connection ${connection} (domain ${domid}): ${text}`;
      assertEquals(lines, [
        of(1, 0, 'CONTROL "log on"'),
        of(1, 0, '-> CONTROL "OK"'),
        of(3, 5, 'WRITE "/a b\\nc"'),
        of(3, 5, '-> ERROR "EACCES"'),
        of(1, 0, 'READ "/tool"'),
        of(1, 0, '-> READ ""'),
        of(1, 0, 'operation 77 "x"'),
        of(1, 0, '-> ERROR "ENOSYS"'),
      ]);
    }),
  );

  test(
    "tells and changes its switches",
    logged(({ dom0, tell }, lines) => {
      const switches = (): string[] =>
        tell("CONTROL", "log|").split("\n").slice(1, -1).map((line) => line.replace(/ +: /, " "));
      assertEquals(switches(), ["obj on", "io on", "wrl off", "acc off", "tdb off"]);
      tableOf(
        dom0,
        ["CONTROL", "log|-io|", "OK|"],
        ["CONTROL", "log|+wrl|", "OK|"],
        ["CONTROL", "log|-wrl|", "OK|"],
        ["CONTROL", "log|+acc|", "OK|"],
        ["CONTROL", "log|+acc|", "OK|"],
        ["CONTROL", "log|on|", "OK|"],
        ["READ", "/tool|", ""],
      );
      assertEquals(lines, []);
      assertEquals(switches(), ["obj on", "io off", "wrl off", "acc on", "tdb off"]);
      tableOf(dom0, ["CONTROL", "log|+io|", "OK|"], ["READ", "/tool|", ""]);
      assertEquals(lines.length, 4);
    }),
  );

  test(
    "does no harm where nobody takes the lines",
    within(({ dom0 }) => {
      tableOf(dom0, ["CONTROL", "log|on|", "OK|"], ["CONTROL", "print|x|", "OK|"], ["READ", "/tool|", ""]);
    }),
  );
});

describe("CONTROL memreport", () => {
  test(
    "counts what takes memory",
    within((store) => {
      const { dom0, node, open, tell } = store;
      const report = (): [name: string, count: number, bytes: number][] =>
        tell("CONTROL", "memreport|").split("\n").slice(0, -1).map((line) => {
          const [, name = "", count, bytes] = /^(\S+) *: +(\d+) +(\d+) bytes$/.exec(line) ?? [];
          return [name, Number(count), Number(bytes)];
        });
      const before = report();
      assertEquals(before.map(([name, count]) => [name, count]), [
        ["nodes", 7],
        ["watches", 0],
        ["transactions", 0],
        ["connections", 2],
      ]);
      node("/a");
      dom0.watch("/a", "token");
      dom0.begin();
      open().ask("WRITE", "/a|value");
      const grown = report().map((
        [, count, bytes],
        i,
      ) => [count - (before[i]?.[1] ?? 0), bytes - (before[i]?.[2] ?? 0)]);
      const event = 16 + "/a|token|".length;
      assertEquals(grown, [[1, 16 + 8 + "value".length + "a|".length], [1, "/atoken".length], [1, 0], [1, event]]);
      dom0.events();
    }),
  );
});

describe("CONTROL quota", () => {
  test(
    "tells what new domains get, each with what it stands for",
    within(({ dom0, tell }) => {
      const settings = (command: string): string[] =>
        tell("CONTROL", `${command}|`).split("\n").slice(0, -1).map((line) => line.replace(/ +/g, " "));
      assertEquals(settings("quota"), [
        "Quota settings:",
        "nodes : 1000 Nodes per domain",
        "watches : 128 Watches per domain",
        "outstanding : 20 Outstanding requests per domain",
        "memory : 2621440 Total Xenstore memory per domain",
        "transactions : 10 Active transactions per domain",
        "transaction-nodes: 1024 Max. number of accessed nodes per transaction",
        "node-permissions : 5 Max. number of permissions per node",
        "path-max : 2048 Max. length of a node path",
        "node-size : 2048 Max. size of a node",
      ]);
      assertEquals(settings("quota-soft"), ["Quota settings:", "memory : 2097152 Total Xenstore memory per domain"]);
      tableOf(
        dom0,
        ["CONTROL", "quota|set|nodes|7|", "OK|"],
        ["CONTROL", "quota-soft|set|memory|8|", "OK|"],
        ["GET_QUOTA", "nodes|", "7|"],
        ["GET_QUOTA", "soft-memory|", "8|"],
        ["GET_QUOTA", "memory|", "2621440|"],
      );
      assertEquals(settings("quota")[1], "nodes : 7 Nodes per domain");
      assertEquals(settings("quota-soft")[1], "memory : 8 Total Xenstore memory per domain");
    }),
  );

  test(
    "tells of every domain that is known, of domain 0 too",
    within(({ guest, tell }) => {
      guest(5);
      for (const domid of [0, 5]) assert(tell("CONTROL", `quota|${domid}|`).startsWith(`Domain ${domid}:\nnodes `));
    }),
  );
});

describe("what the core tells whoever runs it", () => {
  test(
    "is each request with its answer",
    () => {
      const told: string[] = [];
      within(({ dom0, guest }) => {
        told.length = 0;
        table(
          [dom0, "READ", "/none|", "ENOENT"],
          [guest(5), 77, "", "ENOSYS"],
          [dom0, "GET_DOMAIN_PATH", "7|", "/local/domain/7|"],
        );
        assertEquals(told, [
          'domain 0: INTRODUCE -> INTRODUCE "OK|"',
          'domain 0: READ -> ERROR "ENOENT|"',
          'domain 5: operation 77 -> ERROR "ENOSYS|"',
          'domain 0: GET_DOMAIN_PATH -> GET_DOMAIN_PATH "/local/domain/7|"',
        ]);
      }, {
        onAnswer: ({ domid }, request, type, payload) => {
          const answer = `${operationName(type)} ${JSON.stringify(payload.replaceAll("\0", "|"))}`;
          told.push(`domain ${domid}: ${operationName(request.type)} -> ${answer}`);
        },
      })();
    },
  );

  test(
    "is what each request changed, before anybody is answered, and nothing where nothing changed",
    () => {
      const told: string[] = [];
      const texts = (change: Change): string =>
        change.kind === "quota"
          ? `${change.domid} ${change.name} ${change.value}`
          : `${change.kind} ${change.kind === "forget" ? change.domid : change.path}`;
      within(({ dom0, guest, node }) => {
        const five = guest(5);
        node("/five", "n5");
        const t = five.begin();
        const { quotas } = five.connection.domain;
        const ownQuotas = quotaNames.map((name) => `5 ${name} ${name === "nodes" ? 8 : quotas.get(name)}`).sort();
        const rows = [
          [dom0, "READ", "/tool|", []],
          [dom0, "WRITE", "/a/b|x", ["put /a", "put /a/b"]],
          [dom0, "MKDIR", "/a|", []],
          [dom0, "SET_PERMS", "/a|n0|r5|", ["put /a"]],
          [dom0, "WRITE", "/a//|", []],
          [dom0, "RM", "/a/b|", ["remove /a/b"]],
          [t, "WRITE", "/five/x|1", []],
          [t, "RM", "/five|", []],
          [five, "WRITE", "/five/y|", ["put /five/y"]],
          [t, "TRANSACTION_END", "F|", []],
          [dom0, "SET_QUOTA", "nodes|7|", ["null nodes 7"]],
          // With all the others that it has: those of new domains may be others when it is read again.
          [dom0, "SET_QUOTA", "5|nodes|8|", ownQuotas],
          [dom0, "CONTROL", "quota|set|nodes|9|", ["null nodes 9"]],
          [dom0, "RELEASE", "5|", ["forget 5", "put /a", "remove /five"]],
          [dom0, "RELEASE", "5|", []],
        ] as const;
        for (const [who, operation, payload, changes] of rows) {
          told.length = 0;
          who.ask(operation, payload);
          assertEquals([...told].sort(), [...changes], `${operation} ${payload}`);
        }
        const u = dom0.begin();
        tableOf(u, ["WRITE", "/c|", "OK|"], ["RM", "/a|", "OK|"]);
        told.length = 0;
        assertEquals([u.commit(), told], ["OK|", ["put /c", "remove /a"]]);
      }, { onChanges: (changes) => void told.push(...changes.map(texts)) })();
    },
  );

  test("is answered where what is logged to throws, which it does again in a turn of its own", () => {
    const fault = new Error("the disk of the log is full");
    const turns: (() => void)[] = [];
    const real = globalThis.queueMicrotask;
    globalThis.queueMicrotask = (turn) => void turns.push(turn);
    try {
      within(({ dom0 }) => tableOf(dom0, ["CONTROL", "print|x|", "OK|"], ["CONTROL", "log|on|", "OK|"]), {
        log: () => {
          throw fault;
        },
      })();
    } finally {
      globalThis.queueMicrotask = real;
    }
    assert(turns.length >= 3, `${turns.length} lines`);
    for (const turn of turns) assertEquals(assertThrows(turn), fault);
  });

  test(
    "may be something that it cannot keep: then the request fails with EIO, and nothing is changed",
    () => {
      let full = false;
      within(({ dom0, guest, node, tree, audit }) => {
        const five = guest(5);
        node("/five", "n5");
        node("/zero", "n0", "r5");
        dom0.watch("@releaseDomain", "t");
        five.watch("/five", "t");
        tableOf(dom0, ["SET_QUOTA", "watches|9|", "OK|"], ["SET_QUOTA", "5|nodes|8|", "OK|"]);
        const before = tree();
        const t = dom0.begin();
        tableOf(t, ["WRITE", "/a|", "OK|"]);
        full = true;
        table(
          [dom0, "WRITE", "/b|", "EIO"],
          [five, "RM", "/five|", "EIO"],
          [dom0, "SET_QUOTA", "nodes|7|", "EIO"],
          [dom0, "SET_QUOTA", "watches|7|", "EIO"],
          [dom0, "SET_QUOTA", "5|nodes|7|", "EIO"],
          [dom0, "CONTROL", "quota|set|nodes|7|", "EIO"],
          [dom0, "RELEASE", "5|", "EIO"],
          [dom0, "READ", "/tool|", ""],
          [dom0, "WRITE", "/b//|", "EINVAL"],
          [t, "TRANSACTION_END", "T|", "EIO"],
          [dom0, "GET_QUOTA", "nodes|", "1000|"],
          [dom0, "GET_QUOTA", "watches|", "9|"],
          [dom0, "GET_QUOTA", "5|nodes|", "8|"],
          [dom0, "IS_DOMAIN_INTRODUCED", "5|", "T|"],
          [five, "READ", "/zero|", ""],
        );
        assertEquals([tree(), dom0.events()], [before, []]);
        audit();
        full = false;
        tableOf(dom0, ["WRITE", "/b|", "OK|"], ["RELEASE", "5|", "OK|"], ["READ", "/five|", "ENOENT"]);
        assertEquals(dom0.events(), [["@releaseDomain", "t"]]);
      }, {
        onChanges: () => {
          if (full) throw new Error("there is no room");
        },
      })();
    },
  );
});
