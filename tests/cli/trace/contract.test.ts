// The contract suite with our own daemon, through the proxy of `trace`.

import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../../../src/daemon/mod.ts";
import { DOM0, type Running } from "../../contract/store.ts";
import { contract } from "../../contract/suite.ts";
import { openTraced } from "../../support/traced_store.ts";

async function open(): Promise<Running> {
  const daemon = new Daemon();
  const directory = mkdtempSync("/tmp/tsxs-");
  const { path } = await daemon.listen(join(directory, "socket"));
  return await openTraced(path, async () => {
    await daemon.close();
    rmSync(directory, { recursive: true });
  });
}

contract({ ...DOM0, name: "our daemon, through a trace", open });
