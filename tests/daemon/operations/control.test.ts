// CONTROL: the commands for administrators.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { table, tableOf, type TestStore, within } from "../support.ts";

/** Runs with the lines that the daemon logs. */
function logged(run: (store: TestStore, lines: string[]) => void): () => void {
  const lines: string[] = [];
  return within((store) => run(store, lines), { log: (line) => void lines.push(line) });
}

describe("CONTROL", () => {
  test(
    "CONTROL rejects an unknown command or invalid arguments with EINVAL",
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
    "CONTROL help lists the commands and their arguments",
    within(({ dom0, tell }) => {
      const lines = tell("CONTROL", "help|").split("\n");
      assertEquals(lines.pop(), "|");
      const names = lines.map((line) => line.split(" ")[0]);
      assertEquals(names, ["check", "log", "memreport", "print", "quota", "quota-soft", "help"]);
      for (const name of names) assert(dom0.ask("CONTROL", `${name}|`) !== "EINVAL" || name === "print", name);
    }),
  );

  test(
    "CONTROL rejects guests with EACCES",
    within(({ guest }) => {
      for (const payload of ["check|", "help|", "quota|5|", "none|", ""]) {
        assertEquals(guest(5).ask("CONTROL", payload), "EACCES", payload);
      }
    }),
  );

  test(
    "CONTROL ignores bytes after the last NUL",
    within(({ dom0 }) => tableOf(dom0, ["CONTROL", "check|junk", "OK|"])),
  );
});

describe("CONTROL check", () => {
  test(
    "CONTROL check fails with EIO if an account differs from the nodes",
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
            const { usage } = core.view;
            const right = usage.get(domid);
            const changed = { ...core.view.usageOf(domid) };
            change(changed);
            usage.set(domid, changed);
            assertEquals(dom0.ask("CONTROL", "check|"), "EIO", `${name} of ${domid}`);
            if (right === undefined) usage.delete(domid);
            else usage.set(domid, right);
          })();
        }
      }
    },
  );
});

describe("CONTROL print", () => {
  test(
    "CONTROL print writes to the log, whether logging is on or off",
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
    "CONTROL log turns the logging of requests and replies on and off",
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
    "CONTROL log shows and changes its switches",
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
    "CONTROL log and print succeed if the daemon has no log function",
    within(({ dom0 }) => {
      tableOf(dom0, ["CONTROL", "log|on|", "OK|"], ["CONTROL", "print|x|", "OK|"], ["READ", "/tool|", ""]);
    }),
  );
});

describe("CONTROL memreport", () => {
  test(
    "CONTROL memreport counts nodes, watches, transactions and connections with their bytes",
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
    "CONTROL quota shows and sets the quotas of new domains, with a description",
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
    "CONTROL quota shows the quotas of every known domain, including domain 0",
    within(({ guest, tell }) => {
      guest(5);
      for (const domid of [0, 5]) assert(tell("CONTROL", `quota|${domid}|`).startsWith(`Domain ${domid}:\nnodes `));
    }),
  );
});
