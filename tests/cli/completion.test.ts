// `completion`: what it answers to the scripts of the shells, with the options, words and nodes that stand at a cursor.

import { describe, test } from "node:test";
import { ShellCompDirective } from "@bomb.sh/tab";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NO_FILES, NO_SPACE } from "../../src/cli/completion/answer.ts";
import { meaningOf, operandWord, shells } from "../../src/cli/completion/words.ts";
import { globalOptions } from "../../src/cli/help.ts";
import { optionsOf } from "../../src/cli/help_options.ts";
import { helps } from "../../src/cli/help_texts.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { run, type Setting } from "../support/invocation.ts";
import { Peer } from "../support/peer.ts";
import { serveTree, tree } from "../support/tree.ts";

const noFiles = `:${NO_FILES}`;
const noSpace = `:${NO_FILES + NO_SPACE}`;
const files = ":0";
const nodes = new Map([
  ...tree("/local/domain/0/name", "/local/domain/12", "/log", "/a b/c", "/esc\x1b[2J", "/line\nbreak", "/tab\tb"),
  // A path without a slash at its beginning is below the node of the domain.
  ["device", { value: "", children: ["vbd"] }],
]);

function open(): Peer["transport"] {
  const peer = new Peer();
  peer.serve(serveTree(nodes));
  return peer.transport;
}

/** Returns the lines that the command answers. The last word is the one at the cursor. */
async function answer(words: readonly string[], setting: Setting = {}, connect: typeof open = open): Promise<string[]> {
  // The usual time limit could pass on a busy machine.
  const variables = { TSXS_COMPLETION_TIMEOUT: "600", ...setting.variables };
  const ran = await run(connect, ["tsxs", "completion", "fish", "complete", "--", ...words], { ...setting, variables });
  assertEquals([ran.ending, ran.stderr], [0, ""]);
  return ran.stdout.trimEnd().split("\n");
}

/** Returns the completions without their descriptions, and the directive. */
async function found(line: string, setting?: Setting): Promise<string[]> {
  return (await answer(line.split(" "), setting)).map((text) => text.split("\t")[0] ?? "");
}

