// Every example of the documentation runs with its own embedded store.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon } from "../src/daemon/mod.ts";
import { examplesRun } from "./support/examples.ts";

examplesRun("the embedded daemon", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  const daemon = new Daemon();
  const socket = join(directory, "socket");
  await daemon.listen(socket);
  return {
    socket,
    [Symbol.asyncDispose]: async () => {
      await daemon.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}, false);
