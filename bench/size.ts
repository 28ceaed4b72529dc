// Prints what the library's core weighs in one file: as it is, minified, and compressed. The daemon, which only the address
// "embedded:" loads, is no part of it.

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function bundle(minify: boolean): Promise<Uint8Array> {
  const { outputFiles: [file] } = await build({
    absWorkingDir: root,
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
for (const [what, bytes] of Object.entries(sizes)) console.log(`${what.padEnd(17)}${`${bytes}`.padStart(7)} bytes`);
