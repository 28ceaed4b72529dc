// `checkpoint`: the actions on checkpoints in a directory, and what they print.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { CheckpointStorage } from "../../src/checkpoints/mod.ts";
import { encodeHeader } from "../../src/checkpoints/storage/format.ts";
import { thisOwner } from "../../src/checkpoints/storage/owner.ts";
import { type Ran, run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { inTemporary } from "../support/temporary.ts";

interface Bed {
  /** Runs an action, such as `"save /a"`, on the checkpoints of the directory. */
  readonly act: (words: string, setting?: Setting) => Promise<Ran>;
  readonly store: Client;
  readonly directory: string;
}

async function withBed(body: (bed: Bed) => Promise<void>): Promise<void> {
  await inTemporary(async (directory) => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.write("/a/b", "1");
    await store.write("/a/c", new Uint8Array([27, 0xff]));
    const act = (words: string, setting?: Setting): Promise<Ran> => {
      const [action = "", ...args] = words.split(" ");
      const command = ["tsxs", "checkpoint", action, "--repository", directory, ...args];
      return run(() => daemon.connect(), command, setting);
    };
    await body({ act, store, directory });
  });
}

const ok = (stdout = "", stderr = ""): Ran => ({ ending: 0, stdout, stderr });
const failed = (stderr: string, ending = 1): Ran => ({ ending, stdout: "", stderr });
const NAME = /^\d{8}T\d{6}Z-[0-9a-f]{12}\n$/;

async function saved(bed: Bed, words = "save /a"): Promise<string> {
  const { ending, stdout, stderr } = await bed.act(words);
  assertEquals([ending, stderr], [0, ""]);
  assertMatch(stdout, NAME);
  return stdout.trim();
}

