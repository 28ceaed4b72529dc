// The package's JavaScript: a file for each entry, one for what all entries share, and others that are loaded on demand.

import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type BuildOptions, type Metafile, type Plugin } from "esbuild";
import { scriptFor } from "../src/cli/completion/scripts.ts";
import { shells } from "../src/cli/completion/words.ts";
import { entries, parts, programs, ROOT } from "./entries.ts";
import { packagesOf, writeLicences } from "./licences.ts";

/**
 * What every entry needs becomes one file. Left alone, esbuild makes one for each set of entries that have something in
 * common, and every file more costs Node half a millisecond at start.
 */
const SHARED = /^src\/(?:wire|transport)\/\w+\.ts$/;
/** The file of the scripts for shells, and the package that makes them. */
const SCRIPTS = "completion_scripts.js";
const SCRIPTS_PACKAGE = "@bomb.sh/tab";
const WORKER = "src/blocking/worker_thread.ts";
const BESIDE = "build/beside.ts";
const WORKER_SOURCE = /\/blocking\/worker_source\.ts$/;

/** The sources that programs load on demand from files of their own. */
const left: readonly (readonly [source: RegExp, file: string])[] = [
  [/\/embedded\.ts$/, "embedded.js"],
  [/\/client\/client\.ts$/, "mod.js"],
  [/\/daemon\/mod\.ts$/, "daemon.js"],
  [/\/domains\/mod\.ts$/, "domains.js"],
  [/\/checkpoints\/mod\.ts$/, "checkpoints.js"],
  [/\/pools\/mod\.ts$/, "pools.js"],
  [/\/completion\/scripts\.ts$/, SCRIPTS],
  ...Object.entries(parts).map(([file, source]) =>
    [new RegExp(`/${relative("src/cli", source).replace(".", "\\.")}$`), `${file}.js`] as const
  ),
];

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  logLevel: "warning",
} as const satisfies BuildOptions;
// The sources are in the package, for the maps to lead to.
const maps = { sourcemap: true, sourcesContent: false } as const satisfies BuildOptions;

/** Builds all files of JavaScript and their source maps, and loads each once. */
export async function buildCode(outdir: string): Promise<void> {
  const shared = await sharedSources();
  const onDemand = new Set<string>();
  await build({
    ...common,
    ...maps,
    stdin: { contents: shared.map((file) => `export * from "./${file}";`).join("\n"), resolveDir: ROOT },
    outfile: join(outdir, "shared.js"),
    plugins: [keepOnDemand(onDemand)],
  });
  const others = [...onDemand].map((file) => ({ in: file, out: basename(file, ".ts") }));
  const { metafile } = await build({
    ...common,
    ...maps,
    entryPoints: [...Object.entries(entries).map(([out, file]) => ({ in: file, out })), ...others],
    outdir,
    splitting: true,
    chunkNames: "[name]-[hash]",
    metafile: true,
    plugins: [takeShared(shared), inlineWorker(await workerCode())],
  });
  const files = Object.keys(metafile.outputs).filter((file) => file.endsWith(".js")).map((file) => resolve(ROOT, file));
  for (const file of [join(outdir, "shared.js"), ...files]) writeFileSync(file, ownNames(readFileSync(file, "utf8")));
  await buildPrograms(outdir);
  // A name that two of the shared sources export is in neither: that shows when it is imported.
  for (const file of files) await import(pathToFileURL(file).href);
}

/**
 * Builds each program as one file, because every file more would delay its start. The subcommands that Xen does not have
 * are in another file, which is loaded on demand.
 */
async function buildPrograms(outdir: string): Promise<void> {
  const entryPoints = Object.entries({ ...programs, ...parts }).map(([out, file]) => ({ in: file, out }));
  const plugins = [findBeside(), leaveParts(), loadOnUse()];
  const options = { ...common, ...maps, entryPoints, outdir, plugins, inject: [BESIDE], minify: true };
  const { metafile } = await build({ ...options, metafile: true });
  writeScripts(outdir);
  writeLicences(join(outdir, "licences.txt"), [...packagesOf(Object.keys(metafile.inputs)), SCRIPTS_PACKAGE]);
  for (const out of Object.keys(programs)) chmodSync(join(outdir, `${out}.js`), 0o755);
}

/** esbuild writes `var X = class _X` if a class names itself. Gives it its name back, and moves nothing, for the maps. */
function ownNames(code: string): string {
  const names = [...code.matchAll(/^var (\w+) = class (_\1)\b/gm)].map(([, , inner]) => inner);
  return names.length === 0 ? code : code.replace(
    new RegExp(`(?<![.#\\w$])(?:${names.join("|")})\\b`, "g"),
    (inner) => ` ${inner.slice(1)}`,
  );
}

