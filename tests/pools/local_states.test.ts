// The states of this host: subtrees of the store, kept, listed, returned to, and given to another domain.

import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { IntegrityError } from "../../src/pools/copy.ts";
import { LocalStates } from "../../src/pools/local_states.ts";
import { LockedStateError, takeLock } from "../../src/pools/lock.ts";
import {
  checkStates,
  getStates,
  popStates,
  pushStates,
  setStates,
  showStates,
  unsetStates,
} from "../../src/pools/states.ts";
import { Subtree } from "../../src/pools/subtree.ts";

const clean = [{ object: "guest", state: "clean" }];

describe("the states of a subtree", () => {
  let directory = "";
  let store: Client;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-pools-"));
    store = await connect("embedded:");
  });
  afterEach(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });

  const states = (path = "/local/domain/5", domid?: number): LocalStates =>
    new LocalStates({
      directory,
      parts: () => [new Subtree({ client: store, path, ...domid === undefined ? {} : { domid } })],
      lock: { timeout: 0 },
    });

  test("are kept and returned to, with every policy that goes on", async () => {
    const backend = states();
    await store.write("/local/domain/5/name", "guest");
    await setStates(backend, clean);
    assertEquals(await showStates(backend, ["guest"]), ["clean"]);
    await store.write("/local/domain/5/name", "changed");
    await store.write("/local/domain/5/more", "x");
    await getStates(backend, clean);
    assertEquals(await store.readText("/local/domain/5/name"), "guest");
    assertEquals(await store.exists("/local/domain/5/more"), false);
    await store.write("/local/domain/5/name", "second");
    await setStates(backend, clean);
    await store.write("/local/domain/5/name", "third");
    await popStates(backend, clean);
    assertEquals(await store.readText("/local/domain/5/name"), "second");
    assertEquals(await showStates(backend, ["guest"]), []);
    await pushStates(backend, clean);
    await unsetStates(backend, clean);
    assertEquals(await readdir(join(directory, "guest")), []);
  });

  test("make the subtree if it is missing, and remove it with the root", async () => {
    const backend = states();
    assertEquals(await checkStates(backend, clean), false);
    assertEquals(await store.exists("/local/domain/5"), true);
    await unsetStates(backend, [{ object: "guest", state: "root" }]);
    assertEquals(await store.exists("/local/domain/5"), false);
  });

  test("are restored for another domain", async () => {
    await store.write("/local/domain/5/name", "guest");
    await store.setPerms("/local/domain/5/name", ["n5"]);
    await setStates(states(), clean);
    await getStates(states("/local/domain/7", 7), clean);
    assertEquals(await store.readText("/local/domain/7/name"), "guest");
    assertEquals((await store.getPerms("/local/domain/7/name"))[0]?.domid, 7);
  });

  test("are verified before the store is changed", async () => {
    await store.write("/local/domain/5/name", "guest");
    await setStates(states(), clean);
    await store.write("/local/domain/5/name", "changed");
    const path = join(directory, "guest/clean.tree");
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (bytes[at] ?? 0) ^ 1;
      await writeFile(path, damaged);
      await assertRejects(() => getStates(states(), clean), IntegrityError);
    }
    assertEquals(await store.readText("/local/domain/5/name"), "changed");
  });

  test("that another process changes are waited for, unless locks are skipped", async () => {
    await store.write("/local/domain/5/name", "guest");
    const backend = states();
    await setStates(backend, clean);
    const context = { operation: "set", object: "guest", state: "clean" };
    const held = await takeLock(backend.states.files, backend.states.lockPath("guest", "clean"), context);
    await assertRejects(() => getStates(backend, clean), LockedStateError);
    await assertRejects(() => setStates(backend, clean), LockedStateError);
    await getStates(backend, clean, { skipLocks: true });
    await held.release();
    await getStates(backend, clean);
  });

  test("are taken back by the operation that has set them, unless another one has set them again", async () => {
    await store.write("/local/domain/5/name", "guest");
    const request = () => ({ object: "guest", state: "clean", scopes: [], skipLocks: false });
    const [first, second] = [request(), request()];
    const backend = states();
    await backend.set(first);
    // The content is the same.
    await states().set(request());
    await backend.takeBack(first);
    assertEquals(await showStates(backend, ["guest"]), ["clean"]);
    await backend.set(second);
    await backend.takeBack(second);
    assertEquals(await showStates(backend, ["guest"]), []);
  });

  test("leave nothing if the store refuses to be read", async () => {
    const backend = new LocalStates({
      directory,
      parts: () => [
        new Subtree({ client: store, path: "/local/domain/5" }),
        new Subtree({ client: store, path: "/nothing" }),
      ],
    });
    await store.write("/local/domain/5/name", "guest");
    await assertRejects(() => setStates(backend, clean, { checkPolicy: "rr" }), Error);
    const names = await readdir(directory, { recursive: true });
    assert(names.every((name) => !/tree|state/.test(name)), names.join(" "));
  });
});
