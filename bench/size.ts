// Prints what the library's core weighs in one file: as it is, minified, and compressed. The daemon, which only the address
// "embedded:" loads, is no part of it. Then prints how many files of the built package an import of each entry loads.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildCode, loadedBy } from "../build/code.ts";
import { entries, ROOT } from "../build/entries.ts";

async function bundle(minify: boolean): Promise<Uint8Array> {
  const { outputFiles: [file] } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["mod.ts"],
    bundle: true,
    external: ["*/daemon/embedded.ts"],
    format: "esm",
    platform: "node",
    target: "es2022",
    minify,
    write: false,
  });
  if (file === undefined) throw new Error("esbuild gave no file");
  return file.contents;
}

const minified = await bundle(true);
const sizes: Record<string, number> = {
  "one file": (await bundle(false)).length,
  "minified": minified.length,
  "minified, gzip": gzipSync(minified, { level: 9 }).length,
  "minified, brotli": brotliCompressSync(minified).length,
};
for (const [what, bytes] of Object.entries(sizes)) console.log(`${what.padEnd(31)}${`${bytes}`.padStart(7)} bytes`);

/** The files that each entry of a built package loads, without those that are imported on demand. */
async function loads(directory: string): Promise<[entry: string, files: number, bytes: number][]> {
  const { metafile: { inputs } } = await build({
    absWorkingDir: directory,
    entryPoints: Object.keys(entries).map((entry) => `${entry}.js`),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outdir: "none",
    write: false,
    metafile: true,
  });
  return Object.keys(entries).map((entry) => {
    const files = [...loadedBy(inputs, `${entry}.js`)];
    return [entry, files.length, files.reduce((sum, file) => sum + (inputs[file]?.bytes ?? 0), 0)];
  });
}

const directory = mkdtempSync(join(tmpdir(), "tsxs-size-"));
try {
  await buildCode(directory);
  for (const [entry, files, bytes] of await loads(directory)) {
    console.log(`${`import of ${entry}`.padEnd(22)}${`${files}`.padStart(2)} files ${`${bytes}`.padStart(7)} bytes`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
