// Holds the lock of a storage until it is killed, as a process of its own: `holder.ts DIRECTORY`.

import process from "node:process";
import { CheckpointStorage } from "../../src/checkpoints/mod.ts";

async function* content(): AsyncGenerator<Uint8Array, void, void> {
  yield new Uint8Array(1_000_000);
  console.log("holds the lock");
  // The timer keeps the process alive.
  await new Promise(() => setInterval(() => {}, 60_000));
}

await new CheckpointStorage(process.argv[2] ?? "").save(content());
