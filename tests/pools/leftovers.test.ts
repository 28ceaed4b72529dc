// Temporary files in a directory of this host, and those that operations of this host leave.

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { LocalFiles } from "../../src/pools/files_local.ts";
import { LocalStates } from "../../src/pools/local_states.ts";
import { inTemporary } from "../support/temporary.ts";
import { leftoversSuite } from "./leftovers.ts";

leftoversSuite("a directory", (directory) => new LocalFiles(directory));

describe("the temporary files of this host", () => {
  test("are removed by set and unset of their state, and not by get, after which a transfer may resume", () =>
    inTemporary(async (directory) => {
      const part = {
        fileOf: (state: string) => `${state}.tree`,
        exists: () => Promise.resolve(true),
        make: () => Promise.resolve(),
        remove: () => Promise.resolve(),
        parent: () => Promise.resolve(null),
        keep: async (_: unknown, states: { readonly files: LocalStates["states"]["files"] }, path: string) => {
          await states.files.createExclusive(path, new TextEncoder().encode("content"));
          return { parent: null };
        },
        restore: () => Promise.resolve(),
      };
      const states = new LocalStates({ directory, parts: () => [part] });
      const request = { object: "guest", state: "clean", scopes: ["own"] as const, skipLocks: false };
      const left = [".clean.0123456789abcdef.new", ".clean.tree.0123456789abcdef.part"];
      const put = async (): Promise<void> => {
        await mkdir(join(directory, "guest"), { recursive: true });
        for (const name of left) await writeFile(join(directory, "guest", name), "left");
      };
      const hidden = async () => (await readdir(join(directory, "guest"))).filter((name) => name.startsWith("."));
      await put();
      await states.set(request);
      assertEquals(await hidden(), []);
      await put();
      await states.get(request);
      assertEquals((await hidden()).sort(), left);
      await states.unset(request);
      assertEquals(await readdir(join(directory, "guest")), []);
    }));
});
