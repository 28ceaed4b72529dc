// Bundles a user's program with the installed package by every bundler, and runs the bundles.

import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Check } from "./checks.ts";
import { bun, modules, run, runtimes } from "./place.ts";
import { runEverything } from "./runs.ts";

/** A way to bundle. Returns the program's file, which is alone in its directory. */
interface Bundler {
  readonly name: string;
  readonly file: string;
  bundle(directory: string, file: string): Promise<unknown>;
  /** Whether the bundle runs without the package. */
  readonly standalone?: true;
}

const ENTRY = "everything.mjs";

function esbuild(name: string, file: string, ...flags: string[]): Bundler {
  return {
    name: `esbuild ${name}`,
    file,
    bundle: (directory, out) =>
      run([
        join(modules, "esbuild", "bin", "esbuild"),
        ENTRY,
        "--bundle",
        "--platform=node",
        "--target=node20",
        "--log-level=error",
        ...flags,
        `--outfile=${out}`,
      ], directory),
  };
}

const bundlers: readonly Bundler[] = [
  esbuild("esm", "bundle.mjs", "--format=esm"),
  esbuild("esm minified", "bundle.mjs", "--format=esm", "--minify"),
  esbuild("cjs", "bundle.cjs", "--format=cjs"),
  {
    name: "vite",
    file: "bundle.mjs",
    bundle: (directory, out) =>
      inNode(
        directory,
        `import { build } from ${module("vite", "dist", "node", "index.js")};
         await build({
           configFile: false, logLevel: "error", ssr: { noExternal: true },
           build: { ssr: "${ENTRY}", outDir: ${JSON.stringify(join(out, ".."))}, minify: true, target: "node20",
             rollupOptions: { output: { entryFileNames: "bundle.mjs" } } },
         });`,
      ),
  },
  webpack("esm", "bundle.mjs", "{ type: 'module' }"),
  webpack("cjs", "bundle.cjs", "{ type: 'commonjs2' }"),
  {
    name: "bun build",
    file: "bundle.mjs",
    bundle: (directory, out) => run([bun(), "build", "--target=node", `--outfile=${out}`, ENTRY], directory),
  },
  {
    name: "bun build --compile",
    file: "bundle",
    standalone: true,
    bundle: (directory, out) => run([bun(), "build", "--compile", `--outfile=${out}`, ENTRY], directory),
  },
];

function webpack(name: string, file: string, library: string): Bundler {
  return {
    name: `webpack ${name}`,
    file,
    bundle: (directory, out) =>
      inNode(
        directory,
        `import webpack from ${module("webpack", "lib", "index.js")};
         const stats = await new Promise((resolve, reject) => webpack({
           mode: "production", target: "node20", entry: "./${ENTRY}", devtool: false,
           experiments: { outputModule: ${library.includes("module'")} },
           output: { path: ${JSON.stringify(join(out, ".."))}, filename: "${file}", library: ${library} },
         }, (error, stats) => error ? reject(error) : resolve(stats)));
         if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());`,
      ),
  };
}

function module(...path: string[]): string {
  return JSON.stringify(pathToFileURL(join(modules, ...path)).href);
}

function inNode(directory: string, code: string): Promise<unknown> {
  return run([process.execPath, "--input-type=module", "--eval", code], directory);
}

/** One check for each bundler and runtime. Each bundle is made once. */
export function bundleChecks(directory: string, socket: string): Check[] {
  return bundlers.map((bundler, index) => ({
    name: bundler.name,
    async run() {
      const out = join(directory, `bundle-${index}`);
      const file = join(out, bundler.file);
      await bundler.bundle(directory, file);
      const commands = bundler.standalone ? [[file]] : runtimes().map(({ command }) => [...command, file]);
      for (const command of commands) await runEverything(command, out, socket);
    },
  }));
}
