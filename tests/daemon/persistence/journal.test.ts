// The journal in a real directory: restarts, truncated and corrupt files, and the lock of the directory.

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import { filesOf } from "../../../src/daemon/persistence/files.ts";
import { openJournal } from "../../../src/daemon/persistence/open.ts";
import { restore } from "../../../src/daemon/persistence/restore.ts";
import { eagerClock } from "./clocks.ts";
import { historyOf, stateOf } from "./model.ts";

async function withDirectory(run: (directory: string) => void | Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Copies the bytes, because the slice() of a Buffer does not. */
const bytesOf = (file: string): Uint8Array => new Uint8Array(readFileSync(file));

const options = { clock: eagerClock, snapshot: () => [] };
const LOG = "0000000000.log";

/** Commits each batch of a history. Returns the log after close(), after a kill, and its length after each batch. */
async function write(directory: string, { batches }: { batches: ReturnType<typeof historyOf>["batches"] }) {
  const { journal } = await openJournal(directory, options);
  const copy = join(directory, "copy");
  const lengths: number[] = [0];
  for (const batch of batches) {
    journal.append(batch);
    journal.commit();
    lengths.push(restore(filesOf(directory)).log?.length ?? 0);
  }
  copyFileSync(join(directory, LOG), copy);
  await journal.close();
  const whole = bytesOf(join(directory, LOG));
  const killed = bytesOf(copy);
  rmSync(copy);
  return { whole, killed, lengths };
}

describe("a journal", () => {
  test("a journal restores after a restart what was there before", () =>
    withDirectory(async (parent) => {
      const directory = join(parent, "made", "here");
      for (let seed = 0; seed < 6; seed++) {
        const history = historyOf(seed, 120);
        rmSync(directory, { recursive: true, force: true });
        for (let done = 0; done < history.batches.length;) {
          let now = done;
          const opened = await openJournal(directory, {
            ...options,
            compactAt: 3000,
            snapshot: () => history.changesAt(now),
          });
          assertEquals(opened.isNew, done === 0);
          assertEquals(opened.discarded, null);
          assertEquals(stateOf(opened.changes), history.states[done]);
          for (; now < Math.min(history.batches.length, done + 23); now++) {
            opened.journal.append(history.batches[now] ?? []);
            if (now % 3 === 0) {
              now++;
              opened.journal.commit();
              now--;
            }
          }
          if (seed % 2 === 0) await opened.journal.compact();
          await opened.journal.close();
          done = now;
        }
        assert(
          statSync(join(directory, readdirSync(directory).find((name) => name.endsWith(".log")) ?? "")).size < 9000,
        );
      }
    }));

  test("a truncated log loses at most the batch at its end", () =>
    withDirectory(async (directory) => {
      const history = historyOf(7, 25);
      const { whole, lengths } = await write(directory, history);
      assertEquals(whole.length, lengths.at(-1));
      for (let length = 0; length <= whole.length; length++) {
        writeFileSync(join(directory, LOG), whole.subarray(0, length));
        const count = lengths.findLastIndex((end) => end <= length);
        const { sequence, changes, discarded } = restore(filesOf(directory));
        assertEquals(sequence, count);
        assertEquals(stateOf(changes), history.states[count]);
        const start = Math.max(count === 0 ? 40 : 0, lengths[count] ?? 0);
        // Zeros may be reserved space.
        const left = whole.subarray(start, length).some((byte) => byte !== 0) ? length - start : 0;
        assertEquals(discarded?.bytes ?? 0, left, `${length} bytes`);
      }
    }));

  test("a journal continues after a truncated end, with or without reserved space", () =>
    withDirectory(async (directory) => {
      const history = historyOf(7, 12);
      const { killed, lengths } = await write(directory, history);
      const last = lengths.at(-2) ?? 0;
      for (let length = last; length <= (lengths.at(-1) ?? 0); length += 3) {
        for (const reserved of [0, 4096]) {
          const torn = new Uint8Array(length + reserved);
          torn.set(killed.subarray(0, length));
          writeFileSync(join(directory, LOG), torn);
          const opened = await openJournal(directory, options);
          const count = restore(filesOf(directory)).sequence;
          opened.journal.append([{ kind: "remove", path: "/none" }]);
          await opened.journal.close();
          const again = restore(filesOf(directory));
          assertEquals(again.sequence, count + 1);
          assertEquals(again.discarded, null);
        }
      }
    }));

  test("a corrupt byte in a log is reported with its record, or discards the last batch", () =>
    withDirectory(async (directory) => {
      const history = historyOf(8, 12);
      const { whole, lengths } = await write(directory, history);
      const last = lengths.at(-2) ?? 0;
      for (let at = 0; at < whole.length; at++) {
        for (const flip of [1, 0x80, 0xff]) {
          const wrong = whole.slice();
          wrong[at] = (wrong[at] ?? 0) ^ flip;
          writeFileSync(join(directory, LOG), wrong);
          if (at >= last) {
            const { sequence, discarded } = restore(filesOf(directory));
            assertEquals(sequence, history.batches.length - 1);
            assertEquals(discarded, { file: join(directory, LOG), offset: last, bytes: whole.length - last });
            continue;
          }
          const error = assertThrows(() => restore(filesOf(directory)), JournalError, "is corrupt at byte");
          assertEquals([error.fault, error.code, error.file], ["corrupt", "EIO", join(directory, LOG)]);
          const start = at < 40 ? 0 : lengths.findLast((end, i) => i > 0 && end <= at) ?? 40;
          assertEquals(error.offset, start, `byte ${at}`);
        }
      }
    }));

  test("a corrupt byte in a snapshot is reported with its record", () =>
    withDirectory(async (directory) => {
      const history = historyOf(9, 10);
      const { journal } = await openJournal(directory, { ...options, snapshot: () => history.changesAt(10) });
      for (const batch of history.batches) journal.append(batch);
      assert(await journal.compact());
      await journal.close();
      assertEquals(readdirSync(directory).sort(), ["0000000001.log", "0000000001.snapshot"]);
      assertEquals(stateOf(restore(filesOf(directory)).changes), history.states[10]);
      const file = join(directory, "0000000001.snapshot");
      const whole = bytesOf(file);
      for (let at = 0; at < whole.length; at++) {
        const wrong = whole.slice();
        wrong[at] = (wrong[at] ?? 0) ^ 0x10;
        writeFileSync(file, wrong);
        const error = assertThrows(() => restore(filesOf(directory)), JournalError, "is corrupt at byte");
        assertEquals(error.offset, at < 40 ? 0 : at >= whole.length - 20 ? whole.length - 20 : 40);
      }
      for (let length = 0; length < whole.length; length++) {
        writeFileSync(file, whole.subarray(0, length));
        assertThrows(() => restore(filesOf(directory)), JournalError, "is corrupt at byte");
      }
      writeFileSync(file, whole);
      rmSync(join(directory, "0000000001.log"));
      assertThrows(() => restore(filesOf(directory)), JournalError, '0000000001.log" is missing');
    }));

  test("if a snapshot is corrupt, the one before it is restored with the later logs", () =>
    withDirectory(async (directory) => {
      const history = historyOf(12, 30);
      let done = 0;
      const { journal } = await openJournal(directory, { ...options, snapshot: () => history.changesAt(done) });
      const older = join(directory, "older");
      mkdirSync(older);
      while (done < 30) {
        journal.append(history.batches[done++] ?? []);
        if (done % 10 !== 0) continue;
        journal.commit();
        for (const name of readdirSync(directory)) {
          if (name.startsWith("0")) copyFileSync(join(directory, name), join(older, name));
        }
        assert(await journal.compact());
      }
      await journal.close();
      for (const name of readdirSync(older)) copyFileSync(join(older, name), join(directory, name));
      const newest = join(directory, "0000000003.snapshot");
      writeFileSync(newest, bytesOf(newest).subarray(1));
      assertEquals(stateOf(restore(filesOf(directory)).changes), history.states[30]);
      rmSync(join(directory, "0000000000.log"));
      assertEquals(restore(filesOf(directory)).sequence, 30);
      rmSync(join(directory, "0000000001.log"));
      assertEquals(restore(filesOf(directory)).sequence, 30);
      rmSync(join(directory, "0000000002.log"));
      const error = assertThrows(() => restore(filesOf(directory)), JournalError, "is corrupt at byte 0");
      assertEquals(error.file, newest);
    }));

  test("a value that contains the bytes of a record is not restored as a record", () =>
    withDirectory(async (directory) => {
      const { whole, lengths } = await write(directory, historyOf(10, 5));
      const record = String.fromCharCode(...whole.subarray(lengths[1], lengths[2]));
      const { journal } = await openJournal(directory, options);
      const [first] = historyOf(10, 1).batches;
      const put = first?.find((change) => change.kind === "put");
      assert(put !== undefined);
      journal.append([{ ...put, path: "/", value: record.repeat(3) }]);
      await journal.close();
      const bytes = bytesOf(join(directory, LOG));
      // The record is corrupt at its start. Its value contains records with the secret of another log.
      bytes[whole.length] = (bytes[whole.length] ?? 0) ^ 1;
      writeFileSync(join(directory, LOG), bytes);
      assertEquals(restore(filesOf(directory)).sequence, 5);
    }));

  test("openJournal() rejects a log of a later version with ENOSYS", () =>
    withDirectory(async (directory) => {
      const { encodeFileHeader } = await import("../../../src/daemon/persistence/records.ts");
      const { crc32c } = await import("../../../src/daemon/persistence/checksum.ts");
      const header = encodeFileHeader({ kind: "log", generation: 0, base: 0, secret: 1 });
      const view = new DataView(header.buffer);
      view.setUint32(8, 2, true);
      view.setUint32(12, crc32c(header, 16, 40, crc32c(header, 0, 12)), true);
      writeFileSync(join(directory, LOG), header);
      const error = await assertRejects(() => openJournal(directory, options), JournalError, "a later version");
      assertEquals([error.fault, error.code], ["version", "ENOSYS"]);
    }));

  test("a journal does not touch other files in its directory", () =>
    withDirectory(async (directory) => {
      for (const name of ["notes", "1.log", "0000000000.log.bak"]) writeFileSync(join(directory, name), "mine");
      mkdirSync(join(directory, "lock-mine"));
      await write(directory, historyOf(11, 3));
      assertEquals(readdirSync(directory).length, 5);
    }));

  test("openJournal() rejects with the system's code if the path is not a directory", () =>
    withDirectory(async (directory) => {
      writeFileSync(join(directory, "file"), "");
      const error = await assertRejects(() => openJournal(join(directory, "file"), options), JournalError);
      assertEquals([error.fault, error.code], ["failed", "EEXIST"]);
    }));

  test("append() fails after close(), and close() may be called again", () =>
    withDirectory(async (directory) => {
      const { journal } = await openJournal(directory, options);
      await journal.close();
      await journal[Symbol.asyncDispose]();
      assertThrows(() => journal.append([{ kind: "remove", path: "/" }]), JournalError, "the journal is closed");
    }));
});

describe("the lock of a directory", () => {
  test("a second openJournal() of the same directory rejects with EBUSY until the first is closed", () =>
    withDirectory(async (directory) => {
      const first = await openJournal(directory, options);
      const error = await assertRejects(
        () => openJournal(directory, options),
        JournalError,
        "another daemon that runs",
      );
      assertEquals([error.fault, error.code], ["in-use", "EBUSY"]);
      await first.journal.close();
      assertEquals(readdirSync(directory), [LOG]);
      const second = await openJournal(directory, options);
      await second.journal.close();
    }));

  test("of several concurrent openJournal(), at most one succeeds", () =>
    withDirectory(async (directory) => {
      for (let round = 0; round < 5; round++) {
        const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => openJournal(directory, options)));
        const opened = outcomes.filter((outcome) => outcome.status === "fulfilled");
        assert(opened.length <= 1, `${opened.length} have it`);
        for (const { value } of opened) await value.journal.close();
        const next = await openJournal(directory, options);
        await next.journal.close();
      }
    }));

  test("the lock works in a directory whose path is too long for a socket", () =>
    withDirectory(async (parent) => {
      const directory = join(parent, "x".repeat(100));
      const { journal } = await openJournal(directory, options);
      await assertRejects(() => openJournal(directory, options), JournalError, "another daemon that runs");
      await journal.close();
      assertEquals(readdirSync(directory), [LOG]);
      assert(existsSync(join(directory, LOG)));
    }));
});
