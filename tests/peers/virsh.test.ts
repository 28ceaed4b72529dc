// `tsxs domains` beside Debian's `virsh list`, on the same domains.

import { after, before, describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { uuidFor } from "../support/domains.ts";
import { withPeers } from "./peers.ts";
import { type HostDomain, VirshHost } from "./virsh.ts";

const domains: readonly HostDomain[] = [
  { name: "zeta", uuid: uuidFor(1), state: "running", title: "The last letter", hasSnapshot: true, isAutomatic: true },
  { name: "alpha <1> & 2", uuid: uuidFor(2), state: "paused" },
  { name: "Boff", uuid: uuidFor(3), state: "shut off", isAutomatic: true, title: "" },
  { name: "off", uuid: uuidFor(4), state: "shut off", hasSnapshot: true },
  { name: "crash", uuid: uuidFor(5), state: "crashed" },
  { name: "saved", uuid: uuidFor(6), state: "shut off", isSaved: true, title: "A much longer title than others" },
  { name: "trans", uuid: uuidFor(7), state: "running", isTransient: true },
  { name: "asleep", uuid: uuidFor(8), state: "pmsuspended" },
  { name: "ending", uuid: uuidFor(9), state: "in shutdown" },
  { name: "a-very-long-name-that-makes-the-column-wide", uuid: uuidFor(10), state: "shut off" },
  { name: "Alpha", uuid: uuidFor(11), state: "shut off" },
  ...Array.from({ length: 5 }, (_, i): HostDomain => ({ name: `many${i}`, uuid: uuidFor(20 + i), state: "running" })),
];

const one = [
  ["inactive", "all", "transient", "persistent", "with-snapshot", "without-snapshot", "with-checkpoint"],
  ["without-checkpoint", "state-running", "state-paused", "state-shutoff", "state-other", "autostart", "no-autostart"],
  ["with-managed-save", "without-managed-save", "uuid", "name", "id", "table", "managed-save", "title"],
].flat();
const forms = [
  "--all",
  "--inactive",
  "--all --managed-save",
  "--all --title",
  "--all --name",
  "--all --uuid",
  "--all --id",
];
/** Combinations of options, each a line. */
const lines: readonly string[] = [
  "",
  ...one.map((option) => `--${option}`),
  ...one.flatMap((option) => forms.map((form) => `${form} --${option}`)),
  ...["--id --name", "--uuid --id", "--uuid --name", "--uuid --id --name --all", "--name --title --all"],
  ...["--state-running --state-paused", "--state-running --state-shutoff", "--state-other --state-paused --title"],
  ...["--all --with-snapshot --without-snapshot", "--all --autostart --with-snapshot", "--inactive --transient"],
  ...["--all --autostart --persistent --state-shutoff", "--all --with-managed-save --managed-save --title"],
  ...[
    "--all --table --title --managed-save",
    "--table --uuid --id",
    "--table --id --name --uuid",
    "--all --table --name",
  ],
];

withPeers("virsh list", () => {
  describe("tsxs domains beside virsh list", () => {
    let host: VirshHost | null = null;
    before(async () => {
      host = await VirshHost.make(domains);
    });
    after(async () => {
      await host?.[Symbol.asyncDispose]();
    });
    const opened = (): VirshHost => {
      if (host === null) throw new Error("the host is not made");
      return host;
    };

    test("tsxs domains prints the bytes of virsh list, and ends with its status, for all combinations", async () => {
      // An option that a line has twice is refused by virsh, and is not by the command.
      const all = [...new Set(lines)].map((line) => [...new Set(line.split(" ").filter(Boolean))]);
      const isRefused = (args: readonly string[]): boolean => {
        return args.includes("--table") && ["--name", "--uuid", "--id"].some((other) => args.includes(other));
      };
      const accepted = all.filter((args) => !isRefused(args));
      const refused = all.filter(isRefused);
      const theirs = [await opened().virshEach(accepted)].flat();
      for (const args of refused) theirs.push(await opened().virsh(args));
      assert(accepted.length > 100 && refused.length > 5, `${accepted.length} and ${refused.length} combinations`);
      for (const [i, args] of [...accepted, ...refused].entries()) {
        assertEquals(await opened().tsxs(args), theirs[i], args.join(" "));
        assertEquals(theirs[i]?.code, i < accepted.length ? 0 : 1);
      }
    });

    test("the domains of the comparison are in every state, and each option selects some and not all of them", async () => {
      const selecting = one.filter((name) => !/checkpoint|^(?:uuid|name|id|table|managed-save|title)$/.test(name));
      const [all, ...each] = await opened().virshEach([
        ["--all"],
        ...selecting.map((name) => [...new Set(["--all", "--name", `--${name}`])]),
      ]);
      for (const { state } of domains) assert(all?.stdout.includes(state), state);
      for (const [i, option] of selecting.entries()) {
        const selected = (each[i]?.stdout ?? "").trim().split("\n").filter(Boolean).length;
        const isAll = option === "all" || option === "inactive";
        assert(isAll || (selected > 0 && selected < domains.length), `--${option} selects ${selected}`);
      }
    });

    test("tsxs domains refuses what virsh list refuses, with the status of virsh and another message", async () => {
      for (const args of [["--foo"], ["operand"], ["--all=1"], ["-x"]]) {
        const [theirs, ours] = await Promise.all([opened().virsh(args), opened().tsxs(args)]);
        assertEquals([ours.code, ours.stdout, ours.stderr.length > 0], [theirs.code, theirs.stdout, true], args[0]);
      }
    });
  });

  describe("an empty host, and names that are not ASCII", () => {
    test("tsxs domains prints the titles of an empty list as virsh list does", async () => {
      await using host = await VirshHost.make([]);
      for (const line of ["", "--all", "--all --title", "--name", "--all --uuid"]) {
        const args = line.split(" ").filter(Boolean);
        assertEquals(await host.tsxs(args), await host.virsh(args), line);
      }
    });

    test("tsxs domains escapes what virsh prints or loses: wide and control characters, and backslashes", async () => {
      const odd = { uuid: uuidFor(1), state: "running" as const };
      await using host = await VirshHost.make([
        { ...odd, name: "\u65e5\u672c", title: "a\ttab and \u0085" },
        { ...odd, uuid: uuidFor(2), name: "back\\slash" },
      ]);
      const { stdout } = await host.tsxs(["--title"]);
      assertEquals(stdout.split("\n").slice(2, 4), [
        " 1    \\xe6\\x97\\xa5\\xe6\\x9c\\xac   running   a\\ttab and \\xc2\\x85",
        " 2    back\\\\slash                running   ",
      ]);
      const theirs = (await host.virsh(["--title"])).stdout.split("\n").slice(2, 4);
      assertEquals(theirs, [
        " 1    \u65e5\u672c         running   a\\x09tab and \\xff\\xff",
        " 2    back\\slash   running   ",
      ]);
    });
  });
});
