// Opens daemons that the system refuses something, and prints the outcomes as JSON:
// `refused_daemon.ts nobody DIRECTORY...` has no rights of root;
// `refused_daemon.ts scarce DIRECTORY` has 0, 1, 2 ... free descriptors, until the daemon opens.

import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Daemon, JournalError } from "../../src/daemon/mod.ts";
import { asNobody } from "./nobody.ts";

/** The outcome of opening a directory: "open", or the fault, the code, the file and the text of the error. */
async function open(directory: string): Promise<string | (string | undefined)[]> {
  try {
    await (await Daemon.open(directory)).close();
    return "open";
  } catch (error) {
    if (!(error instanceof JournalError)) return `raw: ${error}`;
    return [error.fault, error.code, error.file, error.message];
  }
}

async function openWithFew(directory: string): Promise<unknown[]> {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync("/dev/null", "r"));
  } catch { /* No descriptor is free. */ }
  const outcomes: unknown[] = [];
  while (outcomes.at(-1) !== "open") {
    outcomes.push(await open(directory));
    const next = taken.pop();
    if (next !== undefined) closeSync(next);
  }
  return outcomes;
}

const [how, ...directories] = process.argv.slice(2);
const first = mkdtempSync(join(tmpdir(), "tsxs-"));
// Loads everything: a module cannot be loaded later.
await open(first);
rmSync(first, { recursive: true });
const outcomes: unknown[] = [];
for (const directory of directories) {
  if (how === "scarce") outcomes.push(...await openWithFew(directory));
  else outcomes.push(await asNobody(() => open(directory)));
}
console.log(JSON.stringify(outcomes));
