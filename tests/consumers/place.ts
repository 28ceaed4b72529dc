// A user's directory outside the repository, with the packed package installed.

import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
/** The directory with the compilers and bundlers. */
export const modules: string = join(here, "node_modules");

/** A command, and its output. */
export interface Command {
  readonly name: string;
  readonly command: readonly string[];
}

/**
 * Types that users install, by their directory. Bun's types need the newest types of Node, so they have a separate
 * directory.
 */
const TYPES: Readonly<Record<string, string>> = {
  "node_modules/@types/node": "@types/node",
  "node_modules/undici-types": "undici-types",
  "bun/node_modules/bun-types": "bun-types",
  "bun/node_modules/@types/node": "types-node-newest",
};

/** The directory, which is removed at the end. */
export interface Place extends Disposable {
  readonly directory: string;
}

/** Packs the package, and installs it with the programs and the types that they need. */
export function preparePlace(): Place {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-consumers-"));
  const npm = (cwd: string, ...args: string[]): void => {
    execFileSync("npm", [...args, "--silent", "--no-audit", "--no-fund"], {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
    });
  };
  npm(root, "pack", "--pack-destination", directory);
  writeFileSync(join(directory, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
  const tarball = readdirSync(directory).find((name) => name.endsWith(".tgz"));
  npm(directory, "install", "--offline", `./${tarball}`);
  for (const [to, from] of Object.entries(TYPES)) {
    cpSync(join(modules, from), join(directory, to), { recursive: true });
  }
  cpSync(join(here, "programs"), directory, { recursive: true });
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

/** The runtimes that run users' programs. */
export function runtimes(): Command[] {
  const node = (name: string, ...path: string[]): Command => ({ name, command: [join(root, ...path, "bin", "node")] });
  return [
    node("node-floor", "tests", "runtimes", "node_modules", "node-floor"),
    node("node-22", "tests", "consumers", "node_modules", "node-22"),
    node("node-newest", "tests", "runtimes", "node_modules", "node-newest"),
    { name: "deno", command: [join(root, "node_modules", ".bin", "deno"), "run", "--quiet", "--allow-all"] },
    { name: "bun", command: [join(root, "node_modules", ".bin", "bun")] },
  ];
}

/** Bun, which is a bundler, too. */
export function bun(): string {
  return join(root, "node_modules", ".bin", "bun");
}

/** Deno, which checks types, too. */
export function deno(): string {
  return join(root, "node_modules", ".bin", "deno");
}

/** Runs a command, and returns its output. Throws the output if the command fails or takes more than four minutes. */
export async function run([file = "", ...args]: readonly string[], cwd: string): Promise<string> {
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 240_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve(code ?? signal));
  });
  if (code === 0) return output;
  throw new Error(`${[file, ...args].join(" ")} ended with ${code}:\n${output.slice(0, 4000)}`);
}
