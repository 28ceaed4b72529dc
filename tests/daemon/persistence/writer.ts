// A process that keeps a history in a directory, and tells what it is about to keep and what it kept: `writer.ts DIRECTORY SEED SYNC`.

import { writeSync } from "node:fs";
import process from "node:process";
import { openJournal } from "../../../src/daemon/persistence/open.ts";
import type { SyncPolicy } from "../../../src/daemon/persistence/journal.ts";
import { eagerClock } from "./clocks.ts";
import { initial, Model, randomBatch, randomOf } from "./model.ts";

const [directory = "", seed = "0", sync = "always"] = process.argv.slice(2);
const random = randomOf(Number(seed));
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
  writeSync(1, `next ${JSON.stringify(model.toString())}\n`);
  journal.append(batch);
  journal.commit();
  writeSync(1, "kept\n");
  count++;
  if (count % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
}
