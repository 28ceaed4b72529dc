// What a journal has on the disk when its calls return: found again after the power fails.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import { type OpenedJournal, openFiles } from "../../../src/daemon/persistence/open.ts";
import { restore } from "../../../src/daemon/persistence/restore.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { eagerClock } from "./clocks.ts";
import { Disk } from "./disk.ts";
import { permissionsOf, stateOf } from "./model.ts";

/** How often the power fails: each time, another part of what was not synced is lost. */
const POWER_LOSSES = 64;
const nodes: readonly Change[] = ["/", "/a", "/b"].map((path) => {
  return { kind: "put", path, value: "x".repeat(1000), permissions: permissionsOf(0) };
});

function open(disk: Disk): OpenedJournal {
  return openFiles(disk, { clock: eagerClock, snapshot: () => nodes });
}

/** Asserts that a restart finds the nodes, and the number of the last batch, whatever is lost of what was not synced. */
function assertKept(disk: Disk, sequence: number): void {
  for (let seed = 0; seed < POWER_LOSSES; seed++) {
    const restored = restore(disk.afterPowerLoss(seed));
    assertEquals([restored.sequence, stateOf(restored.changes)], [sequence, stateOf(nodes)], `power loss ${seed}`);
  }
}

describe("a journal that syncs always", () => {
  test("commit() has the batches on the disk when it returns", () => {
    const disk = new Disk();
    const { journal } = open(disk);
    for (const [i, node] of nodes.entries()) {
      journal.append([node]);
      if (i !== 1) journal.commit();
    }
    assertKept(disk, 3);
  });

  test("compact() has the snapshot on the disk before it removes the logs", async () => {
    const disk = new Disk();
    const { journal } = open(disk);
    journal.append(nodes);
    assert(await journal.compact());
    assertKept(disk, 1);
  });

  test("close() has the batches on the disk when it resolves", async () => {
    const disk = new Disk();
    const { journal } = open(disk);
    journal.append(nodes);
    await journal.close();
    assertKept(disk, 1);
  });

  test("append() and commit() fail with the same error after a sync that failed", () => {
    const disk = new Disk();
    const { journal } = open(disk);
    journal.append(nodes);
    // The first operation writes the batch, the second one syncs it.
    disk.failAt = disk.operations + 2;
    const error = assertThrows(() => journal.commit(), JournalError);
    assertEquals(journal.failure, error);
    assertEquals(assertThrows(() => journal.append(nodes), JournalError), error);
  });
});
