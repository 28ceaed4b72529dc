// The room that a log reserves: a full disk is noticed before a change is made.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import { Log } from "../../../src/daemon/persistence/log.ts";
import { openFiles } from "../../../src/daemon/persistence/open.ts";
import { restore } from "../../../src/daemon/persistence/restore.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { codeOf } from "../../../src/wire/system_errors.ts";
import { eagerClock } from "./clocks.ts";
import { Disk } from "./disk.ts";

const change = (domid: number): Change => ({ kind: "quota", domid, name: "nodes", value: domid });

/** From now on the disk has no room. */
function fill(disk: Disk): void {
  disk.full = true;
  disk.failWith = "ENOSPC";
  disk.failAt = disk.operations + 1;
}

describe("a log", () => {
  test("takes changes on a full disk as far as it has reserved room, and refuses the first one beyond", () => {
    const disk = new Disk();
    const log = Log.create(disk, 0, 0);
    log.append([change(1)], 1, 0);
    log.write();
    fill(disk);
    let count = 1;
    const error = assertThrows(() => {
      for (;; count++) {
        log.append([change(count)], count + 1, 0);
        log.write();
      }
    });
    assertEquals(codeOf(error), "ENOSPC");
    assert(count > 1000, `${count} changes`);
    assert(!log.hasPending, "the refused change is dropped");
    assertEquals(restore(disk).sequence, count);
  });

  test("reserves room again after finish() gave it back: a full disk refuses the next change, not its write", () => {
    const disk = new Disk();
    const log = Log.create(disk, 0, 0);
    log.append([change(1)], 1, 0);
    log.write();
    log.finish();
    assertEquals(disk.read("0000000000.log").length, log.length);
    fill(disk);
    const error = assertThrows(() => log.append([change(2)], 2, 0));
    assertEquals([codeOf(error), log.hasPending], ["ENOSPC", false]);
    disk.full = false;
    disk.failAt = Infinity;
    log.append([change(2)], 2, 0);
    fill(disk);
    log.write();
    assertEquals(restore(disk).sequence, 2);
  });
});

describe("a journal whose next log could not be made", () => {
  test("refuses a change that has no room, and does not fail: its old log reserves room again", () => {
    const disk = new Disk();
    const problems: string[] = [];
    const { journal } = openFiles(disk, {
      clock: eagerClock,
      compactAt: 1,
      snapshot: () => [],
      onProblem: ({ message }) => problems.push(message),
    });
    journal.append([change(1)]);
    // The steps of the commit are a write, its sync, the truncation of the log, and its sync; the next log follows.
    disk.failAt = disk.operations + 5;
    journal.commit();
    assertEquals(problems, ["cannot start a new log: EIO: create"]);
    fill(disk);
    const error = assertThrows(() => journal.append([change(2)]), JournalError, "cannot keep a change");
    assertEquals([error.code, journal.failure], ["ENOSPC", null]);
    disk.full = false;
    disk.failAt = Infinity;
    journal.append([change(3)]);
    journal.commit();
    assertEquals([restore(disk).sequence, journal.failure], [2, null]);
  });
});