/** The sources of the shared file, which every entry imports. */
async function sharedSources(): Promise<string[]> {
  const { metafile } = await build({
    ...common,
    entryPoints: Object.values(entries),
    outdir: "none",
    splitting: true,
    write: false,
    metafile: true,
  });
  const found = new Set<string>();
  for (const entry of Object.values(entries)) loadedBy(metafile.inputs, entry, found);
  return [...found].filter((file) => SHARED.test(file)).sort();
}

/** Returns a file and all that its import loads: not the files that are imported on demand. */
export function loadedBy(inputs: Metafile["inputs"], file: string, found: Set<string> = new Set()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const { kind, path } of inputs[file]?.imports ?? []) {
    if (kind === "import-statement" && path in inputs) loadedBy(inputs, path, found);
  }
  return found;
}

/** The code of the worker in one text, the embedded daemon and all. */
async function workerCode(): Promise<string> {
  const { outputFiles: [file] } = await build({
    ...common,
    entryPoints: [WORKER],
    // What a worker evaluates is no module.
    format: "cjs",
    // The worker calls nothing that reads import.meta.
    logOverride: { "empty-import-meta": "silent" },
    minify: true,
    write: false,
  });
  if (file === undefined) throw new Error(`cannot build ${WORKER}: esbuild made no file`);
  return file.text;
}

/** What is imported on demand gets a file of its own beside this one. */
function keepOnDemand(onDemand: Set<string>): Plugin {
  return {
    name: "keep-on-demand",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
        if (kind !== "dynamic-import") return;
        onDemand.add(relative(ROOT, resolve(resolveDir, path)));
        return { path: `./${basename(path, ".ts")}.js`, external: true };
      });
    },
  };
}

/** Returns the file of the package in which a source is left, or `undefined`. Few subcommands and addresses need them. */
function leftFile(source: string): string | undefined {
  return left.find(([pattern]) => pattern.test(source))?.[1];
}

/** Leaves the daemon, the whole client and parts of programs in their own files. */
function leaveParts(): Plugin {
  return {
    name: "leave-parts",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\.?\// }, ({ kind, path }) => {
        const file = kind === "dynamic-import" ? leftFile(path) : undefined;
        return file === undefined ? undefined : { path: `./${file}`, external: true };
      });
    },
  };
}

/** Deno looks for the files beside a program beside the link by which it was called. Makes it look beside the program. */
function findBeside(): Plugin {
  return {
    name: "find-beside",
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/(?:cli|transport)\/\w+\.ts$/ }, ({ path }) => {
        const code = readFileSync(path, "utf8");
        const contents = code.replace(/(?<!typeof )import\("([^"]+)"\)/g, (literal: string, source: string) => {
          const file = leftFile(source);
          return file === undefined ? literal : `(beside === null ? ${literal} : import(beside("${file}")))`;
        });
        return { contents, loader: "ts" };
      });
    },
  };
}

/** Writes the scripts for shells, and leaves out the package that makes them. Few runs of the command read the file. */
function writeScripts(outdir: string): void {
  const scripts = Object.fromEntries(shells.map((shell) => [shell, scriptFor(shell)]));
  const code = `export const scriptFor = (shell) => (${JSON.stringify(scripts)})[shell];\n`;
  writeFileSync(join(outdir, SCRIPTS), code);
}

/** Loads the modules of the runtime when a file that imports them is first used, because Deno and Bun load them slowly. */
function loadOnUse(): Plugin {
  return {
    name: "load-on-use",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "load-on-use" }));
      onLoad({ filter: /.*/, namespace: "load-on-use" }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      }));
    },
  };
}

/** Shared sources are in the shared file, and nowhere else. */
function takeShared(shared: readonly string[]): Plugin {
  return {
    name: "take-shared",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        if (!shared.includes(relative(ROOT, resolve(resolveDir, path)))) return;
        return { path: "./shared.js", external: true, sideEffects: false };
      });
    },
  };
}

/** Puts the worker's code in, and leaves out the import of its file, which nothing needs then. */
function inlineWorker(code: string): Plugin {
  return {
    name: "inline-worker",
    setup({ onLoad, onResolve }) {
      onLoad({ filter: WORKER_SOURCE }, () => ({ contents: `export const workerSource = ${JSON.stringify(code)};` }));
      onResolve(
        { filter: /worker_thread\.ts$/ },
        ({ kind, path }) => kind === "dynamic-import" ? { path, external: true, sideEffects: false } : undefined,
      );
    },
  };
}
