// The suite of locations that have a symbolic link in the place of a directory, for every kind of location.

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import type { PoolFiles } from "../../src/pools/files.ts";
import { LinkError, LocalStates, parseLocation, StateFiles, stateLocks, TransferOps } from "../../src/pools/mod.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { putState } from "./put_state.ts";

const bytes = Uint8Array.of(1, 2, 3);

/** Every operation on files below the directory `guest`. */
const operations: Readonly<Record<string, (files: PoolFiles) => Promise<unknown>>> = {
  list: (files) => files.list("guest"),
  "list of a directory below": (files) => files.list("guest/disk"),
  status: (files) => files.status("guest/a.tree"),
  read: (files) => files.read("guest/a.tree")[Symbol.asyncIterator]().next(),
  openPart: async (files) => await (await files.openPart("guest/.new.part")).close(),
  "openPart in a directory below that is missing": async (files) =>
    await (await files.openPart("guest/new/.new.part")).close(),
  createPart: async (files) => await (await files.createPart("guest/.new.part"))?.close(),
  "createPart in a directory below that is missing": async (files) =>
    await (await files.createPart("guest/new/.new.part"))?.close(),
  createExclusive: (files) => files.createExclusive("guest/.a.lock", bytes),
  "rename from it": (files) => files.rename("guest/a.tree", "other/a.tree"),
  "rename to it": (files) => files.rename("other/b.tree", "guest/b.tree"),
  "link from it": (files) => files.link("guest/a.tree", "other/a.tree"),
  "link to it": (files) => files.link("other/b.tree", "guest/b.tree"),
  remove: (files) => files.remove("guest/a.tree"),
  "remove in a directory below": (files) => files.remove("guest/disk/a.qcow2"),
};

/** Defines the suite. `open` returns the files of a directory as the kind of location sees them. */
export function linkedDirectoriesSuite(name: string, open: (directory: string) => PoolFiles): void {
  describe(`a link in the place of a directory of ${name}`, () => {
    let base = "";
    let [pool, elsewhere] = ["", ""];
    beforeEach(async () => {
      base = await mkdtemp(join(tmpdir(), "tsxs-linked-"));
      [pool, elsewhere] = [join(base, "pool"), join(base, "elsewhere")];
      await mkdir(join(pool, "other"), { recursive: true });
      await mkdir(join(elsewhere, "disk"), { recursive: true });
      for (const path of ["a.tree", "disk/a.qcow2"]) await writeFile(join(elsewhere, path), bytes);
      await writeFile(join(pool, "other/b.tree"), bytes);
    });
    afterEach(() => rm(base, { recursive: true }));
    const tree = async (): Promise<string[]> => (await readdir(base, { recursive: true })).sort();

    for (const [operation, run] of Object.entries(operations)) {
      test(`is not followed by ${operation}, and the error names it`, async () => {
        await symlink("../elsewhere", join(pool, "guest"));
        const files = open(pool);
        const before = await tree();
        // The second time, the directory was looked at before.
        for (const _ of [1, 2]) {
          const error = await assertRejects(() => run(files), LinkError, "is a symbolic link: expected a directory");
          assertEquals([error.location, error.path, error.code], [files.location, "guest", "ELOOP"]);
        }
        assertEquals(await tree(), before);
      });
    }

    test("is not followed if it is that of a disk", async () => {
      await mkdir(join(pool, "guest"));
      await symlink(join(elsewhere, "disk"), join(pool, "guest/disk"));
      const error = await assertRejects(() => open(pool).remove("guest/disk/a.qcow2"), LinkError);
      assertEquals(error.path, "guest/disk");
      assertEquals(await readFile(join(elsewhere, "disk/a.qcow2")), Buffer.from(bytes));
    });

    test("is noticed by what lists, locks, removes and transfers states", async () => {
      await putState(join(base, "own"), "a", null, { "a.tree": bytes });
      await putState(join(base, "full"), "a", null, { "a.tree": bytes });
      await rm(elsewhere, { recursive: true });
      await symlink(join(base, "full/guest"), join(pool, "guest"));
      const states = new StateFiles(open(pool));
      const context = { operation: "unset", object: "guest", state: "a" };
      const before = await tree();
      for (
        const run of [
          () => states.states("guest"),
          () => stateLocks(states, "guest"),
          () => states.manifest("guest", "a"),
          () => states.remove(context),
          () => takeLock(states.files, states.lockPath("guest", "a"), context),
        ]
      ) await assertRejects(run, LinkError);
      assertEquals(await tree(), before);
    });

    test("is followed if it is the location itself, or lies above it", async () => {
      await symlink(base, join(base, "above"));
      await symlink(elsewhere, join(base, "location"));
      assertEquals((await open(join(base, "location")).status("a.tree"))?.size, 3);
      assertEquals((await open(join(base, "above/elsewhere")).status("disk/a.qcow2"))?.size, 3);
    });
  });
}

/** Defines what concerns this host alone. */
export function linkedOwnSuite(): void {
  describe("a link in the place of a directory of this host", () => {
    test("is not followed by links to a pool, nor into a pool of links", async () => {
      const base = await mkdtemp(join(tmpdir(), "tsxs-linked-"));
      try {
        const [own, pool] = [join(base, "own"), join(base, "pool")];
        await putState(pool, "a", null, { "a.tree": bytes });
        await mkdir(own);
        await mkdir(join(base, "elsewhere"));
        await symlink(join(base, "elsewhere"), join(own, "guest"));
        await using ops = new TransferOps(own);
        const request = { location: `link+${pool}`, object: "guest", state: "a" };
        await assertRejects(() => ops.download(request), LinkError);
        assertEquals(await readdir(join(base, "elsewhere")), []);
        await rm(join(own, "guest"));
        await using fresh = new TransferOps(own);
        await fresh.download(request);
        // The directory of the pool leads elsewhere from now on.
        await rm(join(pool, "guest"), { recursive: true });
        await putState(join(base, "evil"), "a", null, { "a.tree": bytes });
        await symlink(join(base, "evil/guest"), join(pool, "guest"));
        const { path } = parseLocation(pool);
        const linked = new LocalStates({ directory: own, linked: path, parts: () => [] });
        await assertRejects(() => linked.get({ ...request, scopes: [], skipLocks: false }), LinkError);
        await assertRejects(() => fresh.download({ ...request, location: pool }), LinkError);
      } finally {
        await rm(base, { recursive: true });
      }
    });
  });
}
