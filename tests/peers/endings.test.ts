// A process ends normally with a connection to a real daemon.

import { fileURLToPath } from "node:url";
import { endingsContract, runnerOf } from "../contract/endings.ts";
import { startXenbus, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const program = fileURLToPath(new URL("../contract/ending.ts", import.meta.url));

withPeers("a process with a connection ends", () => {
  const command = runnerOf(program, ["--import", "tsx"]);
  endingsContract("xenstored, domain 0", command, async (use) => {
    await using store = await startXenstored();
    await use(`unix:${store.socket}`);
  });
  endingsContract("xenstored, stand-in for the device", command, async (use) => {
    await using store = await startXenstored();
    await using device = await startXenbus(store.socket);
    await use(`xenbus:${device.path}`);
  });
});
