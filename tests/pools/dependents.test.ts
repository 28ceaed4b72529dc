// The images of guests that depend on states of this host, and what is refused because of them.

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { dependentImages, forgetImages, noteImage } from "../../src/pools/dependents.ts";
import {
  PoolStates,
  StateFiles,
  StateInUseError,
  type StateOf,
  TransferOps,
  TransfersError,
} from "../../src/pools/mod.ts";
import { FORMAT, image } from "./images.ts";
import { putState } from "./put_state.ts";

const object = "guest";

describe("the images that depend on a state", () => {
  let directory = "";
  let [own, pool, disk] = ["", "", ""];
  let states: StateFiles;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-dependents-"));
    [own, pool, disk] = [join(directory, "own"), join(directory, "pool"), join(directory, "disk.qcow2")];
    states = StateFiles.local(own);
    await putState(own, "a", null, { "disk/a.qcow2": image(), "a.tree": Uint8Array.of(1) });
  });
  afterEach(() => rm(directory, { recursive: true }));

  const a = { object, state: "a" };
  const on = (backing: string): Uint8Array => image({ backing, extensions: [[FORMAT, "qcow2"]] });
  const stateImage = (): string => join(own, "guest/disk/a.qcow2");

  test("are those that were noted, while their headers name the image of the state", async () => {
    await noteImage(states, a, disk);
    assertEquals(await dependentImages(states, a), [], "it does not exist yet");
    const contents: readonly (readonly [Uint8Array, boolean])[] = [
      [on(stateImage()), true],
      [on("own/guest/disk/a.qcow2"), true],
      [on(`json:{"file":{"filename":"${stateImage()}"}}`), true],
      [on(join(own, "guest/disk/b.qcow2")), false],
      [on(join(directory, "elsewhere/guest/disk/a.qcow2")), false],
      [image(), false],
      [new Uint8Array(4096), false],
    ];
    for (const [i, [content, depends]] of contents.entries()) {
      await writeFile(disk, content);
      assertEquals(await dependentImages(states, a), depends ? [disk] : [], `content ${i}`);
    }
  });

  test("are found through other images and through links to directories", async () => {
    await symlink(own, join(directory, "alias"));
    const upper = join(directory, "upper.qcow2");
    await writeFile(disk, on(join(directory, "alias/guest/disk/a.qcow2")));
    await writeFile(upper, on("disk.qcow2"));
    await noteImage(states, a, upper);
    assertEquals(await dependentImages(states, a), [upper]);
    await writeFile(disk, on("upper.qcow2"));
    assertEquals(await dependentImages(states, a), [upper], "images that go round count as dependent");
  });

  test("are forgotten when they depend on the state no longer", async () => {
    await writeFile(disk, on(stateImage()));
    await noteImage(states, a, disk);
    await forgetImages(states, a);
    assertEquals(await dependentImages(states, a), [disk]);
    await rm(disk);
    await forgetImages(states, { object, state: "b" });
    assertEquals((await readdir(join(own, object))).length, 4, "another state keeps the note");
    await forgetImages(states, a);
    assertEquals((await readdir(join(own, object))).sort(), ["a.state", "a.tree", "disk"]);
  });

  test("keep another content from replacing the state, and nothing is stored", async () => {
    await putState(pool, "a", null, { "disk/a.qcow2": on("").subarray(0, 512), "a.tree": Uint8Array.of(2) });
    await writeFile(disk, on(stateImage()));
    await noteImage(states, a, disk);
    const before = (await readdir(own, { recursive: true })).sort();
    const backend = new PoolStates({ own: states, pool: StateFiles.local(pool) });
    await using ops = new TransferOps(own);
    const runs = {
      download: () => ops.download({ location: pool, ...a }),
      get: () => backend.get({ ...a, scopes: [], skipLocks: false }),
    };
    for (const [operation, run] of Object.entries(runs)) {
      const error = await assertRejects(run, StateInUseError);
      const fault = `another content of this name is in ${JSON.stringify(own)}, and images of guests depend on it`;
      assertEquals(error.message, `${operation} "a" of "guest": ${fault}: ${JSON.stringify(disk)}`);
      assertEquals((await readdir(own, { recursive: true })).sort(), before);
    }
  });

  test("keep a transfer of many states from replacing the state, and the others arrive", async () => {
    await putState(own, "b", null, { "disk/b.qcow2": image(), "b.tree": Uint8Array.of(1) });
    for (const state of ["a", "b", "c"]) {
      const content = {
        [`disk/${state}.qcow2`]: Buffer.concat([image(), Uint8Array.of(2)]),
        [`${state}.tree`]: Uint8Array.of(2),
      };
      await putState(pool, state, null, content);
    }
    await putState(pool, "d", "a", { "d.tree": Uint8Array.of(2) });
    await writeFile(disk, on(stateImage()));
    await noteImage(states, a, disk);
    const kept = await readFile(stateImage());
    const told: string[] = [];
    const dependentsOf = (of: StateOf): Promise<string[]> => {
      told.push(of.state);
      return Promise.resolve(of.state === "b" ? ["/elsewhere.qcow2"] : []);
    };
    const failuresOf = async (ops: TransferOps, location: string): Promise<(readonly [string, unknown])[]> => {
      const error = await assertRejects(() => ops.downloadAll({ location, object }), TransfersError);
      return error.failures.map(({ state, error: fault }) => [state, fault]);
    };
    await using ops = new TransferOps(own);
    const [first, second, ...others] = await failuresOf(ops, pool);
    assertEquals([first?.[0], second?.[0], others], ["a", "d", []]);
    assert(first?.[1] instanceof StateInUseError, `${first?.[1]}`);
    assertEquals(first[1].dependents, [disk]);
    assertEquals(await readFile(stateImage()), kept);
    assertEquals([...await readFile(join(own, "guest/a.tree"))], [1]);
    for (const state of ["b", "c"]) assertEquals([...await readFile(join(own, `guest/${state}.tree`))], [2]);
    assertEquals(await states.states(object), ["a", "b", "c"]);
    // What the caller knows of counts, too.
    await putState(pool, "b", null, { "disk/b.qcow2": image(), "b.tree": Uint8Array.of(3) });
    await using more = new TransferOps(own, undefined, { dependentsOf });
    const found = await failuresOf(more, pool);
    assertEquals(found.map(([state]) => state), ["a", "b", "d"]);
    assertEquals([...new Set(told)].sort(), ["a", "b"]);
    // Files of this host are in the place of the links, so the state that is in use is told before that.
    const linked = await failuresOf(more, `link+${pool}`);
    assertEquals(linked.filter(([, fault]) => fault instanceof StateInUseError).map(([state]) => state), [
      "a",
      "b",
      "d",
    ]);
  });

  test("do not keep the other files of the state from being replaced", async () => {
    await putState(pool, "a", null, { "disk/a.qcow2": image(), "a.tree": Uint8Array.of(2) });
    await writeFile(disk, on(stateImage()));
    await noteImage(states, a, disk);
    await using ops = new TransferOps(own);
    await ops.download({ location: pool, ...a });
    assertEquals([...await readFile(join(own, "guest/a.tree"))], [2]);
  });

  test("keep a link from replacing the state, as other states do", async () => {
    await putState(pool, "a", null, { "a.tree": Uint8Array.of(2) });
    await putState(own, "b", "a", { "b.tree": Uint8Array.of(1) });
    await mkdir(join(own, "guest/other"));
    await using ops = new TransferOps(own);
    await assertRejects(
      () => ops.download({ location: `link+${pool}`, ...a }),
      StateInUseError,
      'other states depend on it: "b"',
    );
  });
});
