// exits.test.ts: a process with a connection ends when it wants to, though a read may wait in the kernel

import { spawn } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { startXenbus, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const program = fileURLToPath(new URL("./exits.ts", import.meta.url));
const flags = "Deno" in globalThis ? ["run", "-A", "--no-check"] : "Bun" in globalThis ? [] : ["--import", "tsx"];

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

async function end(address: string, way: string): Promise<Ending> {
  const child = spawn(process.execPath, [...flags, program, address, way], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  return await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (code, signal) => resolve({ code, signal, output }));
  });
}

withPeers("a process with a connection ends", () => {
  for (const kind of ["unix", "xenbus"]) {
    describe(`a process with a ${kind} connection`, () => {
      const ways: Record<string, (ending: Ending) => void> = {
        close: ({ code }) => assertEquals(code, 0),
        exit: ({ code }) => assertEquals(code, 7),
        throw: ({ code, output }) => {
          assertEquals(code, 1);
          assertStringIncludes(output, "thrown on purpose");
        },
        kill: ({ signal }) => assertEquals(signal, "SIGTERM"),
      };
      for (const [way, check] of Object.entries(ways)) {
        it(`ends by ${way}`, { timeout: 20_000 }, async () => {
          await using store = await startXenstored();
          await using device = await startXenbus(store.socket);
          const ending = await end(kind === "unix" ? `unix:${store.socket}` : `xenbus:${device.path}`, way);
          assertStringIncludes(ending.output, "connected");
          check(ending);
        });
      }
    });
  }
});
