// Makes storages while other processes do the same: `creator.ts BASE LEGACY COUNT`.

import process from "node:process";
import { CheckpointError, CheckpointStorage } from "../../src/checkpoints/mod.ts";

const [base = "", legacy = "", count = "0"] = process.argv.slice(2);
for (let i = 0; i < Number(count); i++) {
  const storage = await CheckpointStorage.create(base, { legacy: legacy === "true" });
  console.log(storage.location);
  // Another process in legacy mode may have removed the storage already.
  await storage.save(new Uint8Array([7])).catch((error) => {
    if (!(error instanceof CheckpointError)) throw error;
  });
}
