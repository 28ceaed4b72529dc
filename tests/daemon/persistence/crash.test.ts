// Crashes and failures at every operation of the disk, and the store that is restored afterwards.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Clock } from "../../../src/daemon/clock.ts";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import type { SyncPolicy } from "../../../src/daemon/persistence/journal.ts";
import { type OpenedJournal, openFiles } from "../../../src/daemon/persistence/open.ts";
import { restore } from "../../../src/daemon/persistence/restore.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { ManualClock } from "../../support/line.ts";
import { eagerClock } from "./clocks.ts";
import { Crash, Disk } from "./disk.ts";
import { type History, historyOf, initial, permissionsOf, stateOf } from "./model.ts";

const COMPACT_AT = 900;

/** The progress of a run. */
interface Progress {
  /** The number of batches that were appended. */
  appended: number;
  /** The number of appended batches whose commit() returned. */
  committed: number;
}

/** Keeps a history in steps of several batches, and lets some snapshots finish and others only begin. */
async function run(disk: Disk, history: History, sync: SyncPolicy, progress: Progress): Promise<void> {
  let opened: OpenedJournal | null = null;
  for (const [i, batch] of history.batches.entries()) {
    if (i % 17 === 0) {
      await opened?.journal.close();
      opened = openFiles(disk, {
        sync,
        compactAt: COMPACT_AT,
        clock: eagerClock,
        snapshot: () => history.changesAt(progress.appended),
        onProblem: (error) => assert(ended(error), error.message),
      });
      assertEquals(stateOf(opened.changes), history.states[progress.appended]);
    }
    opened?.journal.append(batch);
    progress.appended++;
    if (i % 3 === 1) continue;
    opened?.journal.commit();
    progress.committed = progress.appended;
    if (i % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await opened?.journal.close();
}

async function runUntilCrash(disk: Disk, history: History, sync: SyncPolicy): Promise<Progress> {
  const progress: Progress = { appended: 0, committed: 0 };
  try {
    await run(disk, history, sync, progress);
  } catch (error) {
    if (!ended(error)) throw error;
  }
  return progress;
}

function ended(error: unknown): boolean {
  return error instanceof Crash || (error instanceof JournalError && error.cause instanceof Crash);
}

/** Runs once for each operation at which the disk can end. Yields the disk and the progress. */
async function* everyCrash(history: History, sync: SyncPolicy) {
  const whole = new Disk();
  await runUntilCrash(whole, history, sync);
  assert(whole.list().some((name) => name.endsWith("snapshot")));
  for (let crashAt = 1; crashAt <= whole.operations; crashAt++) {
    const disk = new Disk();
    disk.crashAt = crashAt;
    yield { disk, crashAt, ...await runUntilCrash(disk, history, sync) };
  }
}

/** Checks that a disk holds the store after some batches, and can be continued. Returns how many batches. */
async function assertHolds(disk: Disk, history: History, least: number, most: number): Promise<number> {
  const { sequence } = restore(disk);
  assert(sequence >= least && sequence <= most, `${sequence} batches are there, not ${least} to ${most}`);
  const { changes, journal } = openFiles(disk, { clock: eagerClock, snapshot: () => history.changesAt(sequence) });
  assertEquals(stateOf(changes), history.states[sequence]);
  const more = historyMore(history, sequence);
  journal.append(more);
  await journal.compact();
  await journal.close();
  const again = restore(disk.afterKill());
  assertEquals(again.sequence, sequence + 1);
  assertEquals(again.discarded, null);
  return sequence;
}

const historyMore = (history: History, count: number): readonly Change[] =>
  count === 0 ? initial : history.batches[count] ?? [{ kind: "quota", domid: 9, name: "nodes", value: 9 }];

describe("a journal whose disk ends at any operation", () => {
  for (const sync of ["always", "interval", "never"] as const) {
    test(`a journal keeps all commits if the process is killed (${sync})`, async () => {
      for (let seed = 0; seed < 3; seed++) {
        const history = historyOf(seed, 40);
        for await (const { disk, appended, committed } of everyCrash(history, sync)) {
          await assertHolds(disk.afterKill(), history, committed, appended);
        }
      }
    });
  }

  test("a journal keeps all commits if the power fails (always)", async () => {
    for (let seed = 0; seed < 3; seed++) {
      const history = historyOf(seed, 40);
      for await (const { disk, appended, committed } of everyCrash(history, "always")) {
        for (let power = 0; power < 4; power++) {
          await assertHolds(disk.afterPowerLoss(power), history, committed, appended);
        }
      }
    }
  });

  test("a journal keeps all commits if the power fails twice", async () => {
    const history = historyOf(4, 30);
    for await (const { disk, crashAt, appended, committed } of everyCrash(history, "always")) {
      for (let power = 0; power < 12; power++) {
        const first = restore(disk.afterPowerLoss(power)).sequence;
        const again = disk.afterPowerLoss(power);
        again.crashAt = 2 + power % 6;
        const rest = { batches: history.batches.slice(first), states: history.states.slice(first) };
        const progress = await runUntilCrash(
          again,
          { ...rest, changesAt: (count) => history.changesAt(first + count) },
          "always",
        );
        const seed = power + crashAt;
        await assertHolds(again.afterPowerLoss(seed), history, first + progress.committed, first + progress.appended);
        assert(first >= committed && first <= appended);
      }
    }
  });

  test("a commit also syncs what a killed process left in the system's cache", async () => {
    const history = historyOf(4, 30);
    const whole = new Disk();
    await runUntilCrash(whole, history, "never");
    for (let crashAt = 1; crashAt <= whole.operations; crashAt++) {
      for (let power = 0; power < 8; power++) {
        const disk = new Disk();
        disk.crashAt = crashAt;
        await runUntilCrash(disk, history, "never");
        disk.crashAt = Infinity;
        const { sequence } = restore(disk);
        const { journal } = openFiles(disk, { clock: eagerClock, snapshot: () => [] });
        journal.append(history.batches[sequence] ?? []);
        journal.commit();
        await assertHolds(disk.afterPowerLoss(power), history, Math.min(30, sequence + 1), sequence + 1);
      }
    }
  });

  test("a journal keeps the store of some earlier time if the power fails (never)", async () => {
    const found = new Set<number>();
    for (let seed = 0; seed < 3; seed++) {
      const history = historyOf(seed, 40);
      for await (const { disk, appended, committed } of everyCrash(history, "never")) {
        for (let power = 0; power < 4; power++) {
          found.add(committed - await assertHolds(disk.afterPowerLoss(power), history, 0, appended));
        }
      }
    }
    assert(found.size > 5, "the power failures lost too few different commits");
  });
});

describe("a journal whose disk fails", () => {
  test("a journal reports a failure of any operation, and keeps all earlier commits", async () => {
    const faults = new Set<string>();
    for (const failWith of ["EIO", "ENOSPC"]) {
      const history = historyOf(5, 40);
      const whole = new Disk();
      await runUntilCrash(whole, history, "always");
      for (let failAt = 1; failAt <= whole.operations; failAt++) {
        const disk = new Disk();
        disk.failAt = failAt;
        disk.failWith = failWith;
        const kept: (readonly Change[])[] = [];
        const problems: JournalError[] = [];
        let committed = 0;
        try {
          const { journal } = openFiles(disk, {
            compactAt: COMPACT_AT,
            clock: eagerClock,
            snapshot: () => kept.flat(),
            onProblem: (error) => problems.push(error),
          });
          for (const batch of history.batches) {
            try {
              journal.append(batch);
            } catch (error) {
              assert(error instanceof JournalError && error.fault === "failed");
              assertEquals(error.code, failWith);
              faults.add("append");
              // The store has the changes and the journal does not, so the history ends here.
              break;
            }
            kept.push(batch);
            journal.commit();
            committed = kept.length;
            if (kept.length % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await journal.close();
        } catch (error) {
          assert(error instanceof JournalError && error.fault === "failed");
          assertEquals(error.code, failWith);
          faults.add("commit");
        }
        for (const { code } of problems) assertEquals(code, failWith);
        if (problems.length > 0) faults.add("snapshot");
        const found = restore(disk.afterKill());
        assert(found.sequence >= committed && found.sequence <= kept.length);
        assertEquals(stateOf(found.changes), history.states[found.sequence]);
      }
    }
    assertEquals([...faults].sort(), ["append", "commit", "snapshot"]);
  });

  test("append() fails with ENOSPC on a full disk, and succeeds when there is space again", async () => {
    const disk = new Disk();
    const { journal } = openFiles(disk, { clock: eagerClock, snapshot: () => [] });
    const put = (value: string): Change[] => [{ kind: "put", path: "/", value, permissions: permissionsOf(0) }];
    journal.append(put("before"));
    journal.commit();
    Object.assign(disk, { full: true, failWith: "ENOSPC", failAt: 0 });
    journal.append(put("there is room for this"));
    const error = assertThrows(
      () => journal.append(put("x".repeat(100_000))),
      JournalError,
      "cannot keep a change: ENOSPC",
    );
    assertEquals([error.fault, error.code, error.file], ["failed", "ENOSPC", "/disk/0000000000.log"]);
    journal.append(put("and for this"));
    journal.commit();
    assertEquals(restore(disk.afterKill()).sequence, 3);
    disk.failAt = Infinity;
    journal.append(put("x".repeat(100_000)));
    await journal.close();
    assertEquals(restore(disk.afterKill()).sequence, 4);
  });

  test("append() fails after a failed commit()", async () => {
    const disk = new Disk();
    const { journal } = openFiles(disk, { clock: eagerClock, snapshot: () => [] });
    journal.append(initial);
    disk.failAt = disk.operations + 2;
    const error = assertThrows(() => journal.commit(), JournalError, "cannot bring what changed to the disk: EIO");
    disk.failAt = Infinity;
    assertEquals(assertThrows(() => journal.append(initial), JournalError), error);
    journal.commit();
    await journal.close();
  });

  test("a journal continues its log if a new one cannot be created, also after a restart", async () => {
    for (let later = 1; later <= 4; later++) {
      const disk = new Disk();
      const problems: string[] = [];
      const options = {
        clock: eagerClock,
        snapshot: () => initial,
        onProblem: ({ message }: Error) => problems.push(message),
      };
      const { journal } = openFiles(disk, { ...options, compactAt: 1000 });
      journal.append(initial);
      journal.commit();
      // The first two operations truncate and sync the old log.
      disk.failAt = disk.operations + 2 + later;
      assertEquals(await journal.compact(), false);
      assertEquals(problems.length, 1);
      assert(problems[0]?.startsWith("cannot start a new log: EIO"), problems[0]);
      journal.append([{ kind: "quota", domid: null, name: "nodes", value: later }]);
      journal.commit();
      const killed = disk.afterKill();
      assertEquals(restore(killed).sequence, 2);
      const opened = openFiles(killed, options);
      assertEquals(killed.list(), ["0000000000.log"]);
      assert(await opened.journal.compact());
      await opened.journal.close();
      await journal.close();
    }
  });

  test("a journal continues its logs if a snapshot fails, and tries again later", async () => {
    const history = historyOf(6, 200);
    const disk = new Disk();
    const problems: string[] = [];
    let done = 0;
    const { journal } = openFiles(disk, {
      compactAt: 2000,
      clock: eagerClock,
      snapshot: () => {
        const changes = history.changesAt(done);
        if (problems.length >= 2) return changes;
        return {
          *[Symbol.iterator]() {
            yield* changes.slice(0, 1);
            throw new Error("it is not ready");
          },
        };
      },
      onProblem: ({ message }) => problems.push(message),
    });
    for (const batch of history.batches) {
      journal.append(batch);
      done++;
      journal.commit();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await journal.close();
    assertEquals(problems.slice(0, 3), Array(2).fill("cannot write a snapshot: it is not ready"));
    assert(disk.list().filter((name) => name.endsWith("snapshot")).length === 1);
    assert(!disk.list().includes("0000000000.log"));
    assertEquals(stateOf(restore(disk).changes), history.states[200]);
  });
});

describe("snapshots", () => {
  test("a snapshot is written in slices, while the store changes", async () => {
    const disk = new Disk();
    const clock = new ManualClock();
    const put = (i: number, value: string): Change => ({
      kind: "put",
      path: `/n${i}`,
      value,
      permissions: permissionsOf(0),
    });
    const nodes = Array.from({ length: 2000 }, (_, i) => put(i, "x".repeat(1000)));
    const { journal } = openFiles(disk, { clock, compactAt: 1, snapshot: () => [...initial, ...nodes] });
    journal.append([...initial, ...nodes]);
    journal.commit();
    let slices = 1;
    for (let i = 0; clock.waiting > 0; i++, slices++) {
      journal.append([put(i, "later")]);
      journal.commit();
      clock.pass(1);
      await Promise.resolve();
    }
    await journal.compact();
    await journal.close();
    assert(slices >= 8, `${slices} slices`);
    assertEquals(disk.list().sort(), ["0000000001.log", "0000000001.snapshot"]);
    const { changes, sequence } = restore(disk);
    assertEquals(sequence, slices);
    const later = Array.from({ length: slices - 1 }, (_, i) => put(i, "later"));
    assertEquals(stateOf(changes), stateOf([...initial, ...nodes, ...later]));
  });

  test("close() cancels a snapshot that is being written", async () => {
    const disk = new Disk();
    const many = Array.from({ length: 2000 }, (): Change => ({ ...initial[0], value: "x".repeat(1000) }) as Change);
    const { journal } = openFiles(disk, { clock: new ManualClock(), snapshot: () => many });
    journal.append(initial);
    const compacting = journal.compact();
    await journal.close();
    assertEquals(await compacting, false);
    assertEquals(disk.list().sort(), ["0000000000.log", "0000000001.log"]);
    assertEquals(restore(disk).sequence, 1);
  });
});

describe("the sync policy", () => {
  const batch = (i: number): Change[] => [{ kind: "quota", domid: i, name: "nodes", value: i }];
  const survives = (disk: Disk): number => restore(disk.afterPowerLoss(1)).sequence;

  test('""interval" syncs several batches together after the interval" brings batches to the disk in time, one after another in one go', async () => {
    const disk = new Disk();
    const clock = new ManualClock();
    const { journal } = openFiles(disk, { clock, sync: "interval", interval: 50, snapshot: () => [] });
    for (let i = 1; i <= 3; i++) {
      journal.append(batch(i));
      journal.commit();
    }
    assertEquals(clock.waiting, 1);
    const before = disk.operations;
    clock.pass(49);
    assertEquals(disk.operations, before);
    clock.pass(1);
    assertEquals(disk.operations, before + 1);
    assertEquals([survives(disk), clock.waiting], [3, 0]);
    await journal.close();
  });

  test('""interval" syncs during commits if the timer is late" does not depend on timers alone, to which a busy process may not come', async () => {
    const disk = new Disk();
    let now = 0;
    const clock: Clock = { now: () => now, after: () => ({ cancel: () => {} }) };
    const { journal } = openFiles(disk, { clock, sync: "interval", interval: 50, snapshot: () => [] });
    const synced: number[] = [];
    for (let i = 1; i <= 120; i++, now++) {
      const before = disk.operations;
      journal.append(batch(i));
      const reserved = disk.operations;
      journal.commit();
      if (disk.operations > reserved + 1) synced.push(now);
      assert(reserved - before <= 1);
    }
    assertEquals(synced, [50, 100]);
    assert(survives(disk) >= 101);
    await journal.close();
  });

  test('""interval" reports a failed sync, and append() fails afterwards" tells of a failure, and then keeps nothing more', () => {
    const disk = new Disk();
    const clock = new ManualClock();
    const problems: JournalError[] = [];
    const { journal } = openFiles(disk, {
      clock,
      sync: "interval",
      snapshot: () => [],
      onProblem: (error) => problems.push(error),
    });
    journal.append(batch(1));
    journal.commit();
    disk.failAt = disk.operations + 1;
    clock.pass(1000);
    assertEquals(problems.map(({ code }) => code), ["EIO"]);
    assertThrows(() => journal.append(batch(2)), JournalError, "cannot bring what changed to the disk");
  });

  test('""never" syncs when the journal is closed" leaves it to the system until the journal is closed', async () => {
    const disk = new Disk();
    const { journal } = openFiles(disk, { clock: new ManualClock(), sync: "never", snapshot: () => [] });
    const before = disk.operations;
    journal.append(batch(1));
    journal.commit();
    // One operation reserves space, and one writes the record.
    assertEquals(disk.operations, before + 2);
    await journal.close();
    assertEquals(survives(disk), 1);
  });

  test("a commit without changes does not sync", async () => {
    const disk = new Disk();
    const { journal } = openFiles(disk, { clock: eagerClock, snapshot: () => [] });
    const before = disk.operations;
    journal.append([]);
    journal.commit();
    assertEquals(disk.operations, before);
    await journal.close();
  });
});
