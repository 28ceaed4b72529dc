// Completion in real shells: the Tab key is pressed in bash, zsh and fish, on stores with usual and with hostile names.

import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesOf, byteString } from "../../src/cli/bytes.ts";
import { quoted, wordsOf } from "../../src/cli/completion/shell_line.ts";
import { connect } from "../../src/client/client.ts";
import { Random } from "../support/random.ts";
import { inDirectory } from "../support/socket.ts";
import { serveTree, tree } from "../support/tree.ts";
import { serveAt } from "../support/tree_server.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { installCommand, type ShellName, Terminal } from "./shells/terminal.ts";

/** Names that would run or break something if a shell evaluated them. */
const hostile = [
  "$(touch pwned)",
  "`touch pwned`",
  "${IFS}",
  "two words",
  "q'uote",
  'd"ouble',
  "back\\slash",
  "semi;touch pwned",
  "and&touch pwned",
  "out>pwned",
  "ex!cl",
  "co:lon=x",
  "ti~lde*[x]?{a,b}",
  "%hash#",
  "-rf",
  ":4",
];
const lines: readonly (readonly [typed: string, line: string])[] = [
  ["tsxs rea", "tsxs read "],
  ["tsxs read --pre", "tsxs read --prefix "],
  ["tsxs --color=ne", "tsxs --color=never "],
  ["tsxs --color ne", "tsxs --color never "],
  ["tsxs --address u", "tsxs --address unix:"],
  ["tsxs completion f", "tsxs completion fish "],
  ["tsxs diff exam", "tsxs diff example.dump "],
  ["tsxs serve --log exam", "tsxs serve --log example.dump "],
  ["tsxs serve --log=exam", "tsxs serve --log=example.dump "],
  ["tsxs -a unix:exam", "tsxs -a unix:example.dump "],
  ["tsxs dump / > exam", "tsxs dump / > example.dump "],
  ["tsxs read /lo", "tsxs read /local/"],
  ["tsxs read /local/domain/0/n", "tsxs read /local/domain/0/name "],
  ["tsxs read -- /local/domain/0/n", "tsxs read -- /local/domain/0/name "],
  ["tsxs watch @r", "tsxs watch @releaseDomain "],
  ["tsxs wait /tool ", "tsxs wait /tool "],
  ["tsxs read /missing/", "tsxs read /missing/"],
];

