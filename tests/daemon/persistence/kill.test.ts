// Real processes that are killed while they write.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import { openJournal } from "../../../src/daemon/persistence/open.ts";
import { eagerClock } from "./clocks.ts";
import { stateOf } from "./model.ts";

const writer = fileURLToPath(new URL("writer.ts", import.meta.url));
const options = { clock: eagerClock, snapshot: () => [] };

/** The arguments that run a TypeScript file on this runtime. */
function command(): string[] {
  if ("Deno" in globalThis) return ["run", "--allow-all", "--no-check", writer];
  return "Bun" in globalThis ? [writer] : ["--import", "tsx", writer];
}

/** Runs the writer until it has kept so many batches, and kills it. Returns the stores that may be on the disk. */
async function writeAndKill(
  directory: string,
  seed: number,
  sync: string,
  kept: number,
  whileAlive: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const child = spawn(process.execPath, [...command(), directory, String(seed), sync], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let told = "";
  let count = 0;
  const enough = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      told += text;
      count += text.split("kept\n").length - 1;
      if (count >= kept) resolve();
    });
    child.once("close", (code) => reject(new Error(`the writer ended with code ${code}`)));
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  try {
    await enough;
    await whileAlive();
  } finally {
    child.kill("SIGKILL");
    await closed;
  }
  // A line that the kill truncated does not count.
  const lines = told.split("\n").slice(0, -1);
  const last = lines.lastIndexOf("kept");
  return [lines[last - 1], lines[last + 1]].filter((line) => line !== undefined).map((line) =>
    JSON.parse(line.slice(5))
  );
}

describe("a process that is killed", () => {
  for (const sync of ["always", "interval", "never"]) {
    test(`a killed process leaves every batch that it reported as kept (${sync})`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
      try {
        for (const [seed, count] of [1, 20, 75, 150].entries()) {
          const states = await writeAndKill(directory, seed, sync, count, async () => {
            const error = await assertRejects(() => openJournal(directory, options), JournalError);
            assertEquals(error.fault, "in-use");
          });
          const { journal, changes } = await openJournal(directory, options);
          await journal.close();
          // The last reported store, or the store that was about to be kept.
          assert(states.includes(stateOf(changes)), `after ${count} batches and more`);
        }
      } finally {
        rmSync(directory, { recursive: true });
      }
    });
  }
});
