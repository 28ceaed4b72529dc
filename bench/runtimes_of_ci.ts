// The runtimes that CI measures, as the two package.json pin them.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** The packages that bring the runtimes: the file that pins each, and the runtime's name. */
const PACKAGES = [
  ["tests/runtimes/package.json", "node-floor", "Node"],
  ["tests/runtimes/package.json", "node-newest", "Node"],
  ["package.json", "deno", "Deno"],
  ["package.json", "bun", "Bun"],
] as const;

/** Returns their names with the major version, such as `Node 20`. */
export function runtimesOfCi(): string[] {
  return PACKAGES.map(([file, key, name]) => {
    const { devDependencies }: { readonly devDependencies: Readonly<Record<string, string>> } = JSON.parse(
      readFileSync(join(ROOT, file), "utf8"),
    );
    return shortName(`${name} ${/\d+\.\d+\.\d+$/.exec(devDependencies[key] ?? "")?.[0]}`);
  });
}

/** The name of a runtime without its minor version: a ratio stays committed for a newer one. */
export function shortName(name: string): string {
  return name.replace(/(\d+)\.\S+/, "$1");
}
