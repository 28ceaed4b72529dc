// A process that saves a checkpoint under strace, which kills it or fails it at each of its system calls.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { CheckpointStorage } from "../../src/checkpoints/mod.ts";
import { bundle, type Injection, trace, type Traced } from "./strace.ts";

const saver = fileURLToPath(new URL("../checkpoints/saver.ts", import.meta.url));
const [OLD, OLD_SIZE, NEW, NEW_SIZE, PIECES] = [1, 3000, 2, 600_000, 3];
/** More runs than any runtime needs to reach a call whose number in its thread varies. */
const TRIES = 200;

/** The files of which the calls are traced. */
export type Part = "file" | "directory";

/** A call that was reached. */
export interface Reached {
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
export class SaveBench {
  readonly #base = mkdtempSync(join(tmpdir(), "tsxs-"));
  readonly #command = bundle(saver, this.#base);
  readonly #older = join(this.#base, "older");
  readonly storage: CheckpointStorage = new CheckpointStorage(join(this.#base, "storage"));

  static async with(run: (bench: SaveBench) => Promise<void>): Promise<void> {
    const bench = new SaveBench();
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
    rmSync(`${this.storage.file}.next`, { force: true });
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
        const traced = this.run(part, { call, when: last - Math.floor(tried / calls.length) % last, what });
        const { at, stdout, failures } = traced;
        if (at === null || !missing.delete(at)) continue;
        assertEquals(traced.calls.slice(0, at + 1), calls.slice(0, at + 1));
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

/** Tells which of the two checkpoints a storage has. */
export async function contentOf(storage: CheckpointStorage): Promise<string> {
  const bytes = await storage.load();
  const is = (byte: number, size: number): boolean => bytes?.length === size && bytes.every((found) => found === byte);
  return is(OLD, OLD_SIZE) ? "old" : is(NEW, NEW_SIZE) ? "new" : `${bytes?.length} bytes that were not saved`;
}