describe("completion", () => {
  test("the names of all subcommands are completed with their summaries", async () => {
    const lines = [...helps].map(([name, { summary }]) => `${name}\t${summary}`);
    assertEquals(await answer([""]), [...lines, noFiles]);
    assertEquals(await found("re"), ["read", "restore", "reboot", noFiles]);
    assertEquals(await found("help wat"), ["watch", noFiles]);
  });

  test("the options of a subcommand are completed with their descriptions", async () => {
    assertEquals(await answer(["read", "-"]), [
      "-p\tprint the path before each result",
      "--prefix\tprint the path before each result",
      "-R\tprint the bytes as they are, without a line end",
      "--raw\tprint the bytes as they are, without a line end",
      "--json\tprint JSON lines",
      "-h\tprint the help",
      "--help\tprint the help",
      noFiles,
    ]);
    assertEquals(await found("read /a --p"), ["--prefix", noFiles]);
  });

  for (const [name, help] of helps) {
    test(`each option in the help of ${name} is completed`, async () => {
      for (const { long, letter } of optionsOf(help.options)) {
        if (long !== null) assert((await found(`${name} --`)).includes(`--${long}`));
        if (letter !== null) assert((await found(`${name} -`)).includes(`-${letter}`));
      }
    });
  }

  for (
    const [line, expected] of [
      ["--", [...optionsOf(globalOptions).map(({ long }) => `--${long}`), noFiles]],
      ["--color ", ["auto", "always", "never", noFiles]],
      ["--color=a", ["--color=auto", "--color=always", noFiles]],
      ["--col a", ["auto", "always", noFiles]],
      ["--color never rea", ["read", noFiles]],
      ["--address ", ["unix:", "xenbus:", "embedded:", noSpace]],
      ["-a unix:/ru", [files]],
      ["-a embedded:x", [noFiles]],
      ["--timeout ", [noFiles]],
      ["-v -x rea", ["read", noFiles]],
      ["completion ", ["bash", "zsh", "fish", noFiles]],
      ["completion bash ", [noFiles]],
      ["diff ", [files]],
      ["diff a ", [files]],
      ["restore -n ", [files]],
      ["serve --data ", [files]],
      ["serve --log=/a", [files]],
      ["serve ", [noFiles]],
      ["dump /lo", ["/local/", "/log", noSpace]],
      ["dump /loc", ["/local/", noSpace]],
      ["dump /log", ["/log", noFiles]],
      ["dump /log ", [noFiles]],
      ["read /log /local/domain/", ["/local/domain/0/", "/local/domain/12", noSpace]],
      ["read -p -R /local/domain/0/", ["/local/domain/0/name", noFiles]],
      ["write /lo", ["/local/", "/log", noSpace]],
      ["write /log /lo", [noFiles]],
      ["write /log x /log", ["/log", noFiles]],
      ["chmod /log ", [noFiles]],
      ["wait /log /lo", [noFiles]],
      ["watch -n ", [noFiles]],
      ["watch -n 1 /log", ["/log", noFiles]],
      ["watch -n1 --depth=2 /log", ["/log", noFiles]],
      ["watch @", ["@introduceDomain", "@releaseDomain", noFiles]],
      ["rm -t /log", ["/log", noFiles]],
      ["find /log", ["/log", noFiles]],
      ["find -v /log", [noFiles]],
      ["read -- /log", ["/log", noFiles]],
      ["read -- -", [noFiles]],
      ["read device/v", ["device/vbd", noFiles]],
      ["read dev", [noFiles]],
      ["read /missing/", [noFiles]],
      ["control ", [noFiles]],
      ["nothing ", [noFiles]],
      ["--nothing rea", ["read", noFiles]],
    ] as const
  ) {
    test(`tsxs ${line} is completed with ${expected.join(" ")}`, async () =>
      assertEquals(await found(line), [...expected]));
  }

  test("a path that is not begun is completed from the root", async () =>
    assertEquals(await found("read "), ["/local/", "/log", "/a b/", noSpace]));

  test("a name with other bytes than printable ASCII is no completion", async () => {
    for (const begun of ["/esc", "/line", "/tab"]) assertEquals(await found(`read ${begun}`), [noFiles]);
  });

  test("with POSIXLY_CORRECT, no option is completed after an operand", async () => {
    const setting = { variables: { POSIXLY_CORRECT: "1" } };
    assertEquals(await found("read /log --p", setting), [noFiles]);
    assertEquals(await found("read --p", setting), ["--prefix", noFiles]);
  });

  test("paths come from the store at the address that was typed", async () => {
    const addresses: (string | undefined)[] = [];
    const connect = (address?: string): Peer["transport"] => {
      addresses.push(address);
      return open();
    };
    for (const words of [["read"], ["-a", "unix:/b", "read"], ["--address=unix:/c", "-v", "read", "-p"]]) {
      assertEquals(await answer([...words, "/log"], {}, connect), ["/log", noFiles]);
    }
    assertEquals(await answer(["-a", "/invalid", "read", "/log"], {}, connect), [noFiles]);
    assertEquals(addresses, [undefined, "unix:/b", "unix:/c"]);
  });

  test("without a store, no path is completed and nothing is complained about", async () => {
    const connect = (): never => {
      throw codedError("ECONNREFUSED", "no store");
    };
    assertEquals(await answer(["read", "/"], {}, connect), [noFiles]);
  });

  test("a store that does not answer ends the wait after a time limit", async () => {
    const connect = (): Peer["transport"] => {
      const peer = new Peer();
      peer.serve(() => {});
      return peer.transport;
    };
    const setting = { variables: { TSXS_COMPLETION_TIMEOUT: ".01" } };
    assertEquals(await answer(["read", "/"], setting, connect), [noFiles]);
  });

  test("a directory of many nodes is completed without a request for each of them", async () => {
    const peer = new Peer();
    const answerAll = serveTree(tree(...Array.from({ length: 500 }, (_, i) => `/d/${i}`)));
    let requests = 0;
    peer.serve((request) => {
      requests++;
      answerAll(request);
    });
    const lines = await answer(["read", "/d/"], {}, () => peer.transport);
    assertEquals([lines.length, lines[7]], [501, "/d/7"]);
    assert(requests < 20, `${requests} requests`);
  });

  test("for bash, the program splits the line, and answers with the part that the shell replaces", async () => {
    const bash = async (line: string, replaced: string): Promise<string> =>
      (await run(open, ["tsxs", "completion", "bash", "complete", "--", line, replaced], {
        variables: { TSXS_COMPLETION_TIMEOUT: "600" },
      })).stdout;
    assertEquals(await bash("tsxs read /lo", "/lo"), `/local/\n/log\n${noSpace}\n`);
    assertEquals(await bash("A=1 tsxs read '/a", "/a"), `/a b/\n${noSpace}\n`);
    assertEquals(await bash("tsxs read /a", "/a"), `/a\\ b/\n${noSpace}\n`);
    assertEquals(await bash("tsxs read --prefix=/a", "/a"), `${noFiles}\n`);
    assertEquals(await bash("tsxs --color=a", "a"), `auto\nalways\n${noFiles}\n`);
    assertEquals(await bash("tsxs dump / > /lo", "/lo"), `${files}\n`);
    assertEquals(await bash("tsxs dump > file /lo", "/lo"), `/local/\n/log\n${noSpace}\n`);
    assertEquals(await bash("tsxs read $HO", "$HO"), `${noFiles}\n`);
  });

  test("a shell that is unknown ends the command with a message", async () => {
    for (const words of [["powershell"], ["powershell", "complete", "--", ""]]) {
      const { ending, stdout, stderr } = await run(open, ["tsxs", "completion", ...words]);
      assertEquals([ending, stdout], [1, ""]);
      assertEquals(stderr, "tsxs: unknown shell 'powershell': expected bash, zsh or fish\n");
    }
    assertEquals((await run(open, ["tsxs", "completion"])).stderr, "tsxs: Usage: tsxs completion [-h] SHELL\n");
  });

  test("the shell may follow --", async () => {
    const { ending, stdout } = await run(open, ["tsxs", "completion", "--", "bash"]);
    assertEquals([ending, stdout], [0, (await run(open, ["tsxs", "completion", "bash"])).stdout]);
  });
});

