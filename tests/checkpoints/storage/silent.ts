// Saves from a source that is silent and that nothing leads to, and makes garbage: `silent.ts DIRECTORY`.

import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { CheckpointStorage } from "../../../src/checkpoints/mod.ts";

const [directory = ""] = process.argv.slice(2);
const storage = new CheckpointStorage(directory);

async function* silent(): AsyncGenerator<Uint8Array, void, void> {
  yield new Uint8Array(3);
  await new Promise(() => {});
}

void storage.save(silent());
// The next file exists.
while (await storage.breakLock().then(() => true, () => false)) await setImmediate();
let sum = 0;
for (let round = 0; round < 400; round++) {
  // Each is a pause in which what was collected is finalized.
  await setImmediate();
  for (let i = 0; i < 20; i++) sum += new Array(10_000).fill(round).length;
}
console.log(`${sum} elements, and the lock is ${await storage.breakLock().then(() => "gone", () => "there")}`);
