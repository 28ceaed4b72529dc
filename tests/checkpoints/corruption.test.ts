// Files that do not hold what was saved: no change of any byte goes unnoticed.

import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointError, type CheckpointFault, CheckpointStorage } from "../../src/checkpoints/mod.ts";
import { inDirectory } from "../support/socket.ts";
import { bytes } from "../support/bytes.ts";

/** Saves a content, and writes other bytes into its file in place. */
async function withFile(
  content: string,
  run: (storage: CheckpointStorage, file: Uint8Array, write: (bytes: Uint8Array) => void) => Promise<void>,
): Promise<void> {
  await inDirectory(async (base) => {
    const storage = await CheckpointStorage.create(base);
    await storage.save(bytes(content));
    const file = new Uint8Array(readFileSync(storage.file));
    await run(storage, file, (changed) => writeFileSync(storage.file, changed));
  });
}

/** Checks that load() rejects a file, and returns the fault. */
async function faultOf(storage: CheckpointStorage, name: string): Promise<CheckpointFault> {
  const error = await storage.load().then((found) => found, (reason) => reason);
  assert(error instanceof CheckpointError, `${name}: ${error}`);
  assert(error.message.startsWith(`cannot load "${storage.file}": `), error.message);
  assertEquals(error.file, storage.file);
  return error.fault;
}

/** A payload that ends with a line feed, one that does not, and none. */
const contents = ["abcd\n", "abcd", "", "\n", "length 0000000000000001\n"];

describe("a corrupt checkpoint", () => {
  for (const content of contents) {
    test(`a flip of a bit in any byte of the file of ${JSON.stringify(content)} is noticed`, () =>
      withFile(content, async (storage, file, write) => {
        const faults = new Set<CheckpointFault>();
        for (let i = 0; i < file.length; i++) {
          for (const bit of content === contents[0] ? [0, 5, i % 8] : [i % 8]) {
            const changed = file.slice();
            changed[i] = (file[i] ?? 0) ^ (1 << bit);
            write(changed);
            faults.add(await faultOf(storage, `byte ${i}, bit ${bit}`));
          }
        }
        // A flip in the digit of the version makes another version.
        assert(faults.has("corrupt") && [...faults].every((fault) => fault === "corrupt" || fault === "version"));
        write(file);
        assertEquals(await storage.load(), bytes(content));
      }));

    test(`the file of ${JSON.stringify(content)} is noticed if it ends at any byte before its end, or goes on`, () =>
      withFile(content, async (storage, file, write) => {
        for (let length = 0; length < file.length; length++) {
          write(file.subarray(0, length));
          assertEquals(await faultOf(storage, `${length} bytes`), length === 0 ? "empty" : "corrupt");
        }
        for (const more of [[0], [0x0a], [...file]]) {
          write(new Uint8Array([...file, ...more]));
          assertEquals(await faultOf(storage, "longer"), "corrupt");
        }
      }));
  }

  test("a piece that is missing, doubled or exchanged is noticed", () =>
    withFile("0123456789".repeat(100), async (storage, file, write) => {
      const header = file.indexOf(0x30, file.indexOf(0x0a, 20));
      for (let at = header; at < header + 50; at++) {
        write(new Uint8Array([...file.subarray(0, at), ...file.subarray(at + 1)]));
        assertEquals(await faultOf(storage, "missing"), "corrupt");
        write(new Uint8Array([...file.subarray(0, at), ...file.subarray(at - 1)]));
        assertEquals(await faultOf(storage, "doubled"), "corrupt");
      }
    }));

  test("open() rejects a corrupt file before it gives any byte", () =>
    withFile("x".repeat(600_000), async (storage, file, write) => {
      for (const at of [0, 200, 300_000, file.length - 1]) {
        const changed = file.slice();
        changed[at] = 0;
        write(changed);
        const error = await assertRejects(() => storage.open(), CheckpointError);
        assertEquals([error.fault, error.file], ["corrupt", storage.file]);
      }
    }));

  test("the error of a corrupt file names the byte", () =>
    withFile("content", async (storage, file, write) => {
      write(new Uint8Array([...file.subarray(0, 4), 0, ...file.subarray(5)]));
      const error = await assertRejects(() => storage.load(), CheckpointError);
      assertEquals([error.offset, error.code], [4, "EIO"]);
      assert(
        error.message.endsWith('it is corrupt at byte 4: it does not begin with "tsxs-checkpoint"'),
        error.message,
      );
    }));

  test("a file of a later version is told from a corrupt one, whatever follows its first line", () =>
    withFile("content", async (storage, _file, write) => {
      for (const rest of ["", "anything", "\n\n\n"]) {
        write(bytes(`tsxs-checkpoint 2\n${rest}`));
        const error = await assertRejects(() => storage.load(), CheckpointError);
        assertEquals([error.fault, error.code], ["version", "ENOSYS"]);
        assert(error.message.includes("version 2"), error.message);
      }
      for (const version of ["0", "01", "1.0", "-1", "", "x", "9".repeat(10)]) {
        write(bytes(`tsxs-checkpoint ${version}\n`));
        assertEquals(await faultOf(storage, version), "corrupt");
      }
    }));

  test("a file of another kind is corrupt, and save() replaces it", () =>
    withFile("content", async (storage, _file, write) => {
      for (const other of ["\0".repeat(5000), "{}", "tsxs-checkpoint", `tsxs-checkpoint 1\n${"x".repeat(5000)}`]) {
        write(bytes(other));
        assertEquals(await faultOf(storage, other), "corrupt");
        await storage.save(bytes("new"));
        assertEquals(await storage.load(), bytes("new"));
      }
    }));

  test("a corrupt, empty or later checkpoint is removed like any other", () =>
    inDirectory(async (base) => {
      for (const content of ["", "corrupt", "tsxs-checkpoint 9\n"]) {
        const storage = await CheckpointStorage.create(base);
        writeFileSync(storage.file, content);
        assertEquals([await storage.remove(), await storage.remove()], [true, false]);
      }
    }));
});
