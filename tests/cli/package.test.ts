// The command of the built package: the subcommands that load other files of the package find them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { commandOf, runCommand } from "../support/program.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

describe("the command of the built package", { timeout: 120_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  const run = (...words: string[]) => runCommand([...commandOf(join(directory, "cli.js")), ...words]);

  before(() => {
    const code = `import("./build/code.ts").then(({ buildCode }) => buildCode(${JSON.stringify(directory)}))`;
    writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
    execFileSync(join(root, "node_modules", ".bin", "tsx"), ["--eval", code], { cwd: root, stdio: "pipe" });
  });
  after(() => rmSync(directory, { recursive: true }));

  test("tsxs loads the embedded store of an address", async () => {
    const { code, stdout, stderr } = await run("--address", "embedded:", "list", "/tool");
    assertEquals([code, stdout, stderr], [0, "xenstored\n", ""]);
  });

  test("tsxs tour loads the client", async () => {
    const { code, stdout, stderr } = await run("--address", "embedded:", "tour");
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "attempt 2 reads -> 41");
  });

  test("tsxs domains loads the list of domains, and goes on without a hypervisor that does not answer", async () => {
    const xl = join(directory, "xl");
    writeFileSync(xl, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const words = [...commandOf(join(directory, "cli.js")), "-a", "embedded:", "domains", "--root", directory];
    const { code, stdout, stderr } = await runCommand(words, { PATH: `${directory}:${process.env.PATH}` });
    assertEquals([code, stdout], [0, " Id   Name   State\n--------------------\n\n"]);
    assertEquals(stderr, `tsxs: xlList: "${xl} list -v" failed: it ended with status 1: listing without it\n`);
    const missing = await run("-a", "embedded:", "shutdown", "nothing");
    assertEquals([missing.code, missing.stderr], [1, "tsxs: domain 'nothing' does not exist or does not run\n"]);
  });

  test("tsxs serve loads the daemon", async () => {
    const { code, stderr } = await run("serve", "--socket", join(directory, "no", "socket"));
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'tsxs: cannot listen at "');
  });
});