describe("the words in capitals of the help", () => {
  test("the completion knows what every word of a usage and of an option stands for", () => {
    const unknown = [...helps].flatMap(([name, { usage, options }]) => {
      const operands = Array.from({ length: 4 }, (_, i) => operandWord(usage, i)).filter((word) => word !== null);
      const words = [...operands, ...optionsOf(options).flatMap(({ word }) => word ?? [])];
      return words.filter((word) => meaningOf(word) === null).map((word) => `${name}: ${word}`);
    });
    assertEquals(unknown, []);
    for (const { word } of optionsOf(globalOptions)) assert(word === null || meaningOf(word) !== null, word ?? "");
  });

  test("the operands of a usage are found at their places", () => {
    const words = (usage: string): (string | null)[] => [0, 1, 2, 3].map((index) => operandWord(usage, index));
    assertEquals(words("[-p] [-R] PATH..."), ["PATH", "PATH", "PATH", "PATH"]);
    assertEquals(words("[-R] PATH VALUE [PATH VALUE...]"), ["PATH", "VALUE", "PATH", "VALUE"]);
    assertEquals(words("[-t SECONDS] PATH [VALUE]"), ["PATH", "VALUE", null, null]);
    assertEquals(words("--socket SOCKET [OPTION...]"), [null, null, null, null]);
    assertEquals(words("[--json] ([--out FILE] [PROGRAM [ARGUMENT...]] | --replay FILE)"), [
      "PROGRAM",
      "ARGUMENT",
      "ARGUMENT",
      "ARGUMENT",
    ]);
    assertEquals(words("ACTION [OPTION...] [ARGUMENT...]"), ["ACTION", "ARGUMENT", "ARGUMENT", "ARGUMENT"]);
    assertEquals(words("save|list NAME"), ["save|list", "NAME", null, null]);
    assertEquals(words(""), [null, null, null, null]);
  });

  test("the command accepts every choice for --color", async () => {
    const meaning = meaningOf("WHEN");
    assert(meaning?.type === "choice" && meaning.choices.length === 3);
    for (const choice of meaning.choices) {
      assertEquals((await run(open, ["tsxs", "--color", choice, "version"])).ending, 0);
    }
  });
});

describe("the scripts of the completion", () => {
  test("the directives are those of the package that makes the scripts", () => {
    assertEquals(NO_SPACE, ShellCompDirective.ShellCompDirectiveNoSpace);
    assertEquals(NO_FILES, ShellCompDirective.ShellCompDirectiveNoFileComp);
  });

  for (const shell of shells) {
    test(`the script for ${shell} asks the command, and evaluates no text`, async () => {
      const { ending, stdout, stderr } = await run(open, ["tsxs", "completion", shell]);
      assertEquals([ending, stderr], [0, ""]);
      assertStringIncludes(stdout, `(tsxs completion ${shell} complete -- `);
      const code = stdout.replace(/^\s*#.*$/gm, "");
      for (const evaluating of [/\beval\b/, /compgen -W/, /^readonly/m, /_describe.* -Q/]) {
        assert(!evaluating.test(code), `${evaluating}`);
      }
    });
  }
});
