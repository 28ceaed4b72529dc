// Programs that speak SFTP: their end, also if another program keeps their pipes open.

import process from "node:process";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { startProgram } from "../../../src/pools/sftp/process.ts";

/** Starts a shell that leaves a program with its pipes, and returns the number of that program. */
async function startWithHolder(rest: string) {
  const duplex = await startProgram(["sh", "-c", `sleep 1000 & echo $!; ${rest}`]);
  const pieces = duplex.received[Symbol.asyncIterator]();
  const { value } = await pieces.next();
  const holder = Number(new TextDecoder().decode(value ?? undefined));
  assert(holder > 1);
  return { duplex, pieces, holder };
}

describe("a program that speaks SFTP", () => {
  test("is closed although another program keeps its pipes open", async () => {
    const { duplex, pieces, holder } = await startWithHolder("exec cat >/dev/null");
    try {
      await Promise.all([duplex.close(), duplex.close()]);
      assertEquals((await pieces.next()).done, true);
    } finally {
      process.kill(holder);
    }
  });

  test("that has ended ends what was received although another program keeps its pipes open", async () => {
    const { duplex, pieces, holder } = await startWithHolder("echo 'it is over' >&2; exit 3");
    try {
      assertEquals((await pieces.next()).done, true);
      assertEquals(await duplex.lastMessages(), "it is over\n");
      await duplex.close();
    } finally {
      process.kill(holder);
    }
  });

  test("that ignores signals is closed", async () => {
    const duplex = await startProgram(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]);
    await duplex.received[Symbol.asyncIterator]().next();
    await duplex.close();
  });
});
