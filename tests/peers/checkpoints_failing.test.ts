// A save of which each system call fails: strace does it to a real process.

import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Outcome } from "../checkpoints/saver.ts";
import { contentOf, SaveBench } from "./save_bench.ts";

describe("a save", () => {
  test("a failed fsync of the file is not ignored: the save rejects, and the older checkpoint stays", () =>
    SaveBench.with(async (bench) => {
      for (const call of ["fdatasync", "fsync"]) {
        const { at, stdout } = bench.run("file", { call, when: 1, what: "error=EIO" });
        const outcome: Outcome = JSON.parse(stdout);
        assert(at !== null && outcome.kind === "failed", stdout);
        assertEquals([outcome.fault, outcome.code, await contentOf(bench.storage)], ["failed", "EIO", "old"]);
      }
    }));

  test("a failed fsync of the directory is not ignored: the save rejects, and tells that the new one is there", () =>
    SaveBench.with(async (bench) => {
      const { at, stdout } = bench.run("directory", { call: "fsync", when: 1, what: "error=EIO" });
      const outcome: Outcome = JSON.parse(stdout);
      assert(at !== null && outcome.kind === "failed", stdout);
      assertEquals([outcome.fault, outcome.code, await contentOf(bench.storage)], ["not-durable", "EIO", "new"]);
      assert(outcome.message.includes("the new checkpoint is there, but its name is not synced"), outcome.message);
    }));

  for (const code of ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"]) {
    test(`a save of which any system call fails with ${code} loses nothing, and tells it by a typed error`, () =>
      SaveBench.with(async (bench) => {
        const { storage } = bench;
        const kinds = new Map<string, number>();
        const calls = await bench.eachCall(
          `error=${code}`,
          async ({ part, at, call, calls, isNew, stdout, failures }) => {
            const outcome: Outcome = JSON.parse(stdout);
            const name = `${call} failed, call ${at} on the ${part}: ${stdout}`;
            if (outcome.kind === "saved") {
              // Deno and Bun do not report what close() reports, and Deno does without a copy of a descriptor.
              assert(call === "close" || call === "fcntl", name);
              assert(calls.includes("fsync"), name);
              assertEquals(await contentOf(storage), "new", name);
            } else {
              assert(outcome.kind === "failed", name);
              assertEquals(outcome.code, code, name);
              assert(outcome.message.startsWith(`cannot save "${storage.file}": `), name);
              assertEquals(await contentOf(storage), isNew ? "new" : "old", name);
              assertEquals(outcome.fault === "not-durable", isNew, name);
            }
            // If the call fails in several threads, the file may stay, as the lock of a process that has ended.
            const isLocked = existsSync(`${storage.file}.next`);
            assert(!isLocked || failures > 1, name);
            assertEquals(await storage.breakLock(), isLocked, name);
            const kind = outcome.kind === "failed" ? outcome.fault : outcome.kind;
            kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
          },
        );
        console.log(`${code} at ${calls.length} points: ${JSON.stringify(Object.fromEntries(kinds))}`);
      }));
  }
});
