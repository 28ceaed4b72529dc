// Damaged states of this host and of pools: what a get, a set, a transfer and a removal make of them.

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import {
  getStates,
  type Hosts,
  IntegrityError,
  LocalStates,
  type MirrorFailure,
  mirrorStates,
  parseLocation,
  PoolStates,
  pushStates,
  setStates,
  SourcedStates,
  StateAbortError,
  StateFiles,
  StateInUseError,
  TransferOps,
  unsetStates,
} from "../../src/pools/mod.ts";
import { noteImage } from "../../src/pools/dependents.ts";
import { FORMAT, image } from "./images.ts";
import { putState } from "./put_state.ts";
import { Value } from "./value.ts";

const clean = [{ object: "guest", state: "clean" }];
const of = { object: "guest", state: "clean" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Defines the tests. `locate` returns the location of a pool in a directory. The caller closes the hosts. */
export function damagedSuite(name: string, hosts: Hosts, locate: (directory: string) => string): void {
  describe(`a damaged state, with pools that are ${name}`, () => {
    let [directory, own, pool, other] = ["", "", "", ""];
    let store: Client;
    let ops: TransferOps;
    let skipped: MirrorFailure[] = [];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-damaged-"));
      [own = "", pool = "", other = ""] = ["own", "pool", "other"].map((name) => join(directory, name));
      store = await connect("embedded:");
      await store.write("/guest", "now");
      ops = new TransferOps(own, hosts);
      skipped = [];
      for (const path of [own, pool]) await put(path);
    });
    afterEach(async () => {
      await ops[Symbol.asyncDispose]();
      await store.close();
      await rm(directory, { recursive: true });
    });

    const put = async (path: string): Promise<void> => {
      await putState(path, "base", null, { "base.value": bytes("base") });
      await putState(path, "clean", "base", { "clean.value": bytes("good") });
    };
    const sourced = (...paths: readonly string[]): SourcedStates =>
      new SourcedStates({
        own: local(),
        place: { gateway: "g", host: "here", path: own, sharedPath: "" },
        mirrors: paths.map((path) => ({ gateway: "g", host: "pool", path, states: mirrorStates(ops, locate(path)) })),
        onSkipped: (failure) => void skipped.push(failure),
      });
    const local = (): LocalStates => new LocalStates({ directory: own, parts: () => [new Value(store)] });
    const read = (path: string, state = "clean"): Promise<string> =>
      readFile(join(path, `guest/${state}.value`), "utf8");
    const write = (path: string, name: string, text: string): Promise<void> =>
      writeFile(join(path, "guest", name), text);
    const value = (): Promise<string> => store.readText("/guest");

    const damages: Readonly<Record<string, () => Promise<void>>> = {
      "a file that is missing": () => rm(join(own, "guest/clean.value")),
      "a file of another size": () => write(own, "clean.value", "no"),
      "a file of equal size": () => write(own, "clean.value", "evil"),
      "a damaged file of its parent": () => write(own, "base.value", "evil"),
      "a damaged manifest": () => write(own, "clean.state", "{}"),
      "a damaged manifest of its parent": () => write(own, "base.state", "{}"),
      "a parent that is missing": () => rm(join(own, "guest/base.state")),
      "a damaged manifest that a killed process left": () => write(own, ".clean.commit", "{}"),
    };
    for (const [damage, make] of Object.entries(damages)) {
      test(`that has ${damage} on this host is repaired by a get from a pool, and then restored`, async () => {
        await make();
        await assertRejects(() => getStates(local(), clean), Error);
        await getStates(sourced(pool), clean);
        assertEquals([await value(), await read(own), await read(own, "base")], ["good", "good", "base"]);
        assertEquals(skipped, []);
        await getStates(local(), clean);
      });

      test(`that has ${damage} on this host is repaired by a download that verifies`, async () => {
        await make();
        await ops.download({ location: locate(pool), ...of, verify: true });
        await getStates(local(), clean);
        assertEquals(await value(), "good");
      });
    }

    test("is repaired by PoolStates as a mirror, too", async () => {
      await write(own, "clean.value", "evil");
      const states = new PoolStates({ own: local().states, pool: hosts.states(parseLocation(locate(pool))) });
      const place = { gateway: "g", host: "here", path: own, sharedPath: "" };
      await getStates(new SourcedStates({ own: local(), place, mirrors: [{ ...place, path: pool, states }] }), clean);
      assertEquals(await value(), "good");
    });

    test("of this host is repaired from the next pool if the nearest is damaged, too", async () => {
      await put(other);
      for (const path of [own, pool]) await write(path, "clean.value", "evil");
      await getStates(sourced(pool, other), clean);
      assertEquals([await value(), skipped.map(({ path }) => path)], ["good", [pool]]);
    });

    test("of this host is an error of a get if no pool repairs it, and nothing is restored", async () => {
      for (const path of [own, pool]) await write(path, "clean.value", "evil");
      const error = await assertRejects(() => getStates(sourced(pool), clean), IntegrityError);
      assertEquals([error.location, await value(), skipped.map(({ path }) => path)], [own, "now", [pool]]);
      await assertRejects(() => getStates(sourced(), clean), IntegrityError);
    });

    for (const file of ["clean.value", "clean.state"]) {
      test(`of a pool is repaired by an upload that verifies, if ${file} is damaged`, async () => {
        await write(pool, file, "evil");
        await ops.upload({ location: locate(pool), ...of, verify: true });
        assertEquals([await read(pool), await ops.compare({ location: locate(pool), ...of })], ["good", true]);
      });
    }

    for (const at of ["this host", "a pool"]) {
      test(`of ${at} whose manifest is damaged is replaced by a set, and aborts a push`, async () => {
        await write(at === "a pool" ? pool : own, "clean.state", "{}");
        const [base] = [[{ object: "guest", state: "base" }]];
        await assertRejects(() => pushStates(sourced(pool), clean), StateAbortError);
        await unsetStates(sourced(pool), clean);
        await write(at === "a pool" ? pool : own, "base.state", "{}");
        await setStates(sourced(pool), base);
        assertEquals([await read(own, "base"), await read(pool, "base")], ["now", "now"]);
        await ops.download({ location: locate(pool), object: "guest", state: "base" });
      });

      test(`of ${at} whose manifest is damaged is removed with its files, and no others`, async () => {
        const path = at === "a pool" ? pool : own;
        const disks = { "disk/clean.qcow2": image(), "clean.value": bytes("x") };
        await putState(path, "clean", null, disks);
        await putState(path, "clean.two", null, { "clean.two.value": bytes("x"), "disk/clean.two.qcow2": image() });
        await write(path, "clean.state", "{}");
        await unsetStates(sourced(pool), clean);
        const names = (await readdir(join(path, "guest"), { recursive: true })).sort();
        const others = ["clean.two.state", "clean.two.value", "disk", "disk/clean.two.qcow2"];
        assertEquals(names, ["base.state", "base.value", ...others]);
      });
    }

    test("whose manifest is damaged is removed, and the files of an object below it and of a linked directory stay", async () => {
      const disks = StateFiles.local(pool);
      await putState(pool, "clean", null, { "disk/clean.qcow2": image(), "clean.tree": bytes("x") });
      await write(pool, "clean.state", "{}");
      await write(pool, "disk/clean.state", "{}");
      await mkdir(join(directory, "elsewhere"));
      await writeFile(join(directory, "elsewhere/clean.qcow2"), "theirs");
      await symlink(join(directory, "elsewhere"), join(pool, "guest/linked"));
      await ops.delete({ location: locate(pool), ...of });
      assertEquals((await readdir(join(pool, "guest/disk"))).sort(), ["clean.qcow2", "clean.state"]);
      assertEquals(await readdir(join(directory, "elsewhere")), ["clean.qcow2"]);
      assertEquals(await disks.states("guest"), ["base"]);
    });

    test("whose manifest is damaged is neither replaced nor removed while other states depend on it", async () => {
      await write(own, "base.state", "{}");
      const base = [{ object: "guest", state: "base" }];
      for (const run of [setStates, unsetStates]) await assertRejects(() => run(local(), base), StateInUseError);
      await putState(pool, "base", null, { "base.value": bytes("else") });
      const download = () => ops.download({ location: locate(pool), object: "guest", state: "base" });
      assertEquals((await assertRejects(download, StateInUseError)).dependents, ["clean"]);
      assertEquals(await read(own, "base"), "base");
    });

    for (const file of ["disk/clean.qcow2", "clean.state"]) {
      test(`is not repaired under the image of a guest that depends on it, if ${file} is damaged`, async () => {
        const files = { "disk/clean.qcow2": image() };
        await putState(pool, "clean", null, files);
        const name = join(own, "guest/disk/clean.qcow2");
        const disk = join(directory, "disk.qcow2");
        await putState(own, "clean", null, files);
        await writeFile(disk, image({ backing: name, extensions: [[FORMAT, "qcow2"]] }));
        await noteImage(StateFiles.local(own), of, disk);
        const damaged = image().with(-1, 1);
        await writeFile(name, damaged);
        if (file === "clean.state") await write(own, file, "{}");
        const download = () => ops.download({ location: locate(pool), ...of, verify: true });
        assertEquals((await assertRejects(download, StateInUseError)).dependents, [disk]);
        await assertRejects(() => unsetStates(local(), clean), StateInUseError);
        assertEquals(new Uint8Array(await readFile(name)), damaged);
        await writeFile(name, image());
        await download();
        await getStates(new LocalStates({ directory: own, parts: () => [] }), clean);
      });
    }
  });
}
