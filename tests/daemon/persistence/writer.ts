// Keeps a random history in a directory, and reports each store before and after it is kept:
// `writer.ts DIRECTORY SEED SYNC`.

import { writeSync } from "node:fs";
import process from "node:process";
import { openJournal } from "../../../src/daemon/persistence/open.ts";
import type { SyncPolicy } from "../../../src/daemon/persistence/journal.ts";
import { eagerClock } from "./clocks.ts";
import { randomFractions } from "../../support/random.ts";
import { initial, Model, randomBatch } from "./model.ts";

/** Writes a line to the process that reads the output. */
function tell(line: string): void {
  for (let rest = encoder.encode(`${line}\n`); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      // Node's pipe does not block, and is full.
      if ((error as { readonly code?: string }).code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const encoder = new TextEncoder();
const pause = new Int32Array(new SharedArrayBuffer(4));
const [directory = "", seed = "0", sync = "always"] = process.argv.slice(2);
const random = randomFractions(Number(seed));
const model = new Model();
const { changes, isNew, journal } = await openJournal(directory, {
  sync: sync as SyncPolicy,
  interval: 2,
  compactAt: 4000,
  clock: eagerClock,
  snapshot: () => model.changes(),
});
model.apply(changes);
let count = 0;
for (let batch = isNew ? [...initial] : [];; batch = []) {
  if (model.paths.length === 0) model.apply(batch);
  else batch = randomBatch(model, random);
  tell(`next ${JSON.stringify(model.toString())}`);
  journal.append(batch);
  journal.commit();
  tell("kept");
  count++;
  if (count % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
}
