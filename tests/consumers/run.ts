// npm run check:consumers: packs the package, installs it elsewhere, and uses it in every supported way.
// Arguments: the kinds of checks. The default is all kinds.

import { existsSync } from "node:fs";
import process from "node:process";
import { bundleChecks } from "./bundles.ts";
import { type Check, runChecks } from "./checks.ts";
import { modules, preparePlace } from "./place.ts";
import { commandChecks, runChecksOf, startDaemon, traceChecks } from "./runs.ts";
import { typeChecks } from "./types.ts";

if (!existsSync(modules)) throw new Error("no compilers to try: run `npm ci --prefix tests/consumers`");
using place = preparePlace();
await using daemon = await startDaemon(place.directory);
const { directory } = place;
const kinds: Readonly<Record<string, () => Check[]>> = {
  "types": () => typeChecks(directory),
  "runs": () => runChecksOf(directory, daemon.socket),
  "command": () => commandChecks(directory, daemon.socket),
  "source-maps": () => traceChecks(directory),
  "bundles": () => bundleChecks(directory, daemon.socket),
};
const wanted = process.argv.slice(2);
for (const [kind, checks] of Object.entries(kinds)) {
  if (wanted.length > 0 && !wanted.includes(kind)) continue;
  if (!await runChecks(kind, checks())) process.exitCode = 1;
}
