// Polling beside the real daemon: replies, and what a process asks of its event loop with one CPU and with all.

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { timeout } from "../support/limits.ts";
import { commandOf, runCommand } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";
import { type RealStore, startXenstored } from "./daemons.ts";

const module = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);

/** Reads with and without polling, and prints whether the turns of the event loop were asked for. */
const program = (address: string) =>
  `import { connect } from ${module};
const original = globalThis.setImmediate;
let turns = 0;
globalThis.setImmediate = (...args) => {
  turns++;
  return original(...args);
};
for (const poll of [0, 1000]) {
  const store = await connect(${JSON.stringify(address)}, { poll });
  turns = 0;
  await store.write("/tool/poll", "value");
  for (let i = 0; i < 200; i++) if (await store.readText("/tool/poll") !== "value") throw new Error("wrong");
  const polled = turns > 0;
  turns = 0;
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log(poll, polled, turns);
  await store.close();
}
`;

describe("a client of xenstored that polls", { timeout }, () => {
  let store: RealStore;
  before(async () => void (store = await startXenstored()));
  after(async () => void (await store?.stop()));

  async function output(prefix: readonly string[]): Promise<readonly [string, string]> {
    return await inDirectory(async (directory) => {
      const file = join(directory, "program.mts");
      writeFileSync(file, program(`unix:${store.socket}`));
      const { stdout, stderr } = await runCommand([...prefix, ...commandOf(file)]);
      return [stdout, stderr];
    });
  }

  test("asks for turns only while a reply is due, if the process has more than one CPU", async () => {
    assertEquals(await output([]), [`0 false 0\n1000 ${availableParallelism() > 1} 0\n`, ""]);
  });

  test("asks for no turn if the process may use one CPU", async () => {
    assertEquals(await output(["taskset", "-c", "0"]), ["0 false 0\n1000 false 0\n", ""]);
  });
});
