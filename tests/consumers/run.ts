// npm run check:consumers: packs the package, installs it elsewhere, and uses it in all the ways that users have.

import { existsSync } from "node:fs";
import process from "node:process";
import { bundleChecks } from "./bundles.ts";
import { runChecks } from "./checks.ts";
import { modules, preparePlace } from "./place.ts";
import { runChecksOf, startDaemon, traceChecks } from "./runs.ts";
import { typeChecks } from "./types.ts";

if (!existsSync(modules)) throw new Error("no compilers to try: run `npm ci --prefix tests/consumers`");
using place = preparePlace();
await using daemon = await startDaemon(place.directory);
const { directory } = place;
const passed = [
  await runChecks("types", typeChecks(directory)),
  await runChecks("runs", runChecksOf(directory, daemon.socket)),
  await runChecks("source maps", traceChecks(directory)),
  await runChecks("bundles", bundleChecks(directory, daemon.socket)),
];
if (passed.includes(false)) process.exitCode = 1;
