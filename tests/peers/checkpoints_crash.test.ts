// A save that is killed, or fails, at each of its system calls: strace does it to a real process.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CheckpointStorage, LockedStorageError } from "../../src/checkpoints/mod.ts";
import type { Outcome } from "../checkpoints/saver.ts";
import { bundle, type Injection, trace, type Traced } from "./strace.ts";

const saver = fileURLToPath(new URL("../checkpoints/saver.ts", import.meta.url));
const [OLD, OLD_SIZE, NEW, NEW_SIZE, PIECES] = [1, 3000, 2, 600_000, 3];
/** More runs than any runtime needs to reach a call whose number in its thread varies. */
const TRIES = 200;

type Part = "file" | "directory";

/** A call that was reached. */
interface Reached {
  /** On what the call is. */
  readonly part: Part;
  /** Its index among the calls. */
  readonly at: number;
  readonly call: string;
  readonly calls: readonly string[];
  /** Whether the new checkpoint had its name before the call. */
  readonly isNew: boolean;
  readonly stdout: string;
  readonly failures: number;
}

/** A directory with an older checkpoint, and the process that saves a new one there. */
class Bench {
  readonly #base = mkdtempSync(join(tmpdir(), "tsxs-"));
  readonly #command = bundle(saver, this.#base);
  readonly #older = join(this.#base, "older");
  readonly storage: CheckpointStorage = new CheckpointStorage(join(this.#base, "storage"));

  static async with(run: (bench: Bench) => Promise<void>): Promise<void> {
    const bench = new Bench();
    try {
      mkdirSync(bench.storage.location);
      await bench.storage.save(new Uint8Array(OLD_SIZE).fill(OLD));
      copyFileSync(bench.storage.file, bench.#older);
      await run(bench);
    } finally {
      rmSync(bench.#base, { recursive: true });
    }
  }

  /** Runs the process on the older checkpoint, and traces its calls on one of its files. */
  run(part: Part, injection: Injection | null = null): Traced {
    copyFileSync(this.#older, this.storage.file);
    const command = [...this.#command, this.storage.location, `${NEW}`, `${NEW_SIZE}`, `${PIECES}`];
    const paths = part === "directory" ? [this.storage.location] : [this.storage.file, `${this.storage.file}.next`];
    return trace(command, paths, join(this.#base, "log"), injection);
  }

  /**
   * Runs the process once for each of its calls, with the injection at that call. Returns the names of the calls.
   *
   * The calls of one name are counted in each thread, and their threads vary on Deno and Bun. Therefore the calls on
   * the directory and those on its files are apart, and a call that was not reached is tried again.
   */
  async eachCall(what: string, check: (reached: Reached) => Promise<void>): Promise<readonly string[]> {
    const all: string[] = [];
    for (const part of ["file", "directory"] as const) {
      const { calls, at } = this.run(part);
      assertEquals([at, await contentOf(this.storage)], [null, "new"]);
      const isNewFrom = part === "file" ? calls.indexOf("rename") + 1 : indexOfSync(calls);
      const missing = new Set(calls.keys());
      for (let tried = 0; missing.size > 0; tried++) {
        assert(tried < TRIES, `not reached: ${[...missing].map((index) => `${index} ${calls[index]}`).join(", ")}`);
        const wanted = [...missing][tried % missing.size] ?? 0;
        const call = calls[wanted] ?? "";
        const last = calls.slice(0, wanted + 1).filter((name) => name === call).length;
        const { at, stdout, failures } = this.run(part, {
          call,
          when: last - Math.floor(tried / calls.length) % last,
          what,
        });
        if (at === null || !missing.delete(at)) continue;
        await check({ part, at, call, stdout, failures, isNew: at >= isNewFrom, calls });
      }
      all.push(...calls);
    }
    return all;
  }
}

/** The index of the first call for which the directory is synced. Deno copies its descriptor before. */
function indexOfSync(calls: readonly string[]): number {
  const index = calls.indexOf("fsync");
  return calls[index - 1] === "fcntl" ? index - 1 : index;
}

async function contentOf(storage: CheckpointStorage): Promise<string> {
  const bytes = await storage.load();
  const is = (byte: number, size: number): boolean => bytes?.length === size && bytes.every((found) => found === byte);
  return is(OLD, OLD_SIZE) ? "old" : is(NEW, NEW_SIZE) ? "new" : `${bytes?.length} bytes that were not saved`;
}

describe("a save", () => {
  test("a save that is killed at any system call leaves the older or the new checkpoint whole", () =>
    Bench.with(async (bench) => {
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
        await storage.save(new Uint8Array(NEW_SIZE).fill(NEW));
        assertEquals(await contentOf(storage), "new");
      });
      console.log(`killed at ${calls.length} points: ${JSON.stringify(counts)} (${calls.join(" ")})`);
      assertEquals(counts.old + counts.new, calls.length);
      assert(counts.locked > 5 && counts.new >= 2 && counts.unnamed === 1);
    }));

  test("a failed fsync of the file is not ignored: the save rejects, and the older checkpoint stays", () =>
    Bench.with(async (bench) => {
      for (const call of ["fdatasync", "fsync"]) {
        const { at, stdout } = bench.run("file", { call, when: 1, what: "error=EIO" });
        const outcome: Outcome = JSON.parse(stdout);
        assert(at !== null && outcome.kind === "failed", stdout);
        assertEquals([outcome.fault, outcome.code, await contentOf(bench.storage)], ["failed", "EIO", "old"]);
      }
    }));

  test("a failed fsync of the directory is not ignored: the save rejects, and tells that the new one is there", () =>
    Bench.with(async (bench) => {
      const { at, stdout } = bench.run("directory", { call: "fsync", when: 1, what: "error=EIO" });
      const outcome: Outcome = JSON.parse(stdout);
      assert(at !== null && outcome.kind === "failed", stdout);
      assertEquals([outcome.fault, outcome.code, await contentOf(bench.storage)], ["not-durable", "EIO", "new"]);
      assert(outcome.message.includes("the new checkpoint is there, but its name is not synced"), outcome.message);
    }));

  for (const code of ["ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT"]) {
    test(`a save of which any system call fails with ${code} loses nothing, and tells it by a typed error`, () =>
      Bench.with(async (bench) => {
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
