// A store in a directory that another user owns, or can replace: only root can give files to other users.

import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Daemon, JournalError } from "../../src/daemon/mod.ts";
import { asNobody } from "../support/nobody.ts";
import { inDirectory } from "../support/socket.ts";

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "only root can change owners";
const OTHER = 12345;

/** Checks that root's daemon refuses a directory because of a file, and makes nothing in it. */
async function assertUnsafe(directory: string, file: string, state: string): Promise<void> {
  const before = existsSync(directory) ? readdirSync(directory) : null;
  const error = await assertRejects(() => Daemon.open(directory), JournalError, state);
  assertEquals([error.fault, error.code, error.file], ["unsafe", "EPERM", file]);
  assertEquals(existsSync(directory) ? readdirSync(directory) : null, before);
}

describe("Daemon.open() of another user's directory", { skip }, () => {
  test("refuses it, even if only that user may write in it", async () => {
    await inDirectory(async (parent) => {
      const [directory, victim] = [join(parent, "store"), join(parent, "victim")];
      writeFileSync(victim, "precious");
      mkdirSync(directory, { mode: 0o700 });
      chownSync(directory, OTHER, OTHER);
      for (const name of ["0000000000.log", "0000000000.snapshot.new"]) symlinkSync(victim, join(directory, name));
      await assertUnsafe(directory, directory, `user ${OTHER} owns it, and this process runs as user 0`);
      assertEquals(readFileSync(victim, "utf8"), "precious");
    });
  });

  test("refuses an own directory that another user could replace", async () => {
    await inDirectory(async (parent) => {
      const above = join(parent, "above");
      mkdirSync(above, { mode: 0o755 });
      chownSync(above, OTHER, OTHER);
      const directory = join(above, "store");
      await assertUnsafe(directory, above, `user ${OTHER} owns "${above}", and could replace the directory`);
      assertEquals(readdirSync(above), []);
      mkdirSync(directory, { mode: 0o700 });
      await assertUnsafe(directory, above, `user ${OTHER} owns "${above}", and could replace the directory`);
    });
  });

  test("refuses another user's symbolic link to an own directory", async () => {
    await inDirectory(async (parent) => {
      const [own, link, shared] = [join(parent, "own"), join(parent, "shared", "link"), join(parent, "shared")];
      mkdirSync(own, { mode: 0o700 });
      mkdirSync(shared);
      chmodSync(shared, 0o1777);
      symlinkSync(own, link);
      lchownSync(link, OTHER, OTHER);
      await assertUnsafe(link, link, `user ${OTHER} owns "${link}", and could replace the directory`);
      await assertUnsafe(join(link, "new"), link, `user ${OTHER} owns "${link}"`);
      // A link of root may lead to it, but not by the way of the other link.
      symlinkSync(link, join(parent, "indirect"));
      await assertUnsafe(join(parent, "indirect"), link, `user ${OTHER} owns "${link}"`);
      assertEquals(readdirSync(own), []);
    });
  });

  test("refuses a log, an unfinished snapshot and a lock of another user in an own directory", async () => {
    await inDirectory(async (parent) => {
      const directory = join(parent, "store");
      {
        await using _daemon = await Daemon.open(directory);
      }
      const files = ["0000000000.log", "0000000001.snapshot.new", "lock-0123456789abcdef"].map((name) =>
        join(directory, name)
      );
      for (const file of files) {
        const [isNew, state] = [!existsSync(file), file.includes("lock") ? "is not a lock of user 0" : `user ${OTHER}`];
        if (isNew) writeFileSync(file, "", { mode: 0o600 });
        chownSync(file, OTHER, OTHER);
        await assertUnsafe(directory, file, state);
        if (isNew) execFileSync("rm", [file]);
        else chownSync(file, 0, 0);
      }
      await using _daemon = await Daemon.open(directory);
    });
  });

  test("serves an unprivileged user from an own directory below root's and in a sticky one", async () => {
    await inDirectory(async (parent) => {
      chmodSync(parent, 0o1777);
      const directory = join(parent, "made", "store");
      await asNobody(async () => {
        {
          await using _daemon = await Daemon.open(directory);
        }
        await using _daemon = await Daemon.open(directory);
      });
      const { uid, mode } = statSync(directory);
      assertEquals([uid !== 0, mode & 0o777], [true, 0o700]);
      // Root may not use it: the unprivileged user could change it under root's daemon.
      await assertUnsafe(directory, directory, "owns it, and this process runs as user 0");
    });
  });
});
