// Finds the test files.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./runtimes.ts";

/** Directories that other programs may change at any time. */
const FOREIGN = ["node_modules", ".cache"];

/** Returns the test files below tests/, sorted: the unit tests, or the tests with real daemons. */
export function testFiles(peers: boolean): string[] {
  return filesBelow("./tests").filter((file) =>
    file.endsWith(".test.ts") && file.startsWith("./tests/peers/") === peers
  );
}

function filesBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { withFileTypes: true })
    .filter(({ name }) => !FOREIGN.includes(name))
    .flatMap((entry) => {
      const path = `${directory}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}