withPeers("completion in real shells", () => {
  let command: { readonly path: string; remove(): void };
  before(() => void (command = installCommand()));
  after(() => command.remove());

  /** Starts a shell with the script, and calls a function with it and its directory. */
  async function inShell(
    shell: ShellName,
    socket: string | null,
    body: (terminal: Terminal, directory: string) => Promise<void>,
  ): Promise<void> {
    await inDirectory(async (directory) => {
      const address = socket ?? join(directory, "missing");
      // The usual time limit could pass on a busy machine.
      const variables = { PATH: command.path, XENSTORED_PATH: address, TSXS_COMPLETION_TIMEOUT: "600" };
      await using terminal = await Terminal.start(shell, variables, directory);
      writeFileSync(join(directory, "example.dump"), "kept");
      await body(terminal, directory);
    });
  }

  for (const shell of ["bash", "zsh", "fish"] as const) {
    describe(`completion in ${shell}`, () => {
      test("subcommands, options, their values, files and paths of xenstored are completed", async () => {
        await using daemon = await startXenstored();
        await using store = await connect(`unix:${daemon.socket}`);
        await store.write("/local/domain/0/name", "Domain-0");
        await inShell(shell, daemon.socket, async (terminal) => {
          for (const [typed, line] of lines) assertEquals((await terminal.complete(typed)).line, line);
        });
      });

      test("paths come from the store at the address that was typed", () =>
        inDirectory(async (directory) => {
          await using _server = await serveAt(join(directory, "other"), serveTree(tree("/other/store")));
          await using daemon = await startXenstored();
          await inShell(shell, daemon.socket, async (terminal) => {
            for (const option of ["-a unix:", "--address unix:", "--address=unix:", "-v --addr unix:"]) {
              const typed = `tsxs ${option}${directory}/other read /oth`;
              assertEquals((await terminal.complete(typed)).line, `${typed}er/`);
            }
            assertEquals((await terminal.complete("tsxs read /oth")).line, "tsxs read /oth");
          });
        }));

      test("a list shows all that begins so, with descriptions if the shell has them", () =>
        inShell(shell, null, async (terminal) => {
          const shown = shell === "fish"
            ? await terminal.run("complete -C 'tsxs re'")
            : (await terminal.complete("tsxs re")).shown;
          assertStringIncludes(shown, "restore");
          if (shell !== "bash") assertStringIncludes(shown, "print the values of nodes");
        }));

      test("without a store, the line stays as it is and nothing is shown", () =>
        inShell(shell, null, async (terminal) => {
          const { line, shown } = await terminal.complete("tsxs read /");
          assertEquals(line, "tsxs read /");
          assert(!/xs_open|No such|rror/.test(shown), shown);
        }));

      test("hostile names are completed as one argument, in each kind of quotes", () =>
        inDirectory(async (directory) => {
          const socket = join(directory, "socket");
          await using _server = await serveAt(socket, serveTree(tree(...hostile.map((name, i) => `/h/${i}/${name}`))));
          await inShell(shell, socket, async (terminal, directory) => {
            for (const [i, name] of hostile.entries()) {
              // The quotes of zsh and fish are their own. Between double quotes, bash takes `!` for its history.
              const quotes = shell !== "bash"
                ? [["", "'", '"'][i % 3] ?? ""]
                : ["", "'", ...name.includes("!") ? [] : '"'];
              for (const quote of quotes) {
                const { line } = await terminal.complete(`tsxs read ${quote}/h/${i}/`);
                const shown = await terminal.run(line.replace("tsxs read ", "printf '<%s>' "));
                assertStringIncludes(shown, `</h/${i}/${name}>`, line);
              }
            }
            assert(readdirSync(directory).every((file) => !file.startsWith("pwned")), `${readdirSync(directory)}`);
          });
        }));

      test("names with control characters or other bytes are neither completed nor shown", () =>
        inDirectory(async (directory) => {
          const socket = join(directory, "socket");
          const names = ["/b/esc\x1b]0;title\x07", "/b/line\nbreak", "/b/tab\tb", "/b/\u00e9", "/b/plain"];
          await using _server = await serveAt(socket, serveTree(tree(...names)));
          await inShell(shell, socket, async (terminal) => {
            assertEquals((await terminal.complete("tsxs read /b/")).line, "tsxs read /b/plain ");
            const { line, shown } = await terminal.complete("tsxs read /b/e");
            assertEquals(line, "tsxs read /b/e");
            assert(!shown.includes("title") && !shown.includes("break"), shown);
          });
        }));

      test("nothing that is typed runs or takes effect before the line is entered", () =>
        inShell(shell, null, async (terminal, directory) => {
          for (
            const typed of [
              "tsxs $(touch pwned) re",
              "tsxs read $(touch pwned)",
              'tsxs "$(touch pwned)" re',
              "tsxs --address=$(touch pwned) --col",
              "tsxs dump / > example.dump /lo",
            ]
          ) await terminal.complete(typed);
          assert(!existsSync(join(directory, "pwned")));
          assertEquals(readFileSync(join(directory, "example.dump"), "utf8"), "kept");
        }));
    });
  }

  test("bash accepts the script twice, and beside bash-completion", () => {
    for (const first of ["", "source /usr/share/bash-completion/bash_completion"]) {
      const script = `${first}\nset -e; for i in 1 2; do source <(tsxs completion bash); done; complete -p tsxs`;
      const output = execFileSync("bash", ["-c", script], {
        env: { PATH: command.path },
        stdio: ["ignore", "pipe", "pipe"],
        encoding: "utf8",
      });
      assertEquals(output, "complete -F __tsxs_complete tsxs\n");
    }
  });

  test("bash reads quoted text as it was, and splits a line into the same words as the command", () => {
    const seed = Number(process.env.TSXS_SEED ?? Date.now() % 1_000_000);
    const random = new Random(seed);
    const words = Array.from({ length: 500 }, () => {
      const text = Array.from({ length: random.below(12) }, () => String.fromCharCode(0x20 + random.below(95))).join(
        "",
      );
      const quote = random.of(["", "'", '"'] as const);
      const inserted = quoted(text, quote);
      const both = inserted === null ? quoted(text, "'") : inserted;
      const mark = inserted === null ? "'" : quote;
      return { text, line: `${mark}${both}${mark === "" && text === "" ? "''" : mark}` };
    });
    const line = `printf '%s\\0' ${words.map(({ line }) => line).join(" ")}`;
    const texts = words.map(({ text }) => text);
    assertEquals(wordsOf(line).slice(2).map(({ text }) => text), texts);
    const read = byteString(execFileSync("bash", ["-c", byteString(bytesOf(line))]));
    assertEquals(read.split("\0").slice(0, -1), texts, `seed ${seed}`);
  });
});
