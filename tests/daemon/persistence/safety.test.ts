// The directory of a store: no other user may change it, and no link leads out of it.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Daemon, JournalError } from "../../../src/daemon/mod.ts";
import { openJournal } from "../../../src/daemon/persistence/open.ts";
import { inDirectory } from "../../support/socket.ts";
import { eagerClock } from "./clocks.ts";
import { initial } from "./model.ts";

const LOG = "0000000000.log";

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

/** Checks that a directory is refused as unsafe because of a file, and that nothing is left in it. */
async function assertUnsafe(directory: string, file: string, state: string): Promise<void> {
  const before = existsSync(directory) ? readdirSync(directory) : null;
  const error = await assertRejects(() => Daemon.open(directory), JournalError, state);
  assertEquals([error.fault, error.code, error.file], ["unsafe", "EPERM", file]);
  assert(error.message.startsWith(`cannot open "${directory}": `), error.message);
  assertEquals(existsSync(directory) ? readdirSync(directory) : null, before);
}

/** Opens a daemon, and closes it. */
async function openAndClose(directory: string): Promise<void> {
  await using _daemon = await Daemon.open(directory);
}

describe("Daemon.open()", () => {
  test("fails with the system's error in a file system that makes no directories", async () => {
    for (const directory of ["/proc/nothing", "/proc/nothing/below"]) {
      const error = await assertRejects(
        () => Daemon.open(directory),
        JournalError,
        `cannot open "${directory}": ENOENT`,
      );
      assertEquals(error.code, "ENOENT");
    }
  });

  test("refuses a directory in which the group or all users may write", async () => {
    await inDirectory(async (parent) => {
      const directory = join(parent, "store");
      mkdirSync(directory);
      for (const mode of [0o777, 0o770, 0o775, 0o720, 0o702, 0o1777]) {
        chmodSync(directory, mode);
        await assertUnsafe(directory, directory, "other users may write in it: chmod go-w it");
      }
      for (const mode of [0o700, 0o750, 0o755]) {
        chmodSync(directory, mode);
        await openAndClose(directory);
      }
    });
  });

  test("refuses a directory that all users could replace, unless its parent is sticky", async () => {
    await inDirectory(async (parent) => {
      const [above, link] = [join(parent, "above"), join(parent, "link")];
      mkdirSync(above);
      symlinkSync(above, link);
      for (const directory of [join(above, "store"), join(above, "deep", "store"), join(link, "store")]) {
        chmodSync(above, 0o777);
        await assertUnsafe(directory, above, `all users may write in "${above}"`);
        assertEquals(readdirSync(above), []);
        chmodSync(above, 0o1777);
        await openAndClose(directory);
        chmodSync(above, 0o777);
        await assertUnsafe(directory, above, `all users may write in "${above}"`);
        chmodSync(above, 0o775);
        await openAndClose(directory);
        execFileSync("rm", ["-r", join(above, directory.includes("deep") ? "deep" : "store")]);
      }
    });
  });

  test("makes a missing directory, its parents and its files for its own user alone, whatever the umask", async () => {
    await inDirectory(async (parent) => {
      const directory = join(parent, "made", "here");
      const umask = process.umask(0);
      try {
        await using _daemon = await Daemon.open(directory);
        assertEquals([modeOf(join(parent, "made")), modeOf(directory)], ["700", "700"]);
        const names = readdirSync(directory);
        assertEquals(names.map((name) => name.replace(/lock-\w+/, "lock")).sort(), [LOG, "lock"]);
        assertEquals(names.map((name) => modeOf(join(directory, name))), ["600", "600"]);
      } finally {
        process.umask(umask);
      }
    });
  });

  test("follows its own user's symbolic links to a directory, and ends a loop of links", async () => {
    await inDirectory(async (parent) => {
      mkdirSync(join(parent, "a"));
      mkdirSync(join(parent, "b"));
      symlinkSync(join(parent, "b"), join(parent, "a", "absolute"));
      symlinkSync(".././a/absolute/./store", join(parent, "b", "relative"));
      await openAndClose(join(parent, "b", "relative"));
      assertEquals(readdirSync(join(parent, "b", "store")), [LOG]);
      symlinkSync("loop", join(parent, "loop"));
      const error = await assertRejects(() => Daemon.open(join(parent, "loop", "store")), JournalError);
      assertEquals([error.fault, error.code], ["failed", "ELOOP"]);
    });
  });

  for (const name of [LOG, "0000000001.log", "0000000001.snapshot", "0000000001.snapshot.new"]) {
    test(`refuses ${name} if it is a symbolic link, and leaves the target of the link as it was`, async () => {
      await inDirectory(async (parent) => {
        const [directory, victim] = [join(parent, "store"), join(parent, "victim")];
        await openAndClose(directory);
        // A target that is a valid log would be written to.
        renameSync(join(directory, LOG), victim);
        const before = readFileSync(victim, "hex");
        for (const target of [victim, join(parent, "missing")]) {
          symlinkSync(target, join(directory, name));
          await assertUnsafe(directory, join(directory, name), "is not a regular file");
          execFileSync("rm", [join(directory, name)]);
        }
        assertEquals([readFileSync(victim, "hex"), existsSync(join(parent, "missing"))], [before, false]);
      });
    });
  }

  test("refuses a log that is a pipe, a directory or a hard link, or that other users may write", async () => {
    await inDirectory(async (parent) => {
      const directory = join(parent, "store");
      const file = join(directory, LOG);
      const kinds: [make: () => void, state: string][] = [
        [() => execFileSync("mkfifo", [file]), "is not a regular file"],
        [() => mkdirSync(file), "is not a regular file"],
        [() => linkSync(join(parent, "victim"), file), "has 2 names: a change would change the other files too"],
        [() => {
          writeFileSync(file, "");
          chmodSync(file, 0o620);
        }, "can be written by other users: chmod go-w it"],
      ];
      writeFileSync(join(parent, "victim"), "");
      mkdirSync(directory, { mode: 0o700 });
      for (const [make, state] of kinds) {
        make();
        await assertUnsafe(directory, file, state);
        execFileSync("rm", ["-r", file]);
      }
    });
  });

  test("refuses a lock that is a file or a symbolic link, and does not remove it", async () => {
    await inDirectory(async (parent) => {
      const directory = join(parent, "store");
      const lock = join(directory, "lock-0123456789abcdef");
      mkdirSync(directory, { mode: 0o700 });
      for (const make of [() => writeFileSync(lock, ""), () => symlinkSync(join(parent, "victim"), lock)]) {
        make();
        await assertUnsafe(directory, lock, "is not a lock of user");
        execFileSync("rm", [lock]);
      }
    });
  });
});

describe("a journal", () => {
  test("replaces a symbolic link that has the name of its next file, and does not follow it", async () => {
    await inDirectory(async (parent) => {
      const [directory, victim] = [join(parent, "store"), join(parent, "victim")];
      writeFileSync(victim, "precious");
      const { journal } = await openJournal(directory, { clock: eagerClock, snapshot: () => initial });
      for (const name of ["0000000001.log", "0000000001.snapshot.new"]) symlinkSync(victim, join(directory, name));
      journal.append(initial);
      assert(await journal.compact());
      await journal.close();
      assertEquals(readFileSync(victim, "utf8"), "precious");
      assertEquals(readdirSync(directory).sort(), ["0000000001.log", "0000000001.snapshot"]);
    });
  });
});
