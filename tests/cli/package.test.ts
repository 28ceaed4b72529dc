// The command of the built package: the subcommands that load other files of the package find them.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
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

  test("tsxs completion prints the scripts, which no other file of the package contains", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout, stderr } = await run("completion", shell);
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, `(tsxs completion ${shell} complete -- `);
    }
    const files = readdirSync(directory).filter((file) => file.endsWith(".js"));
    const containing = files.filter((file) => /__tsxs_|@bomb\.sh/.test(readFileSync(join(directory, file), "utf8")));
    assertEquals(containing, ["completion_scripts.js"]);
  });

  test("tsxs completion answers to the scripts", async () => {
    const { stdout } = await run("completion", "zsh", "complete", "--", "read", "--pre");
    assertEquals(stdout, "--prefix\tprint the path before each result\n:4\n");
  });

  test("the licence of each package whose parts are in the files is beside them", () => {
    const licences = readFileSync(join(directory, "licences.txt"), "utf8");
    assertStringIncludes(licences, "@bomb.sh/tab 0.0.22");
    assertStringIncludes(licences, "Permission is hereby granted, free of charge");
  });

  test("tsxs shell loads the shell, which shares the errors of the store with the subcommands", async () => {
    const input = "-read /nothing\n-bogus\nwrite /tool/a 1\nfind '/tool/a'\nevent x trace true\n-ls /nothing\n";
    const ran = await runCommand(
      [...commandOf(join(directory, "cli.js")), "--address", "embedded:", "shell"],
      {},
      input,
    );
    assertEquals([ran.code, ran.stdout], [0, "/tool/a\n"]);
    assertStringIncludes(ran.stderr, "tsxs: couldn't read path /nothing\ntsxs: unknown mode bogus\n");
    assertStringIncludes(ran.stderr, "tsxs: xs_directory (/nothing): No such file or directory\n");
  });

  test("tsxs trace loads the streams, and what listens", async () => {
    const [program = "", ...words] = commandOf(join(directory, "cli.js"));
    const { code, stdout, stderr } = await run("-a", "embedded:", "trace", program, ...words, "list", "/tool");
    assertEquals([code, stdout], [0, "xenstored\n"]);
    assertMatch(stderr, / 1 < DIRECTORY #\d+ tx 1 "xenstored"\n/);
  });

  test("tsxs serve loads the daemon", async () => {
    const { code, stderr } = await run("serve", "--socket", join(directory, "no", "socket"));
    assertEquals(code, 1);
    assertStringIncludes(stderr, 'tsxs: cannot listen at "');
  });
});
