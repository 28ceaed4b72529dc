// npm run build: makes the package's files. Argument: their directory, `dist` without it.

import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { buildCode } from "./code.ts";
import { buildDeclarations } from "./declarations.ts";
import { ROOT } from "./entries.ts";
import { buildManual } from "./manual.ts";

const [directory = join(ROOT, "dist")] = process.argv.slice(2);
const outdir = resolve(directory);
rmSync(outdir, { recursive: true, force: true });
await buildCode(outdir);
buildDeclarations(join(outdir, "types"));
buildManual(join(outdir, "man"));