describe("checkpoint", () => {
  test("save prints a name, and diff, show and restore take the name, its beginning, `last` or a path", () =>
    withBed(async (bed) => {
      const name = await saved(bed);
      assertEquals(readdirSync(bed.directory), [`${name}.checkpoint`]);
      const path = join(bed.directory, `${name}.checkpoint`);
      await bed.store.write("/a/b", "2");
      for (const given of [name, `${name}.checkpoint`, name.slice(0, 20), "last", path]) {
        assertEquals(await bed.act(`diff ${given}`), { ...ok('~ /a/b = "1" -> "2"\n'), ending: 1 });
      }
      assertEquals(
        await bed.act(`restore --yes ${name}`),
        ok("/a: 0 added, 1 changed, 0 removed, 0 left out, 0 reset\n"),
      );
      assertEquals(await bed.store.readText("/a/b"), "1");
      assertEquals(await bed.act("diff last"), ok());
    }));

  test("diff and restore colour differences on a terminal without NO_COLOR", () =>
    withBed(async (bed) => {
      await saved(bed);
      await bed.store.write("/a/b", "2");
      const quiet: Setting = { columns: 80, variables: { NO_COLOR: "1" } };
      for (const [words, line] of [["diff", '~ /a/b = "1" -> "2"'], ["restore -n", '~ /a/b = "2" -> "1"']] as const) {
        assertEquals((await bed.act(`${words} last`, { columns: 80 })).stdout, `\x1b[33m${line}\x1b[0m\n`);
        assertEquals((await bed.act(`${words} last`, quiet)).stdout, `${line}\n`);
      }
    }));

  test("save --json prints the name, the place and the id of the tree", () =>
    withBed(async (bed) => {
      const first = JSON.parse((await bed.act("save --json /a")).stdout);
      assertEquals([first.path, first.parent, first.nodes], ["/a", null, 3]);
      assertEquals(first.location, join(bed.directory, `${first.name}.checkpoint`));
      const second = JSON.parse((await bed.act("save -j -s last /a/")).stdout);
      assertEquals([second.parent, second.id], [first.id, first.id]);
    }));

  test("save leaves no directory if the tree does not exist, or the earlier checkpoint has another path", () =>
    withBed(async (bed) => {
      assertEquals(
        await bed.act("save /none"),
        failed('tsxs: saveTree "/none": No such file or directory (ENOENT)\n'),
      );
      assertEquals(await bed.act("save none"), failed("tsxs: the path 'none' does not begin with a slash\n"));
      assertEquals(readdirSync(bed.directory), []);
      await saved(bed);
      assertEquals(
        await bed.act("save --since last /a/b"),
        failed('tsxs: since is a checkpoint of "/a", not of "/a/b"\n'),
      );
      assertEquals(readdirSync(bed.directory).length, 1);
    }));

  test("list prints the checkpoints, the oldest first, and none for a directory that does not exist", () =>
    withBed(async (bed) => {
      assertEquals(await bed.act("list"), ok("NAME  SAVED  BYTES  SINCE  PATH\n"));
      const first = await saved(bed);
      const second = await saved(bed, "save --since last /a");
      const lines = (await bed.act("list")).stdout.trimEnd().split("\n").map((line) => line.split(/\s+/));
      assertEquals(lines.map(([name]) => name), ["NAME", first, second]);
      assertEquals(lines.slice(1).map(([, , , since, path]) => [since, path]), [["-", "/a"], [first, "/a"]]);
      const rows = (await bed.act("list --json")).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
      assertEquals(rows.map(({ name, path, fault }) => [name, path, fault]), [[first, "/a", null], [
        second,
        "/a",
        null,
      ]]);
      assertEquals(rows[1]?.parent.name, `${first}.checkpoint`);
    }));

  test("list shows checkpoints that cannot be read, escaped, and ignores other directories", () =>
    withBed(async (bed) => {
      mkdirSync(join(bed.directory, "empty.checkpoint"));
      mkdirSync(join(bed.directory, "evil\x1b[2J.checkpoint"));
      writeFileSync(join(bed.directory, "evil\x1b[2J.checkpoint", "checkpoint.tsxs"), "no \x1b[31mcheckpoint");
      const other = await CheckpointStorage.create(bed.directory);
      await other.save(new TextEncoder().encode("the state of another program\n"));
      const name = await saved(bed);
      const { ending, stdout, stderr } = await bed.act("list");
      assertEquals([ending, stderr], [0, ""]);
      assert(/^[\n -~]*$/.test(stdout), JSON.stringify(stdout));
      assertEquals(stdout.trimEnd().split("\n").length, 4);
      assertStringIncludes(stdout, "evil\\x1b[2J");
      assertStringIncludes(stdout, "its first line lacks the format");
      assertStringIncludes(stdout, name);
      // The newest one that can be read.
      assertEquals((await bed.act("diff last")).ending, 0);
    }));

  test("list shows a directory in which a killed save left only its lock, and remove takes it", () =>
    withBed(async (bed) => {
      const name = await saved(bed);
      const storage = await CheckpointStorage.create(bed.directory);
      const next = `${storage.file}.next`;
      // Its host was restarted since.
      const owner = { ...thisOwner(), boot: "another" };
      writeFileSync(next, encodeHeader(owner));
      const shown = `(process ${owner.process} was killed while it saved: use break-lock or remove)`;
      assertStringIncludes((await bed.act("list")).stdout, shown);
      const rows = (await bed.act("list --json")).stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
      const locks = new Map(rows.map((row) => [row.location, row.lock]));
      assertEquals(locks.get(join(bed.directory, `${name}.checkpoint`)), null);
      const { age, ...lock } = locks.get(storage.location);
      assertEquals([lock, typeof age], [{ owner, state: "dead" }, "number"]);
      assertEquals((await bed.act(`remove ${storage.location}`)).ending, 0);
      assertEquals([existsSync(next), readdirSync(bed.directory)], [false, [`${name}.checkpoint`]]);
    }));

  test("save leaves no directory after a signal, and ends with the status of the signal", () =>
    withBed(async (bed) => {
      for (const [signal, ending] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
        assertEquals(await bed.act("save /a", { signalled: Promise.resolve(signal) }), { ...ok(), ending });
      }
      assertEquals(readdirSync(bed.directory), []);
    }));

  test("save leaves no directory if the store does not answer within the time of --timeout", () =>
    inTemporary(async (directory) => {
      const peer = new Peer();
      peer.serve(() => {});
      const words = ["tsxs", "--timeout", ".01", "checkpoint", "save", "--repository", directory, "/a"];
      const stderr = "tsxs: TRANSACTION_START: the store did not answer within 0.01 s\n";
      assertEquals(await run(() => peer.transport, words), failed(stderr, 124));
      assertEquals(readdirSync(directory), []);
    }));

  test("show prints the facts and the nodes, and with --json a dump that restore and diff read", () =>
    withBed(async (bed) => {
      await saved(bed);
      await bed.store.write("/a/d", "3");
      const name = await saved(bed, "save -s last /a");
      const lines = (await bed.act("show last")).stdout.split("\n");
      assertEquals(lines.slice(0, 3), [`name   ${name}`, "path   /a", "nodes  4"]);
      assertEquals(lines.slice(8), [
        '/a = ""  (n0)',
        '/a/b = "1"  (n0)',
        '/a/c = "\\x1b\\xff"  (n0)',
        '/a/d = "3"  (n0)',
        "",
      ]);
      const { stdout: input } = await bed.act("show --json last");
      await bed.store.write("/a/b", "5");
      await using daemon = new Daemon();
      assertEquals((await run(() => daemon.connect(), ["tsxs", "restore", "--yes", "-"], { input })).ending, 0);
      await using other = await connect(daemon.connect());
      assertEquals([await other.readText("/a/b"), await other.readText("/a/d")], ["1", "3"]);
    }));

  test("diff compares two checkpoints, or a checkpoint and another path, as lines or as JSON", () =>
    withBed(async (bed) => {
      const first = await saved(bed);
      await bed.store.delete("/a/b");
      await bed.store.setPerms("/a/c", ["n0", "r5"]);
      const second = await saved(bed);
      const shown = '- /a/b = "1"  (n0)\n~ /a/c  (n0) -> (n0,r5)\n';
      assertEquals(await bed.act(`diff ${first} ${second}`), { ...ok(shown), ending: 1 });
      const json = (await bed.act(`diff --json ${first} ${second}`)).stdout.trimEnd().split("\n");
      assertEquals(json.map((line) => JSON.parse(line).change), ["removed", "changed"]);
      await bed.store.write("/copy/b", "1");
      assertEquals((await bed.act(`diff --to /copy ${first}`)).stdout, '- /a/c = "\\x1b\\xff"  (n0)\n');
      assertEquals((await bed.act("diff none")).ending, 2);
    }));

  test("restore shows the difference and asks, and changes nothing if the answer is no", () =>
    withBed(async (bed) => {
      await saved(bed);
      await bed.store.write("/a/b", "2");
      const shown = '~ /a/b = "2" -> "1"\n';
      const asked = "Change 1 node? [y/N] ";
      const no = await bed.act("restore last", { isInputTerminal: true, input: "n\n" });
      assertEquals(no, { ending: 1, stdout: shown, stderr: asked });
      assertEquals(await bed.act("restore --dry-run last"), ok(shown));
      assertEquals(await bed.store.readText("/a/b"), "2");
      const yes = await bed.act("restore last", { isInputTerminal: true, input: "y\n" });
      assertEquals(yes, ok(`${shown}/a: 0 added, 1 changed, 0 removed, 0 left out, 0 reset\n`, asked));
      assertEquals(await bed.store.readText("/a/b"), "1");
      assertEquals(await bed.act("restore last", { isInputTerminal: true }), ok());
      const why = "tsxs: cannot ask: standard input is not a terminal that can answer: use --yes or --dry-run\n";
      assertEquals(await bed.act("restore last"), failed(why));
    }));

  test("restore takes a path, a domain, a mode and raw", () =>
    withBed(async (bed) => {
      const device = "/local/domain/5/device/vbd/768";
      for (const [name, value] of [["backend-id", "5"], ["event-channel", "7"], ["state", "4"]] as const) {
        await bed.store.write(`${device}/${name}`, value);
      }
      await saved(bed, "save /local/domain/5");
      const report = JSON.parse((await bed.act("restore -y --json --domid 7 last")).stdout);
      assertEquals(report, {
        path: "/local/domain/7",
        attempts: 1,
        added: 6,
        changed: 0,
        removed: 0,
        leftOut: 1,
        reset: 1,
      });
      assertEquals(await bed.store.readText("/local/domain/7/device/vbd/768/backend-id"), "7");
      assertEquals((await bed.act("restore -yR -d 5:8 -t /tool/x last")).ending, 0);
      assertEquals(await bed.store.readText("/tool/x/device/vbd/768/event-channel"), "7");
      assertEquals(await bed.store.readText("/tool/x/device/vbd/768/backend-id"), "8");
      await bed.store.write("/tool/x/extra", "1");
      assertStringIncludes(
        (await bed.act("restore -y -m missing -t /tool/x last")).stdout,
        ": 0 added, 0 changed, 0 removed",
      );
      assertEquals(await bed.store.exists("/tool/x/extra"), true);
      assertEquals(
        await bed.act("restore -y -m all last"),
        failed("tsxs: the mode 'all' is unknown: use replace, merge, missing\n"),
      );
      assertEquals(
        await bed.act("restore -y -d x last"),
        failed("tsxs: the domid 'x' is not a number, or two as in 5:7\n"),
      );
      assertStringIncludes((await bed.act("restore -y -t x last")).stderr, "does not begin with a slash");
    }));

  test("remove refuses a checkpoint that another one starts from, unless both go or --force is given", () =>
    withBed(async (bed) => {
      const first = await saved(bed);
      const second = await saved(bed, "save --since last /a");
      const third = await saved(bed, "save --since last /a");
      assertEquals(
        await bed.act(`remove ${first}`),
        failed(`tsxs: cannot remove ${first}: ${second} is a difference to it: remove both, or use --force\n`),
      );
      assertEquals(await bed.act(`remove --dry-run ${third}`), ok(`${third}\n`));
      assertEquals(await bed.act(`remove ${third}`), ok(`${third}\n`));
      assertEquals((await bed.act(`remove --json ${second} ${first}`)).ending, 0);
      assertEquals(readdirSync(bed.directory), []);
      const one = await saved(bed);
      await saved(bed, "save --since last /a");
      assertEquals((await bed.act(`remove --force ${one}`)).ending, 0);
      assertStringIncludes((await bed.act("show last")).stderr, "the checkpoint that it starts from is missing");
    }));

  test("names that lead nowhere, or to several checkpoints, are refused", () =>
    withBed(async (bed) => {
      assertEquals(await bed.act("show last"), failed(`tsxs: there is no checkpoint in ${bed.directory}\n`));
      assertEquals(await bed.act("show n\x1b"), failed("tsxs: there is no checkpoint 'n\\x1b'\n"));
      await saved(bed);
      await saved(bed);
      assertEquals(await bed.act("show 2"), failed("tsxs: '2' is the beginning of several names\n"));
      const { ending, stderr } = await bed.act(`show ${bed.directory}/none`);
      assertEquals([ending, stderr.includes("ENOENT") || stderr.includes("does not exist")], [1, true]);
    }));

  test("break-lock removes a lock, and tells if the checkpoint is not locked", () =>
    withBed(async (bed) => {
      const name = await saved(bed);
      assertEquals(await bed.act("break-lock last"), failed("tsxs: the checkpoint is not locked\n"));
      const lock = join(bed.directory, `${name}.checkpoint`, "checkpoint.tsxs.next");
      writeFileSync(lock, "");
      assertEquals(await bed.act("break-lock --force last"), ok());
      assertEquals(readdirSync(join(bed.directory, `${name}.checkpoint`)), ["checkpoint.tsxs"]);
    }));

  test("an unknown action is refused with a hint, and help lists the actions", () =>
    withBed(async ({ store }) => {
      const open = (): never => {
        throw new Error("no store is needed");
      };
      const usage = "Usage: tsxs checkpoint save|list|show|diff|restore|remove|break-lock [-h] [...]\n";
      assertEquals(
        await run(open, ["tsxs", "checkpoint", "sav"]),
        failed(`tsxs: unknown action sav: did you mean 'save'?\n${usage}`),
      );
      assertEquals(await run(open, ["tsxs", "checkpoint"]), failed(`tsxs: ${usage}`));
      const help = await run(open, ["tsxs", "help", "checkpoint"]);
      for (const words of [["-h"], ["--help"], ["save", "-h"], ["save", "--help"]]) {
        assertEquals(await run(open, ["tsxs", "checkpoint", ...words]), help);
      }
      assertEquals(await store.exists("/a"), true);
    }));
});
