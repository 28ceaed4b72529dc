// A process ends normally with a connection to our daemon, over its socket or embedded in the process.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Daemon } from "../../src/daemon/mod.ts";
import { endingsContract, runnerOf } from "../contract/endings.ts";
import { inDirectory } from "../support/socket.ts";

const program = fileURLToPath(new URL("../contract/ending.ts", import.meta.url));
const command = runnerOf(program, ["--import", "tsx"]);

endingsContract("our daemon, over its socket", command, async (use) => {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    const { path } = await daemon.listen(join(directory, "socket"));
    await use(`unix:${path}`);
  });
});

endingsContract("our daemon, embedded", command, (use) => use("embedded:"));
