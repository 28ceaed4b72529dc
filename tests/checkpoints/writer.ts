// Saves again and again while another process does the same: `writer.ts DIRECTORY BYTE ROUNDS`.

import process from "node:process";
import { CheckpointStorage, LockedStorageError } from "../../src/checkpoints/mod.ts";

const [directory = "", byte = "0", rounds = "0"] = process.argv.slice(2);
const storage = new CheckpointStorage(directory);
for (let round = 0; round < Number(rounds);) {
  const content = new Uint8Array(2 + round * 5000).fill(Number(byte));
  content[1] = round;
  try {
    await storage.save(content);
    round++;
  } catch (error) {
    if (!(error instanceof LockedStorageError)) throw error;
    // The owner may have written its name in the instant between.
    if (error.state === "dead" || await storage.breakLock().catch(() => false)) {
      throw new Error("a live lock was broken");
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
console.log(`${rounds} saved`);
