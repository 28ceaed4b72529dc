// Two processes that set one state: the first is suspended for longer than its lock counts, and then the second, too.

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { commandOf } from "../support/program.ts";

const hostFile = fileURLToPath(new URL("pool_suspended.ts", import.meta.url));

/** Starts a process, and resolves when it is suspended. */
async function startSuspended(directory: string, content: string, step: string) {
  const [executable = "", ...rest] = commandOf(hostFile);
  const child = spawn(executable, [...rest, directory, content, step], { stdio: ["ignore", "pipe", "inherit"] });
  const outcome = text(child.stdout);
  const stat = `/proc/${child.pid}/stat`;
  while (existsSync(stat) && !/\) [TZ] /.test(readFileSync(stat, "utf8"))) await delay(5);
  return {
    /** Lets the process go on, and resolves with what it says. */
    resume: (): Promise<string> => {
      child.kill("SIGCONT");
      return outcome;
    },
    kill: () => child.kill("SIGKILL"),
  };
}

describe("two processes that set one state", () => {
  for (
    const [first, second] of [["createPart", "createPart"], ["rename", "createPart"], ["rename", "rename"]] as const
  ) {
    test(`never both succeed if they are suspended before ${first} and ${second}, and the lock is broken`, async () => {
      const directory = await mkdtemp(join(tmpdir(), "tsxs-suspended-"));
      const children: { kill(): void }[] = [];
      try {
        const one = await startSuspended(directory, "one", first);
        children.push(one);
        // The lock is stale by the clock of the location.
        for (const name of await readdir(join(directory, "guest"))) {
          if (name.startsWith(".clean.lock")) await utimes(join(directory, "guest", name), 1, 1);
        }
        const two = await startSuspended(directory, "two", second);
        children.push(two);
        assertMatch(await one.resume(), /^StateError: .*another process/);
        const outcome = await two.resume();
        // On a loaded machine, the second lock may be stale by then, too.
        if (outcome === "done\n") assertEquals(readFileSync(join(directory, "guest/clean.value"), "utf8"), "two");
        else assertMatch(outcome, /^StateError: .*was not renewed/);
      } finally {
        for (const { kill } of children) kill();
        await rm(directory, { recursive: true });
      }
    });
  }
});
