// Opening a directory: the error of each step that the system refuses.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { Daemon } from "../../../src/daemon/mod.ts";
import { commandOf, runCommand } from "../../support/program.ts";
import { inDirectory } from "../../support/socket.ts";

const LOG = "0000000000.log";
const NOBODY = "65534";
const program = fileURLToPath(new URL("../../support/refused_daemon.ts", import.meta.url));

async function outcomesOf(command: readonly string[]): Promise<unknown[]> {
  const { stdout, stderr } = await runCommand(command);
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

/** A directory that a user without root's rights may not use, the file that the error names, and its code. */
type Refused = readonly [directory: string, file: string, code: string];

/** Checks the errors of directories in a new one, which belong to an unprivileged user who opens them. */
async function assertRefused(make: (parent: string) => Promise<Refused[]> | Refused[]): Promise<void> {
  await inDirectory(async (parent) => {
    const refused = await make(parent);
    if (process.geteuid?.() === 0) execFileSync("chown", ["-R", NOBODY, parent]);
    try {
      const outcomes = await outcomesOf([...commandOf(program), "nobody", ...refused.map(([directory]) => directory)]);
      for (const [i, [directory, file, code]] of refused.entries()) {
        const [fault, ...rest] = outcomes[i] as string[];
        assertEquals([fault, ...rest.slice(0, 2)], ["failed", code, file], JSON.stringify(outcomes[i]));
        assert(rest[2]?.includes(`"${directory}`), rest[2]);
      }
    } finally {
      execFileSync("chmod", ["-R", "700", parent]);
    }
  });
}

async function openAndClose(directory: string): Promise<void> {
  await using _daemon = await Daemon.open(directory);
}

describe("Daemon.open() rejects with a JournalError that names the file", () => {
  test("if it has no permission to write, read or search the directory", () =>
    assertRefused(async (parent) => {
      const refused: Refused[] = [];
      for (const mode of [0o500, 0o300, 0o600]) {
        for (const isNew of [true, false]) {
          const directory = join(parent, `${mode}-${isNew}`);
          mkdirSync(directory);
          if (!isNew) await openAndClose(directory);
          chmodSync(directory, mode);
          refused.push([directory, directory, "EACCES"]);
        }
      }
      return refused;
    }));

  test("if it has no permission to make the directory, or to look for it", () =>
    assertRefused((parent) =>
      [0o500, 0o600].map((mode) => {
        const above = join(parent, `${mode}`);
        mkdirSync(above);
        chmodSync(above, mode);
        return [join(above, "store"), join(above, "store"), "EACCES"];
      })
    ));

  test("if it has no permission to read or write a file", () =>
    assertRefused(async (parent) => {
      const refused: Refused[] = [];
      for (const mode of [0o000, 0o200, 0o400]) {
        const directory = join(parent, `${mode}`);
        await openAndClose(directory);
        chmodSync(join(directory, LOG), mode);
        refused.push([directory, join(directory, LOG), "EACCES"]);
      }
      return refused;
    }));

  test("if the path is that of a file, leads through a file, or is too long", () =>
    assertRefused((parent) => {
      const file = join(parent, "file");
      const long = join(parent, "x".repeat(256));
      writeFileSync(file, "");
      return [
        [file, file, "EEXIST"],
        [join(file, "store"), join(file, "store"), "EEXIST"],
        [long, long, "ENAMETOOLONG"],
      ];
    }));

  test("if no descriptor is free, at each step that needs one, and leaves none open", () =>
    inDirectory(async (parent) => {
      const directory = join(parent, "store");
      await openAndClose(directory);
      const limited = ["sh", "-c", 'ulimit -n 128 && exec "$@"', "sh", ...commandOf(program)];
      const outcomes = await outcomesOf([...limited, "scarce", directory]);
      assertEquals(outcomes.pop(), "open");
      assert(outcomes.length > 0);
      for (const outcome of outcomes as string[][]) {
        assertEquals(outcome.slice(0, 2), ["failed", "EMFILE"], JSON.stringify(outcome));
        assert(outcome[2]?.startsWith(directory), outcome[2]);
      }
    }));
});
