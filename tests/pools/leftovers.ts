// The suite of temporary files that killed processes have left, for every kind of location.

import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { PoolFiles } from "../../src/pools/files.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { transferChain } from "../../src/pools/transfer.ts";
import { transferAll } from "../../src/pools/transfer_all.ts";
import { image } from "./images.ts";
import { putState } from "./put_state.ts";

const DAY = 86_400;
const MARK = "0123456789abcdef";
const object = "guest";
const context = (state: string) => ({ operation: "upload", object, state });
/** What a killed process leaves of the state `clean`. */
const left: readonly string[] = [
  `.clean.tree.${MARK}.part`,
  `disk/.clean.qcow2.${MARK}.part`,
  `.clean.lock.${MARK}${MARK}.commit.part`,
  `.clean.${MARK}.new`,
  `disk/.clean.${MARK}.new`,
];
/** What a killed process leaves of the lock of that state, and of no state at all. */
const leftOfLocks: readonly string[] = [
  `.clean.lock.${MARK}${MARK}`,
  `.clean.lock.${MARK}.aside`,
  `.clean.lock.break.${MARK}.aside`,
  `.lock.${MARK}${MARK}`,
  `.lock.${MARK}.aside`,
  `.time.${MARK}`,
  `.${MARK}${MARK}.${MARK}.part`,
];
/** Names that look similar, of other states and of files that stay. */
const others: readonly string[] = [
  `.other.tree.${MARK}.part`,
  `.clean.old.tree.${MARK}.part`,
  `.clean.old.${MARK}.new`,
  ".clean.old.commit",
  `.clean.tree.${MARK}.backup`,
  `.web.qcow2.new`,
  `.web.qcow2.new.${MARK}`,
  `clean.tree.${MARK}.part`,
  `.${MARK}${MARK}.image`,
];

/** Defines the suite. `open` returns the files of a directory as the kind of location sees them. */
export function leftoversSuite(name: string, open: (directory: string) => PoolFiles): void {
  describe(`temporary files of killed processes: ${name}`, () => {
    let directory = "";
    let [pool, cache] = ["", ""];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-leftovers-"));
      [pool, cache] = [join(directory, "pool"), join(directory, "cache")];
      await putState(cache, "clean", null, { "clean.tree": new Uint8Array(10).fill(1), "disk/clean.qcow2": image() });
      await putState(cache, "next", null, { "next.tree": new Uint8Array(10).fill(2) });
    });
    afterEach(() => rm(directory, { recursive: true }));

    const put = async (names: readonly string[], seconds = 0): Promise<void> => {
      for (const one of names) {
        const path = join(pool, object, one);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, "left");
        const time = Date.now() / 1000 - seconds;
        await utimes(path, time, time);
      }
    };
    const target = (): StateFiles => new StateFiles(open(pool));
    const upload = (state: string) => transferChain(StateFiles.local(cache), target(), context(state));
    const uploadAll = () =>
      transferAll([{ source: StateFiles.local(cache), target: target() }], ["clean", "next"], context(""));
    const names = async (): Promise<string[]> => {
      const found = await readdir(join(pool, object), { recursive: true });
      return found.filter((one) => one !== "disk" && !/^(?:disk\/)?(?:clean|next)\.(?:tree|qcow2|state)$/.test(one));
    };

    for (const [what, run] of [["one state", () => upload("clean")], ["many states", uploadAll]] as const) {
      test(`are removed by a transfer of ${what} if they are of a state that it brought, and no others`, async () => {
        await put([...left, ...leftOfLocks, ...others]);
        await symlink("/nonexistent", join(pool, object, `.clean.tree.${MARK}.link`));
        await run();
        assertEquals((await names()).sort(), [...leftOfLocks, ...others].sort());
        await run();
        assertEquals((await names()).sort(), [...leftOfLocks, ...others].sort());
      });
    }

    test("are removed by a transfer of another state after a day, by the clock of the location", async () => {
      await put([...left, ...leftOfLocks], DAY - 300);
      await upload("next");
      // The transfer looks at no disks, since its state has none.
      const top = (all: readonly string[]): string[] => all.filter((one) => !one.startsWith("disk/")).sort();
      assertEquals(top(await names()), top([...left, ...leftOfLocks]));
      await put([...left, ...leftOfLocks, `.other.tree.${MARK}.part`], DAY + 300);
      await upload("next");
      assertEquals(top(await names()), []);
    });

    test("of the state itself are removed beside more files of other states than one operation looks at", async () => {
      const young = Array.from({ length: 1050 }, (_, i) => `.a${i}.tree.${MARK}.part`);
      await put([...young, ...left]);
      await upload("clean");
      assertEquals((await names()).sort(), young.sort());
    });

    test("stay while another process has the lock of their state", async () => {
      await put([...left, ...leftOfLocks], DAY + 300);
      const held = await takeLock(open(pool), target().lockPath(object, "clean"), context("clean"));
      await upload("next");
      const stay = [...left, ...leftOfLocks].filter((one) => one.includes("clean"));
      assertEquals((await names()).sort(), [...stay, ".clean.lock"].sort());
      await held.release();
      await upload("clean");
      assertEquals(await names(), []);
    });

    test("are removed by the transfer that brings their state again", async () => {
      await upload("clean");
      await put(left);
      await rm(join(pool, object, "clean.state"));
      await rm(join(pool, object, "clean.tree"));
      await upload("clean");
      assertEquals(await names(), []);
      assertEquals(await target().states(object), ["clean"]);
    });
  });
}
