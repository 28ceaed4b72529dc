// The package's declarations: of the entries and of what they name, so that they need no type that a user may lack.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { entries, ROOT } from "./entries.ts";

/** The global names that the declarations use. The types of the DOM, or of a runtime, declare them in full. */
const GLOBALS = "globals.d.ts";
const globals = `/// <reference lib="esnext.disposable" />

// The global names that the declarations use. If the types of a runtime are installed, these add nothing to them.
declare global {
  interface AbortSignal {}
  interface ReadableStream<R = any> {}
}

export {};
`;

/** Emits the declarations and their maps. */
export function buildDeclarations(outdir: string): void {
  const tsc = join(ROOT, "node_modules", ".bin", "tsc");
  execFileSync(tsc, ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", outdir], { stdio: "inherit" });
  const needed = new Set<string>();
  for (const source of Object.values(entries)) collect(join(outdir, declarationOf(source)), needed);
  for (const name of readdirSync(outdir, { recursive: true, encoding: "utf8" })) {
    const file = join(outdir, name);
    if (/\.d\.ts(?:\.map)?$/.test(name) && !needed.has(file.replace(/\.map$/, ""))) rmSync(file);
  }
  for (const file of needed) {
    // By the names of JavaScript, which every version of TypeScript understands.
    const text = readFileSync(file, "utf8").replace(/((?:from|import\() ?"\.[^"]*)\.ts"/g, '$1.js"');
    writeFileSync(file, text);
  }
  writeFileSync(join(outdir, GLOBALS), globals);
  for (const source of Object.values(entries)) {
    const file = join(outdir, declarationOf(source));
    const path = relative(dirname(file), join(outdir, GLOBALS));
    // In the first line, so that the map's lines stay right but for that.
    writeFileSync(file, `/// <reference path="${path}" />\n${readFileSync(file, "utf8")}`);
  }
}

function declarationOf(source: string): string {
  return source.replace(/\.ts$/, ".d.ts");
}

/** The declaration files that a file leads to, and it. */
function collect(file: string, found: Set<string>): void {
  if (found.has(file)) return;
  found.add(file);
  const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  for (const [, path = ""] of text.matchAll(/(?:\bfrom|\bimport\()\s*"(\.[^"]+)"/g)) {
    collect(resolve(dirname(file), path.replace(/\.[jt]s$/, ".d.ts")), found);
  }
}
