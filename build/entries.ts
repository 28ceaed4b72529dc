// What users import from the package, and how its files are laid out: one directory, so that each finds the others beside itself.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of the repository. */
export const ROOT: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** The source of each entry, by the name of its file in the package. */
export const entries: Readonly<Record<string, string>> = {
  mod: "mod.ts",
  checkpoints: "src/checkpoints/mod.ts",
  daemon: "src/daemon/mod.ts",
  domains: "src/domains/mod.ts",
  pools: "src/pools/mod.ts",
  pyxs: "compat/pyxs.ts",
  xs: "compat/xs.ts",
};

/** The source of each program, by the name of its file in the package. A program does its work when it is imported. */
export const programs: Readonly<Record<string, string>> = { cli: "src/cli/start.ts" };

/** The source of each part of a program that is loaded on demand, by the name of its file in the package. */
export const parts: Readonly<Record<string, string>> = {
  shell: "src/cli/shell/mod.ts",
  whole: "src/cli/start_whole.ts",
};
