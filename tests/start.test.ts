// Importing an entry loads only files of the package, because a runtime's modules take up to 50 ms of CPU time.

import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The files that an import loads, each with the modules of a runtime that it loads. */
function loadedBy(file: string, found = new Map<string, string[]>()): Map<string, string[]> {
  if (found.has(file)) return found;
  const code = readFileSync(join(root, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const statements = /^(?:import|export)\s+(?!type\b)(?:[^;"]*\bfrom\s*)?"([^"]+)"/gm;
  const targets = [...code.matchAll(statements)].map(([, target = ""]) => target);
  found.set(file, targets.filter((target) => !target.startsWith(".")));
  for (const target of targets.filter((target) => target.startsWith("."))) {
    loadedBy(relative(root, resolve(root, dirname(file), target)), found);
  }
  return found;
}

describe("an import of the package", () => {
  for (const entry of ["mod.ts", "src/domains/mod.ts", "compat/xs.ts", "compat/pyxs.ts", "src/cli/start.ts"]) {
    test(`importing ${entry} loads no module of a runtime`, () => {
      const loaded = loadedBy(entry);
      assert(loaded.size > 5, `${entry} loads ${loaded.size} files`);
      assertEquals([...loaded].filter(([, modules]) => modules.length > 0), []);
    });
  }

  test("the start of the command loads no subcommand and no file of the client", () => {
    const loaded = [...loadedBy("src/cli/start.ts").keys()];
    assertEquals(
      loaded.filter((file) => file.startsWith("src/client/") || /\/(?:read|ls|session)\.ts$/.test(file)),
      [],
    );
  });

  test("importing mod.ts loads no file of the daemon", () => {
    assertEquals([...loadedBy("mod.ts").keys()].filter((file) => file.startsWith("src/daemon/")), []);
  });
});
