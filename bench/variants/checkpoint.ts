// Saving a tree into a storage, and restoring it after it was removed. Argument: the path of the tree.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { connect } from "../../mod.ts";
import { CheckpointRepository, openTree, restoreTree, saveTree } from "../../src/checkpoints/mod.ts";
import { argument, microseconds, ownCpu, report } from "./measure.ts";

const directory = mkdtempSync(join(tmpdir(), "tsxs-bench-"));
try {
  await using store = await connect();
  const storage = await new CheckpointRepository(directory).create();
  const cpu = ownCpu();
  const save = await microseconds(1, async () => void await saveTree(store, argument(0), { storage }));
  const saveCpu = ownCpu() - cpu;
  await store.delete(argument(0));
  const checkpoint = await openTree(storage);
  const between = ownCpu();
  const restore = await microseconds(1, async () => void await restoreTree(store, checkpoint));
  report({
    save: save / 1000,
    restore: restore / 1000,
    "save cpu": saveCpu / 1000,
    "restore cpu": (ownCpu() - between) / 1000,
    nodes: (await checkpoint.summary()).nodes,
    memory: process.resourceUsage().maxRSS / 1024,
  });
} finally {
  rmSync(directory, { recursive: true });
}
