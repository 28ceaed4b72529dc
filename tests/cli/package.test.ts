// The command of the built package: the subcommands that load other files of the package find them.

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { subcommandNames } from "../../src/cli/main.ts";
import { tools } from "../../src/cli/tools.ts";
import { Daemon } from "../../src/daemon/mod.ts";
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

  describe("called by a link, as those in node_modules/.bin", () => {
    const links = join(directory, "a link's #1 %41");
    const linked = (name: string, ...words: string[]) =>
      runCommand([...commandOf(join(links, name)), ...words], { PATH: links });

    before(() => {
      mkdirSync(links);
      for (const name of ["tsxs", "xenstore-list"]) symlinkSync(join("..", "cli.js"), join(links, name));
    });

    for (const name of subcommandNames.filter((name) => !["help", "version", "control"].includes(name))) {
      test(`tsxs ${name} is found`, async () => {
        const { code, stdout, stderr } = await linked("tsxs", name, "-h");
        // The tools of Xen print their usage as an error.
        assertEquals(code, 0);
        assertMatch(stdout + stderr, new RegExp(`^(?:tsxs: )?Usage: tsxs ${name}\\b`));
      });
    }

    test("tsxs help, tsxs version and tsxs control are found", async () => {
      assertStringIncludes((await linked("tsxs", "help")).stdout, "Usage: tsxs");
      assertMatch((await linked("tsxs", "--version")).stdout, /^tsxs \d/);
      assertEquals((await linked("tsxs", "--address", "embedded:", "control", "check")).stdout, "OK\n");
    });

    test("tsxs finds the embedded store, the client and the daemon", async () => {
      assertEquals((await linked("tsxs", "--address", "embedded:", "list", "/tool")).stdout, "xenstored\n");
      assertEquals((await linked("tsxs", "--address", "embedded:", "find", "/tool/*")).stdout, "/tool/xenstored\n");
      assertStringIncludes((await linked("tsxs", "--address", "embedded:", "tour")).stdout, "attempt 2 reads -> 41");
      assertStringIncludes((await linked("tsxs", "serve", "--socket", "/proc/no")).stderr, "tsxs: cannot listen at ");
    });

    test("an unknown subcommand gets a hint from all names", async () => {
      const { code, stderr } = await linked("tsxs", "dmup");
      assertEquals([code, stderr], [1, "tsxs: unknown mode dmup: did you mean 'dump'?\n\n"]);
    });
  });

  test("a tool of Xen needs no other file than cli.js, also by a link", async () => {
    await using daemon = new Daemon();
    const alone = join(directory, "alone");
    mkdirSync(alone);
    writeFileSync(join(alone, "package.json"), '{ "type": "module" }\n');
    copyFileSync(join(directory, "cli.js"), join(alone, "cli.js"));
    for (const name of tools.keys()) symlinkSync("cli.js", join(alone, `xenstore-${name}`));
    const socket = join(alone, "socket");
    await daemon.listen(socket);
    const call = (name: string, ...words: string[]) =>
      runCommand([...commandOf(join(alone, `xenstore-${name}`)), ...words], { XENSTORED_PATH: socket });
    const calls: readonly (readonly [name: string, words: readonly string[], stdout: string])[] = [
      ["write", ["/a/b", "1"], ""],
      ["read", ["/a/b"], "1\n"],
      ["exists", ["/a"], ""],
      ["list", ["/a"], "b\n"],
      ["chmod", ["/a/b", "n0"], ""],
      ["ls", ["/a"], 'b = "1"\n'],
      ["watch", ["-n", "1", "/a"], "/a\n"],
      ["control", ["check"], "OK\n"],
      ["rm", ["/a"], ""],
    ];
    for (const [name, words, stdout] of calls) {
      assertEquals([name, await call(name, ...words)], [name, { code: 0, stdout, stderr: "" }]);
    }
    assertEquals(calls.map(([name]) => name).sort(), [...tools.keys()].sort());
  });
});
