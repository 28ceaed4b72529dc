// The command of the built package: the subcommands that load other files of the package find them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
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

  test("tsxs checkpoint loads the room of checkpoints, and reports its errors", async () => {
    const repository = ["--repository", join(directory, "checkpoints")];
    const action = (name: string, ...words: string[]) =>
      run("--address", "embedded:", "checkpoint", name, ...repository, ...words);
    const { code, stdout, stderr } = await action("save", "/tool");
    assertEquals([code, stderr], [0, ""]);
    assertEquals((await action("diff", stdout.trim())).code, 0);
    const missing = await action("save", "/none");
    assertEquals([missing.code, missing.stderr], [1, 'tsxs: saveTree "/none": No such file or directory (ENOENT)\n']);
  });

  test("tsxs serve loads the daemon", async () => {
    const { code, stderr } = await run("serve", "--socket", join(directory, "no", "socket"));
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'tsxs: cannot listen at "');
  });
});
