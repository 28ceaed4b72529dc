// Saves a checkpoint as a process of its own, and reports how it ended: `saver.ts DIRECTORY BYTE SIZE [PIECES]`.

import process from "node:process";
import { CheckpointError, CheckpointStorage } from "../../src/checkpoints/mod.ts";

/** How a save ended. */
export type Outcome =
  | { readonly kind: "saved"; readonly size: number }
  | { readonly kind: "failed"; readonly name: string; readonly fault: string; readonly code: string; message: string }
  | { readonly kind: "untyped"; readonly message: string };

const [directory = "", byte = "0", size = "0", pieces = "1"] = process.argv.slice(2);
const storage = new CheckpointStorage(directory);

async function* content(): AsyncGenerator<Uint8Array, void, void> {
  const length = Number(size) / Number(pieces);
  for (let i = 0; i < Number(pieces); i++) yield new Uint8Array(length).fill(Number(byte));
}

let outcome: Outcome;
try {
  outcome = { kind: "saved", size: (await storage.save(content())).size };
} catch (error) {
  outcome = error instanceof CheckpointError
    ? { kind: "failed", name: error.name, fault: error.fault, code: error.code, message: error.message }
    : { kind: "untyped", message: String(error) };
}
console.log(JSON.stringify(outcome));
