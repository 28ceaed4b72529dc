// At which end bringing a state fails: faults of this host end a get, and faults of a mirror lead to the next one.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { partPath } from "../../src/pools/copy.ts";
import { takeLock } from "../../src/pools/lock.ts";
import { isFaultOf } from "../../src/pools/mirror_faults.ts";
import {
  getStates,
  type Hosts,
  LocalStates,
  LockedStateError,
  type MirrorStates,
  mirrorStates,
  parseLocation,
  PoolStates,
  RemoteError,
  SourcedStates,
  StateFiles,
  TransferOps,
} from "../../src/pools/mod.ts";
import { hookedFiles } from "./hooked_files.ts";
import { image } from "./images.ts";
import { putState } from "./put_state.ts";
import { Value } from "./value.ts";

const clean = [{ object: "guest", state: "clean" }];
const lock = { timeout: 0 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Defines the tests. `locate` returns the location of a pool in a directory. The caller closes the hosts. */
export function mirrorFaultsSuite(name: string, hosts: Hosts, locate: (directory: string) => string): void {
  describe(`a get from two mirrors with newer content than this host has, each ${name}`, () => {
    let [directory, own, near, far] = ["", "", "", ""];
    let store: Client;
    let skipped: string[] = [];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-faults-"));
      [own = "", near = "", far = ""] = ["own", "near", "far"].map((name) => join(directory, name));
      store = await connect("embedded:");
      await store.write("/guest", "now");
      skipped = [];
      for (const [path, text] of [[own, "old"], [near, "of near"], [far, "of far"]] as const) await put(path, text);
    });
    afterEach(async () => {
      await store.close();
      await rm(directory, { recursive: true });
    });

    const put = async (path: string, text: string) => {
      await putState(path, "base", null, { "base.value": bytes("base") });
      return await putState(path, "clean", "base", { "clean.value": bytes(text) });
    };
    const backend = (mirror: (path: string) => MirrorStates): SourcedStates =>
      new SourcedStates({
        own: new LocalStates({ directory: own, parts: () => [new Value(store)], lock }),
        place: { gateway: "g", host: "here", path: own, sharedPath: "" },
        mirrors: [near, far].map((path) => ({
          gateway: path === near ? "g" : "other",
          host: path,
          path,
          states: mirror(path),
        })),
        onSkipped: ({ path }) => void skipped.push(path),
      });
    const byOps = (): SourcedStates => {
      const ops = new TransferOps(own, hosts, { lock });
      return backend((path) => mirrorStates(ops, locate(path)));
    };
    const held = (path: string, state: string) => {
      const states = StateFiles.local(path);
      return takeLock(states.files, states.lockPath("guest", state), { operation: "set", object: "guest", state });
    };
    /** Mirrors of which one end fails. */
    const failing = (end: string, fails: (operation: string, path: string) => boolean, code: string): SourcedStates => {
      const states = (path: string): StateFiles => {
        const { files } = path === own ? StateFiles.local(path) : hosts.states(parseLocation(locate(path)));
        return new StateFiles(
          path !== end ? files : hookedFiles(
            files,
            (operation, at) =>
              fails(operation, at)
                ? Promise.reject(Object.assign(new Error(`${code}: fault`), { code }))
                : Promise.resolve(),
          ),
        );
      };
      return backend((path) => new PoolStates({ own: states(own), pool: states(path), lock }));
    };
    const value = (): Promise<string> => store.readText("/guest");

    for (const state of ["base", "clean"]) {
      test(`fails if another process of this host has locked ${state}, and restores nothing`, async () => {
        await using _ = { [Symbol.asyncDispose]: ((lock) => () => lock.release())(await held(own, state)) };
        for (const skipLocks of [false, true]) {
          const error = await assertRejects(() => getStates(byOps(), clean, { skipLocks }), LockedStateError);
          assertEquals(error.location, own);
        }
        assertEquals([await value(), skipped], ["now", []]);
      });
    }

    for (const operation of ["createPart", "rename", "list", "status"]) {
      test(`fails if ${operation} fails on this host, and restores nothing`, async () => {
        const end = failing(own, (one, path) => one === operation && /clean|^guest$/.test(path), "ENOSPC");
        if (operation === "list") await putState(own, "child", "clean", { "child.value": bytes("child") });
        await assertRejects(() => getStates(end, clean), Error, "ENOSPC");
        assertEquals([await value(), skipped], ["now", []]);
      });
    }

    test("fails if a file of this host cannot be written, and restores nothing", async () => {
      const { files } = await put(near, "of near");
      for (const file of files) await mkdir(join(own, "guest", partPath(file.path, file)));
      await assertRejects(() => getStates(byOps(), clean), Error);
      assertEquals([await value(), skipped], ["now", []]);
    });

    test("goes on to the next mirror if the nearest is locked, and to this host if all are", async () => {
      const locks = [await held(near, "base")];
      await getStates(byOps(), clean);
      assertEquals([await value(), skipped], ["of far", [near]]);
      await put(own, "old");
      locks.push(await held(far, "clean"));
      await getStates(byOps(), clean);
      assertEquals([await value(), skipped], ["old", [near, near, far]]);
      for (const one of locks) await one.release();
    });

    for (
      const [fault, operation, code] of [["refuses to be read", "read", "EACCES"], ["cannot be listed", "list", "EIO"]]
    ) {
      test(`goes on to the next mirror if the nearest ${fault}`, async () => {
        await getStates(failing(near, (one) => one === operation, code ?? ""), clean);
        assertEquals([await value(), skipped], ["of far", [near]]);
      });
    }

    test("goes on if the connection is lost that several mirrors share", () => {
      const lost = Object.assign(new RemoteError("host", "lost", ""), { location: near });
      assertEquals([near, far].map((location) => isFaultOf({ location }, lost)), [true, true]);
    });

    const damages: Readonly<Record<string, () => Promise<unknown>>> = {
      "has a damaged file": () => writeFile(join(near, "guest/clean.value"), "of nera"),
      "lacks a file": () => rm(join(near, "guest/clean.value")),
      "has a damaged manifest": () => writeFile(join(near, "guest/clean.state"), "{}"),
      "lacks the parent": () => rm(join(near, "guest/base.state")),
      "has an image that is refused": () =>
        putState(near, "clean", "base", {
          "clean.value": bytes("x"),
          "disk/clean.qcow2": image({ backing: "/etc/passwd" }),
        }),
    };
    for (const [damage, make] of Object.entries(damages)) {
      test(`goes on to the next mirror if the nearest ${damage}`, async () => {
        await make();
        await getStates(byOps(), clean);
        assertEquals([await value(), skipped], ["of far", [near]]);
      });
    }
  });
}
