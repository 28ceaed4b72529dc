// A package that Deno imports by HTTP starts its worker, although no worker starts from such an address.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { timeout } from "../support/limits.ts";
import { inDirectory } from "../support/socket.ts";

/** Serves the modules of the project, as a registry does. */
async function serveModules(): Promise<Server> {
  const root = new URL("../..", import.meta.url);
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/typescript");
    response.end(readFileSync(new URL(`.${request.url}`, root)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const program = (base: string): string => `
  import { xs } from "${base}/compat/xs.ts";
  const h = xs({ address: "embedded:" });
  h.write("0", "/hello", "world");
  console.log(h.read("0", "/hello"), h.transport);
  h.close();
`;

describe("modules imported by HTTP", { timeout }, () => {
  if (!("Deno" in globalThis)) {
    test("Node and Bun import no module by HTTP", async () => {
      const url = "http://127.0.0.1:1/mod.ts";
      await assertRejects(() => import(url));
    });
    return;
  }
  test("xs() of modules imported by HTTP starts a worker that was not fetched before", async () => {
    await inDirectory(async (directory) => {
      const server = await serveModules();
      const { port } = server.address() as AddressInfo;
      const file = join(directory, "program.ts");
      writeFileSync(file, program(`http://127.0.0.1:${port}`));
      const child = spawn(process.execPath, ["run", "--allow-all", "--no-check", "--quiet", file], {
        env: { ...process.env, DENO_DIR: join(directory, "cache") },
        stdio: ["ignore", "pipe", "inherit"],
      });
      assertEquals(await text(child.stdout), "world worker\n");
      server.closeAllConnections();
      server.close();
    });
  });
});
