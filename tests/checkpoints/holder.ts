// Holds the lock of a storage until it is killed, as a process of its own: `holder.ts DIRECTORY`.

import process from "node:process";
import { CheckpointStorage } from "../../src/checkpoints/mod.ts";

async function* content(): AsyncGenerator<Uint8Array, void, void> {
  yield new Uint8Array(1_000_000);
  console.log("holds the lock");
  // The timer keeps the process alive, and its function keeps the save from being collected as garbage.
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1));
}

await new CheckpointStorage(process.argv[2] ?? "").save(content());
