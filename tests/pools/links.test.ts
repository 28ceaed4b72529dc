// Links to the states of a pool that is a directory of this host.

import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { compareLink, downloadLink, linkedStates } from "../../src/pools/links.ts";
import { LockedStateError, takeLock } from "../../src/pools/lock.ts";
import { StateError, TransferOps, TransfersError } from "../../src/pools/mod.ts";
import { ImageError } from "../../src/pools/qcow2/header.ts";
import { StateFiles } from "../../src/pools/state_files.ts";
import { verifyState } from "../../src/pools/transfer.ts";
import { DATA_FILE, FORMAT, image } from "./images.ts";
import { hookedFiles } from "./hooked_files.ts";
import { putState } from "./put_state.ts";

describe("links to the states of a pool", () => {
  let directory = "";
  let [cache, pool] = ["", ""];
  let ops: TransferOps;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "tsxs-links-"));
    [cache, pool] = [join(directory, "cache"), join(directory, "pool")];
    ops = new TransferOps(cache);
  });
  afterEach(async () => {
    await ops[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const of = (state: string) => ({ location: `link+${pool}`, object: "guest", state });
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  /** Puts an image and one that depends on it into the pool. */
  const putChain = async (): Promise<void> => {
    await putState(pool, "a", null, { "disk/a.qcow2": image(), "a.tree": bytes("first") });
    const below = image({ backing: "a.qcow2", extensions: [[FORMAT, "qcow2"]] });
    await putState(pool, "b", "a", { "disk/b.qcow2": below, "b.tree": bytes("second") });
  };

  test("lead to all files of a state and of the states that it depends on", async () => {
    await putChain();
    assertEquals(await ops.list(`link+${pool}`, "guest"), ["a", "b"]);
    assertEquals(await ops.compare(of("b")), false);
    await ops.download(of("b"));
    for (const name of ["disk/a.qcow2", "disk/b.qcow2", "a.tree", "b.tree"]) {
      assertEquals(await readlink(join(cache, "guest", name)), join(pool, "guest", name));
    }
    assertEquals(await ops.compare(of("b")), true);
    const linked = linkedStates(cache, pool);
    for (const manifest of await linked.chain({ operation: "get", object: "guest", state: "b" })) {
      await verifyState(linked, manifest);
    }
  });

  test("lead to all states of an object, and every failure is reported", async () => {
    await putChain();
    const location = `link+${pool}`;
    await ops.downloadAll({ location, object: "guest" });
    for (const name of ["disk/a.qcow2", "disk/b.qcow2", "a.tree", "b.tree"]) {
      assertEquals(await readlink(join(cache, "guest", name)), join(pool, "guest", name));
    }
    const error = await assertRejects(
      () => ops.downloadAll({ location, object: "guest", states: ["none", "a"] }),
      TransfersError,
      '1 of 2 states failed: "none"',
    );
    assertEquals(error.failures.map(({ state }) => state), ["none"]);
    await assertRejects(() => ops.uploadAll({ location, object: "guest" }), StateError, "is a link");
  });

  test("are replaced if they lead elsewhere, and no temporary name is left", async () => {
    await putChain();
    await mkdir(join(cache, "guest"), { recursive: true });
    await symlink("/nonexistent", join(cache, "guest/a.tree"));
    await ops.download(of("a"));
    await ops.download(of("a"));
    assertEquals(await readlink(join(cache, "guest/a.tree")), join(pool, "guest/a.tree"));
    assertEquals((await readdir(join(cache, "guest"))).sort(), ["a.state", "a.tree", "disk"]);
  });

  test("do not replace a file of this host", async () => {
    await putChain();
    await mkdir(join(cache, "guest"), { recursive: true });
    await writeFile(join(cache, "guest/a.tree"), "own");
    await assertRejects(() => ops.download(of("a")), StateError, "is a file of this host: a link would replace it");
    assertEquals(await readFile(join(cache, "guest/a.tree"), "utf8"), "own");
    assertEquals(await StateFiles.local(cache).states("guest"), []);
  });

  test("are not brought to a pool, and files are", async () => {
    await putChain();
    await ops.download(of("b"));
    await assertRejects(() => ops.upload(of("b")), StateError, "is a link: only files are brought to a pool");
    await putState(cache, "c", null, { "c.tree": bytes("third") });
    await ops.upload(of("c"));
    assertEquals(await readFile(join(pool, "guest/c.tree"), "utf8"), "third");
    assert((await lstat(join(pool, "guest/c.tree"))).isFile());
  });

  test("are not made to an image that leads to another file", async () => {
    await putState(pool, "a", null, { "disk/a.qcow2": image({ extensions: [[DATA_FILE, "/etc/passwd"]] }) });
    await assertRejects(() => ops.download(of("a")), ImageError, "is refused");
    assertEquals(await StateFiles.local(cache).states("guest"), []);
  });

  test("wait for the lock of the pool unless locks are skipped, and lead to what is there then", async () => {
    await putChain();
    const states = StateFiles.local(pool);
    const held = await takeLock(states.files, states.lockPath("guest", "a"), { operation: "set", ...of("a") });
    const hasty = new TransferOps(cache, undefined, { lock: { timeout: 0 } });
    await assertRejects(() => hasty.download(of("a")), LockedStateError);
    assertEquals(await readdir(directory), ["pool"]);
    await hasty.download({ ...of("a"), skipLocks: true });
    let waits = 0;
    const patient = new TransferOps(cache, undefined, {
      lock: {
        onWait: () => {
          if (waits++ > 0) return;
          void putState(pool, "a", null, { "a.tree": bytes("new") }).then(() => held.release());
        },
        times: { heartbeat: 3_600_000, stale: 60_000, poll: 1 },
      },
    });
    await patient.download(of("a"));
    const linked = linkedStates(cache, pool);
    for (const manifest of await linked.chain({ operation: "get", object: "guest", state: "a" })) {
      await verifyState(linked, manifest);
    }
    assertEquals(await readFile(join(cache, "guest/a.tree"), "utf8"), "new");
  });

  test("lead to the new content if the state is replaced while they are made", async () => {
    await putChain();
    const changes = [
      () => putState(pool, "b", "a", { "b.tree": bytes("third") }),
      () => putState(pool, "b", null, { "b.tree": bytes("alone") }),
    ];
    for (const change of changes) {
      const left = [change];
      const files = hookedFiles(new LocalFiles(pool), async (operation, path) => {
        if (`${operation} ${path}` === "status guest/.b.lock") await left.shift()?.();
      });
      const linked = linkedStates(cache, pool);
      const context = { operation: "get", object: "guest", state: "b" };
      await downloadLink(linked, new StateFiles(files), context);
      for (const manifest of await linked.chain(context)) await verifyState(linked, manifest);
      assertEquals(await compareLink(linked, StateFiles.local(pool), context), true);
      await rm(cache, { recursive: true });
    }
    await putState(pool, "b", "a", { "b.tree": bytes("gone") });
    const files = hookedFiles(new LocalFiles(pool), async (operation, path) => {
      if (`${operation} ${path}` === "status guest/.b.lock") await StateFiles.local(pool).remove(context);
    });
    const context = { operation: "get", object: "guest", state: "b" };
    await assertRejects(() => downloadLink(linkedStates(cache, pool), new StateFiles(files), context), StateError);
    assertEquals(await StateFiles.local(cache).states("guest"), ["a"]);
  });

  test("are not followed out of the directory of the pool", async () => {
    await putChain();
    await ops.download(of("a"));
    await rm(join(cache, "guest/a.tree"));
    await writeFile(join(directory, "secret"), "first");
    await symlink(join(directory, "secret"), join(cache, "guest/a.tree"));
    const linked = linkedStates(cache, pool);
    const [manifest] = await linked.chain({ operation: "get", object: "guest", state: "a" });
    assert(manifest !== undefined);
    const error = await assertRejects(() => verifyState(linked, manifest), Error);
    assertEquals((error as { code?: unknown }).code, "EINVAL");
  });
});
