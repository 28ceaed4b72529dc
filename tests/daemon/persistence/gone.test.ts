// A directory that is removed, replaced or taken while a daemon uses it: the daemon fails, and acknowledges nothing more.

import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Client, connect, ConnectionError } from "../../../mod.ts";
import { Daemon, JournalError, type KeepOptions } from "../../../src/daemon/mod.ts";
import { openFiles } from "../../../src/daemon/persistence/open.ts";
import { ManualClock } from "../../support/line.ts";
import { inDirectory } from "../../support/socket.ts";
import { eagerClock } from "./clocks.ts";
import { Disk } from "./disk.ts";
import { initial } from "./model.ts";

interface Running {
  readonly daemon: Daemon;
  readonly store: Client;
  readonly directory: string;
  readonly clock: ManualClock;
  /** The error that `onFailed` receives. */
  readonly failure: Promise<Error>;
}

/** Runs with a daemon whose store has one node. */
async function withDaemon(options: KeepOptions, run: (running: Running) => Promise<void>): Promise<void> {
  await inDirectory(async (parent) => {
    const directory = join(parent, "store");
    const clock = new ManualClock();
    let onFailed: (error: Error) => void = () => {};
    const failure = new Promise<Error>((resolve) => onFailed = resolve);
    await using daemon = await Daemon.open(directory, { ...options, clock, onFailed });
    await using store = await connect(daemon.connect());
    await store.write("/tool/before", "kept");
    await run({ daemon, store, directory, clock, failure });
  });
}

/** Checks that the daemon failed because a file is gone, has closed, and refuses every change. */
async function assertFailed({ daemon, failure }: Running): Promise<void> {
  assertThrows(() => daemon.introduceDomain(5), ConnectionError, "the daemon was closed");
  const error = await failure;
  assert(error instanceof JournalError, String(error));
  assertEquals([error.fault, error.code], ["failed", "ENOENT"]);
  assert(error.message.includes("was removed or replaced while the daemon used it"), error.message);
}

function lockIn(directory: string): string {
  return join(directory, readdirSync(directory).find((name) => name.startsWith("lock-")) ?? "missing");
}

function replace(file: string): void {
  copyFileSync(file, `${file}.copy`);
  renameSync(`${file}.copy`, file);
}

const LOG = "0000000000.log";
const ways: readonly [title: string, lose: (directory: string) => void][] = [
  ["the directory is removed", (directory) => rmSync(directory, { recursive: true })],
  ["the directory is renamed", (directory) => renameSync(directory, `${directory}.old`)],
  ["its lock is removed", (directory) => rmSync(lockIn(directory))],
  ["its lock is replaced", (directory) => {
    const lock = lockIn(directory);
    // The old file stays: a file system may use the number of a removed file again.
    renameSync(lock, join(directory, "old"));
    writeFileSync(lock, "");
  }],
  ["its log is removed", (directory) => rmSync(join(directory, LOG))],
  ["its log is replaced by a copy", (directory) => replace(join(directory, LOG))],
];

describe("a daemon", () => {
  for (const [title, lose] of ways) {
    test(`acknowledges no change, closes and calls onFailed if ${title}`, async () => {
      for (const sync of ["always", "interval", "never"] as const) {
        await withDaemon({ sync }, async (running) => {
          lose(running.directory);
          await assertRejects(() => running.store.write("/tool/after", "lost"), ConnectionError);
          await assertFailed(running);
        });
      }
    });

    test(`answers no reader from its second second on if ${title}`, async () => {
      await withDaemon({}, async (running) => {
        lose(running.directory);
        running.clock.pass(999);
        assertEquals(await running.store.readText("/tool/before"), "kept");
        running.clock.pass(1);
        await assertRejects(() => running.store.readText("/tool/before"), ConnectionError);
        await assertFailed(running);
      });
    });
  }

  test("fails at its next change if another daemon opens its path after the directory was removed", async () => {
    await withDaemon({}, async (running) => {
      rmSync(running.directory, { recursive: true });
      await using second = await Daemon.open(running.directory);
      await using other = await connect(second.connect());
      await assertRejects(() => running.store.write("/tool/before", "changed"), ConnectionError);
      await assertFailed(running);
      assertEquals(await other.exists("/tool/before"), false);
      await other.write("/tool/before", "by the second");
      const error = await assertRejects(() => Daemon.open(running.directory), JournalError);
      assertEquals(error.fault, "in-use");
    });
  });

  test("fails when it destroys a domain if the directory is removed, although no client asks", async () => {
    await withDaemon({}, async (running) => {
      await running.store.mkdir("/local/domain/5");
      await running.store.setPerms("/local/domain/5", ["n5"]);
      rmSync(running.directory, { recursive: true });
      running.daemon.destroyDomain(5);
      await assertFailed(running);
    });
  });

  test("fails at the late sync of a change if the directory is removed after the reply", async () => {
    await withDaemon({ sync: "interval", interval: 50 }, async (running) => {
      rmSync(running.directory, { recursive: true });
      running.clock.pass(50);
      await assertFailed(running);
    });
  });
});

describe("a journal", () => {
  test("fails if its next log cannot be made because the directory does not exist", () => {
    for (const failWith of ["ENOENT", "ENOTDIR", "ESTALE"]) {
      const disk = new Disk();
      const { journal } = openFiles(disk, { clock: eagerClock, compactAt: 1, snapshot: () => initial });
      journal.append(initial);
      disk.failWith = failWith;
      // The steps are a write, its sync, the truncation of the log, and its sync.
      disk.failAt = disk.operations + 5;
      const error = assertThrows(() => journal.commit(), JournalError, "cannot start a new log");
      assertEquals([error.code, journal.failure], [failWith, error]);
      assertThrows(() => journal.append(initial), JournalError, "cannot start a new log");
    }
  });

  test("fails if its snapshot cannot be written because the directory does not exist", async () => {
    const disk = new Disk();
    const problems: JournalError[] = [];
    const { journal } = openFiles(disk, {
      clock: eagerClock,
      snapshot: () => initial,
      onProblem: (error) => problems.push(error),
    });
    journal.append(initial);
    journal.commit();
    disk.failWith = "ENOENT";
    // The steps are those of the old log's end and of the new log: a truncation, a sync; a creation, a write, two syncs.
    disk.failAt = disk.operations + 7;
    assertEquals(await journal.compact(), false);
    assertEquals(problems.map(({ message }) => message), ["cannot write a snapshot: ENOENT: create"]);
    assertEquals(journal.failure, problems[0]);
    assertThrows(() => journal.append(initial), JournalError, "cannot write a snapshot");
  });
});
