// Restoring: files whose bytes are well-formed, but do not belong together.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { encodeChange } from "../../../src/daemon/persistence/changes.ts";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import { Log } from "../../../src/daemon/persistence/log.ts";
import { beginRecord, encodeFileHeader, endRecord, type FileHeader } from "../../../src/daemon/persistence/records.ts";
import { restore } from "../../../src/daemon/persistence/restore.ts";
import { Bytes } from "../../../src/daemon/tree/bytes.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { Disk } from "./disk.ts";

const batch: readonly Change[] = [{ kind: "quota", domid: null, name: "nodes", value: 7 }];

/** A log's bytes: its batches have the given numbers, and `rest` follows them. */
function logBytes(generation: number, base: number, sequences: readonly number[], rest: readonly number[] = []) {
  const disk = new Disk();
  const log = Log.create(disk, generation, base);
  for (const sequence of sequences) log.append(batch, sequence, 0);
  log.write();
  log.finish();
  const [name = ""] = disk.list();
  return [name, Uint8Array.of(...disk.read(name), ...rest)] as const;
}

function headerBytes(name: string, header: Partial<FileHeader>) {
  const bytes = encodeFileHeader({ kind: "log", generation: 0, base: 0, secret: 1, ...header });
  return [name, bytes] as const;
}

/** A snapshot's bytes: its records have the given numbers, the last one is without changes, and `rest` follows them. */
function snapshotBytes(numbers: readonly number[], rest: readonly number[] = []) {
  const secret = 7;
  const bytes = new Bytes();
  for (const number of numbers) {
    const at = beginRecord(bytes);
    if (number !== numbers.at(-1)) { for (const change of batch) encodeChange(bytes, change); }
    endRecord(bytes, at, number, 0, secret);
  }
  const header = encodeFileHeader({ kind: "snapshot", generation: 1, base: 1, secret });
  return ["0000000001.snapshot", Uint8Array.of(...header, ...bytes.taken, ...rest)] as const;
}

function assertCorrupt(files: readonly (readonly [string, Uint8Array])[], file: string, what: string): void {
  const error = assertThrows(() => restore(Disk.of(files)), JournalError, what);
  assertEquals([error.fault, error.file], ["corrupt", `/disk/${file}`]);
}

const [FIRST, SECOND] = ["0000000000.log", "0000000001.log"];

describe("restore()", () => {
  test("takes two logs of which the second continues the first", () => {
    const { sequence, discarded } = restore(Disk.of([logBytes(0, 0, [1, 2]), logBytes(1, 2, [3])]));
    assertEquals([sequence, discarded], [3, null]);
  });

  test("rejects a log that does not continue after the last batch of the log before it", () => {
    for (const base of [1, 3]) {
      assertCorrupt(
        [logBytes(0, 0, [1, 2]), logBytes(1, base, [base + 1])],
        SECOND,
        `it continues after batch ${base}, but the last batch before it is 2`,
      );
    }
  });

  test("rejects a log in which a batch is missing or is there twice", () => {
    assertCorrupt([logBytes(0, 0, [1, 3])], FIRST, "batch 3 is there in place of batch 2");
    assertCorrupt([logBytes(0, 0, [1, 1])], FIRST, "batch 1 is there in place of batch 2");
  });

  test("rejects an incomplete record in a log that another log continues", () => {
    const torn = logBytes(0, 0, [1], [1, 2, 3]);
    assertEquals(restore(Disk.of([torn])).discarded?.bytes, 3);
    assertCorrupt([torn, logBytes(1, 1, [2])], FIRST, "no whole record is there, and it is not the end");
  });

  test("continues a log that ends in an incomplete record, and not the empty log after it", () => {
    const { log, leftovers, sequence } = restore(Disk.of([logBytes(0, 0, [1], [1, 2, 3]), logBytes(1, 1, [])]));
    assertEquals([log?.generation, leftovers, sequence], [0, [SECOND], 1]);
  });

  test("rejects a snapshot in which a record is missing, or that continues after its end", () => {
    const name = "0000000001.snapshot";
    const log = logBytes(1, 1, []);
    assertEquals(restore(Disk.of([snapshotBytes([1, 2]), log])).sequence, 1);
    assertCorrupt([snapshotBytes([1, 3]), log], name, "no whole record is there");
    assertCorrupt([snapshotBytes([1, 2], [0]), log], name, "more bytes follow its end");
  });

  test("rejects a missing log", () => {
    assertCorrupt([logBytes(0, 0, [1]), logBytes(2, 1, [2])], SECOND, '"/disk/0000000001.log" is missing');
    assertCorrupt([logBytes(1, 0, [1])], FIRST, '"/disk/0000000000.log" is missing');
  });

  test("rejects a file that says that it is another one", () => {
    assertCorrupt([headerBytes(FIRST, { generation: 1 })], FIRST, "it says that it is log 1");
    assertCorrupt([headerBytes(FIRST, { kind: "snapshot" })], FIRST, "it says that it is snapshot 0");
  });

  test("rejects a log with batches whose header has a wrong checksum", () => {
    const [name, bytes] = logBytes(0, 0, [1]);
    for (const at of [8, 12, 24, 32]) {
      const wrong = bytes.slice();
      wrong[at] = (wrong[at] ?? 0) ^ 1;
      assertCorrupt([[name, wrong]], FIRST, "its header is not whole");
    }
  });
});
