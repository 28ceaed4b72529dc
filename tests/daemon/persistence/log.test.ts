// A log on a disk that fails, fills up, or loses what was not synced.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Log } from "../../../src/daemon/persistence/log.ts";
import { openFiles } from "../../../src/daemon/persistence/open.ts";
import { restore } from "../../../src/daemon/persistence/restore.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { eagerClock } from "./clocks.ts";
import { Disk } from "./disk.ts";
import { permissionsOf } from "./model.ts";

const NAME = "0000000000.log";

function put(value: string): readonly Change[] {
  return [{ kind: "put", path: "/", value, permissions: permissionsOf(0) }];
}

/** No file can grow on the disk from now on. */
function fillUp(disk: Disk): void {
  Object.assign(disk, { full: true, failWith: "ENOSPC", failAt: 0 });
}

describe("a log", () => {
  test("append() reserves room on the disk before the batch is written", () => {
    const disk = new Disk();
    const log = Log.create(disk, 0, 0);
    log.append(put("first"), 1, 0);
    fillUp(disk);
    log.write();
    log.append(put("second"), 2, 0);
    log.write();
    assertEquals(restore(disk.afterKill()).sequence, 2);
  });

  test("append() drops a batch for which the disk has no room", () => {
    const disk = new Disk();
    const log = Log.create(disk, 0, 0);
    fillUp(disk);
    assertThrows(() => log.append(put("first"), 1, 0), Error, "ENOSPC");
    assertEquals(log.hasPending, false);
    disk.failAt = Infinity;
    log.append(put("second"), 1, 0);
    log.write();
    assertEquals(restore(disk.afterKill()).sequence, 1);
  });

  test("append() reserves room again after finish() has given the room back", () => {
    const disk = new Disk();
    const log = Log.create(disk, 0, 0);
    log.append(put("first"), 1, 0);
    log.write();
    log.finish();
    fillUp(disk);
    assertThrows(() => log.append(put("second"), 2, 0), Error, "ENOSPC");
    assertEquals(log.hasPending, false);
  });

  test("create() has the header and the name of the file on the disk when it returns", () => {
    for (let seed = 0; seed < 16; seed++) {
      const disk = new Disk();
      Log.create(disk, 0, 0);
      const found = restore(disk.afterPowerLoss(seed));
      assertEquals([found.log?.length, found.leftovers], [40, []]);
    }
  });

  test("open() removes the bytes that a crash left at the end", () => {
    const disk = new Disk();
    const log = Log.create(disk, 0, 0);
    log.append(put("first"), 1, 0);
    log.write();
    const { length } = log;
    const file = disk.open(NAME);
    file.write(new Uint8Array(30).fill(7), length);
    const { log: end } = restore(disk);
    assert(end !== null);
    Log.open(disk, end).close();
    assertEquals(disk.read(NAME).length, length);
    assertEquals(restore(disk.afterPowerLoss(1)).discarded, null);
  });

  test("finish() has the batches on the disk when it returns", () => {
    for (let seed = 0; seed < 16; seed++) {
      const disk = new Disk();
      const log = Log.create(disk, 0, 0);
      log.append(put("first"), 1, 0);
      log.write();
      log.finish();
      assertEquals(restore(disk.afterPowerLoss(seed)).sequence, 1);
    }
  });
});

describe("a journal whose new log could not be started", () => {
  test("refuses a change without room before the change is made", async () => {
    const disk = new Disk();
    const problems: string[] = [];
    const { journal } = openFiles(disk, {
      clock: eagerClock,
      snapshot: () => put("first"),
      onProblem: ({ message }) => problems.push(message),
    });
    journal.append(put("first"));
    journal.commit();
    // The old log is truncated and synced; then the new file cannot be created.
    disk.failAt = disk.operations + 3;
    assertEquals(await journal.compact(), false);
    assertEquals(problems, ["cannot start a new log: EIO: create"]);
    fillUp(disk);
    assertThrows(() => journal.append(put("second")), Error, "cannot keep a change: ENOSPC");
    assertEquals(journal.failure, null);
    disk.failAt = Infinity;
    journal.append(put("third"));
    await journal.close();
    assertEquals(restore(disk.afterKill()).sequence, 2);
  });
});
