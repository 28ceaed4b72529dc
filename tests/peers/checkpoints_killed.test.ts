// A save that is killed at each of its system calls: strace does it to a real process.

import { existsSync } from "node:fs";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LockedStorageError } from "../../src/checkpoints/mod.ts";
import { contentOf, SaveBench } from "./save_bench.ts";

describe("a save", () => {
  test("a save that is killed at any system call leaves the older or the new checkpoint whole", () =>
    SaveBench.with(async (bench) => {
      const { storage } = bench;
      const counts = { old: 0, new: 0, locked: 0, unnamed: 0 };
      const calls = await bench.eachCall("signal=KILL", async ({ part, at, isNew }) => {
        // It is killed before the call is made.
        const content = await contentOf(storage);
        assertEquals(content, isNew ? "new" : "old", `killed at call ${at} on the ${part}`);
        counts[isNew ? "new" : "old"]++;
        if (!existsSync(`${storage.file}.next`)) return;
        counts.locked++;
        const error = await assertRejects(() => storage.save(new Uint8Array(1)), LockedStorageError);
        // Only between the creation of the file and its first bytes is the owner not known.
        if (error.owner === null) {
          counts.unnamed++;
          await assertRejects(() => storage.breakLock(), LockedStorageError);
        } else assertEquals(error.state, "dead");
        assert(await storage.breakLock({ force: error.owner === null }));
        await storage.save(new Uint8Array(5));
        assertEquals(await storage.load(), new Uint8Array(5));
      });
      console.log(`killed at ${calls.length} points: ${JSON.stringify(counts)} (${calls.join(" ")})`);
      assertEquals(counts.old + counts.new, calls.length);
      assert(counts.locked > 5 && counts.new >= 2 && counts.unnamed === 1);
    }));
});
