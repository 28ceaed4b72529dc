// The checks of directories that several rooms share. What they mean for a store is in tests/daemon/persistence.

import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { isWritableByOthers, prepareDirectory, prepareParent } from "../../src/files/safety.ts";
import { syncDirectory } from "../../src/files/sync.ts";
import { inDirectory } from "../support/socket.ts";

class Unsafe extends Error {}

const unsafe = (file: string, state: string): Error => new Unsafe(`${file}: ${state}`);

describe("a directory that is prepared", () => {
  for (const [name, prepare] of Object.entries({ prepareDirectory, prepareParent })) {
    test(`${name}() makes a missing directory and those above it for their owner alone`, () =>
      inDirectory((base) => {
        prepare(join(base, "a", "b"), unsafe);
        const modes = ["a", "a/b"].map((path) => statSync(join(base, path)).mode & 0o777);
        return Promise.resolve(assertEquals(modes, [0o700, 0o700]));
      }));

    test(`${name}() throws the caller's error below a directory that all users may write, and leaves nothing`, () =>
      inDirectory((base) => {
        const open = join(base, "open");
        mkdirSync(open);
        chmodSync(open, 0o777);
        symlinkSync(open, join(base, "link"));
        for (const way of ["open/a/b", "link/a"]) {
          assertThrows(() => prepare(join(base, way), unsafe), Unsafe, `${open}: all users may write`);
        }
        return Promise.resolve(assert(!existsSync(join(open, "a"))));
      }));
  }

  test("prepareParent() accepts a sticky directory, which prepareDirectory() refuses", () =>
    inDirectory((base) => {
      for (const mode of [0o1777, 0o770]) {
        chmodSync(base, mode);
        assert(isWritableByOthers(statSync(base)));
        prepareParent(base, unsafe);
        assertThrows(() => prepareDirectory(base, unsafe), Unsafe, "other users may write in it");
      }
      chmodSync(base, 0o777);
      assertThrows(() => prepareParent(base, unsafe), Unsafe, "chmod +t it");
      return Promise.resolve();
    }));
});

describe("syncDirectory()", () => {
  test("syncDirectory() throws what the system throws", () =>
    inDirectory((base) => {
      syncDirectory(base);
      assertThrows(() => syncDirectory(join(base, "missing")), Error, "ENOENT");
      return Promise.resolve();
    }));
});
