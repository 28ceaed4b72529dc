// A worker that cannot start, or a socket that cannot be opened, is reported immediately.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { checkCodeFile } from "../../src/blocking/worker_code.ts";
import { openBlocking } from "../../src/blocking/open.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { timeout } from "../support/limits.ts";
import { inDirectory } from "../support/socket.ts";

const isDeno = "Deno" in globalThis;
const isNode20 = process.versions.node.startsWith("20.") && !isDeno && !("Bun" in globalThis);
const compat = new URL("../../compat/xs.ts", import.meta.url);

describe("a worker that cannot start", { timeout }, () => {
  test("checkCodeFile() throws ENOENT if the code does not exist", () => {
    const error = assertThrows(() => checkCodeFile(new URL("none.js", import.meta.url)), Error, "a bundle needs it");
    assertEquals(codeOf(error), "ENOENT");
  });

  if (isNode20) {
    test("openBlocking() throws ENOSYS on Node 20 if the worker's code is TypeScript", () => {
      const error = assertThrows(() => openBlocking("embedded:"), Error, "only the built package can");
      assertEquals(codeOf(error), "ENOSYS");
    });
  }

  if (isDeno) {
    test("xs() throws EACCES on Deno if it may not read the worker's code", async () => {
      await inDirectory((directory) => {
        const file = join(directory, "program.ts");
        writeFileSync(
          file,
          `import { xs } from "${compat}";
           try { xs({ address: "embedded:" }); } catch (e) {
             console.log(e.args[0], /--allow-read=.*\\/src\\//.test(e.cause.message));
           }`,
        );
        const flags = ["run", "--no-prompt", "--no-check", "--quiet", "--allow-env"];
        const config = ["--config", configOf()];
        assertEquals(execFileSync(process.execPath, [...flags, ...config, file], { encoding: "utf8" }), "13 true\n");
        return Promise.resolve();
      });
    });
  }
});

describe("too many open files", { timeout }, () => {
  test("xs() fails with EMFILE if too many files are open", async () => {
    await inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      await using _server = await startScriptedServer(socket);
      const file = join(directory, "program.mts");
      writeFileSync(
        file,
        `import { xs } from "${compat}";
         const all = [];
         try { for (;;) all.push(xs({ address: "unix:${socket}" })); } catch (e) { console.log(e.args.join(" ")); }`,
      );
      const runtime = isDeno ? ["run", "-A", "--no-check", "--quiet", "--config", configOf()] : process.execArgv;
      const shell = ["-c", `ulimit -n 100 && exec "$0" "$@"`, process.execPath, ...runtime, file];
      assertEquals(execFileSync("sh", shell, { encoding: "utf8" }), "24 Too many open files\n");
    });
  });
});

function configOf(): string {
  return new URL("../../deno.json", import.meta.url).pathname;
}
