// The help of each subcommand: it names the options that the subcommand accepts, and no others.

import { describe, test } from "node:test";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { Help } from "../../src/cli/help_entry.ts";
import { globalOptions } from "../../src/cli/help.ts";
import { optionsOf } from "../../src/cli/help_options.ts";
import { helps } from "../../src/cli/help_texts.ts";
import { subcommandNames } from "../../src/cli/main.ts";
import { type Mode, optionsOf as rulesOf } from "../../src/cli/usage.ts";
import { run } from "../support/invocation.ts";

const modes: readonly Mode[] = ["read", "write", "rm", "exists", "list", "ls", "chmod", "watch", "tree"];
const letters = [..."abcdefgijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"];
/** An argument that no subcommand accepts: every long option of it begins so, or its only one takes no argument. */
const REFUSED = "--=";

/** Runs the command without a store, and returns the first line that it complains with. */
async function complaint(...words: readonly string[]): Promise<string> {
  const connected = (): never => {
    throw new Error("the command connected");
  };
  const { stderr } = await run(connected, ["tsxs", ...words]);
  return stderr.slice(0, stderr.indexOf("\n"));
}

/** Returns the long options that the parser of a subcommand knows, except for `--help`. */
async function longOptions(words: readonly string[]): Promise<string[]> {
  const [, names = ""] = /possibilities: (.*)$/.exec(await complaint(...words, REFUSED)) ?? [];
  return [...names.matchAll(/'--([^']+)'/g)].map(([, name = ""]) => name).filter((name) => name !== "help");
}

/** Returns the letters that the parser of a subcommand knows, except for `-h`. */
async function shortOptions(words: readonly string[]): Promise<string[]> {
  const known: string[] = [];
  for (const letter of letters) {
    // An option with an argument takes the first refused argument. The second one ends the subcommand.
    const text = await complaint(...words, `-${letter}`, REFUSED, REFUSED);
    if (!text.includes(`invalid option -- '${letter}'`)) known.push(letter);
  }
  return known;
}

/** Asserts that the help has the options, and says which of them take an argument. */
async function assertOptions(
  words: readonly string[],
  rows: Help["options"],
  action: string | null,
  long: readonly string[],
  short: readonly string[],
): Promise<void> {
  const options = optionsOf(rows).filter((option) => option.action === null || option.action === action);
  assertEquals(options.flatMap((option) => option.long ?? []).sort(), [...long].sort());
  assertEquals(options.flatMap((option) => option.letter ?? []).sort(), [...short].sort());
  for (const { long, word } of options) {
    if (long === null) continue;
    const refused = (await complaint(...words, `--${long}=`, REFUSED)).includes("doesn't allow an argument");
    assertEquals(refused, word === null, `--${long}`);
  }
}

describe("the options in a row of the help", () => {
  const named = (left: string): string[] =>
    optionsOf([[left, "description"]]).map(({ action, letter, long, word }) => [action, letter, long, word].join(" "));

  test("a row has a letter, long forms and a word", () => {
    assertEquals(named("-n, --number COUNT"), [" n number COUNT"]);
    assertEquals(named("-p"), [" p  "]);
    assertEquals(named("--dry-run"), ["  dry-run "]);
    assertEquals(named("-f, --format text|json"), [" f format text|json"]);
    assertEquals(named("--on, --off"), ["  on ", "  off "]);
    assertEquals(named("--[no-]color"), ["  color ", "  no-color "]);
    assertEquals(named("save -w, --walk"), ["save w walk "]);
  });

  test("a row without an option is invalid", () => {
    for (const left of ["", "number", "-n, -m", "--number a count"]) {
      assertThrows(() => named(left), Error, `the help of ${left} is invalid: expected "-l, --long WORD"`);
    }
  });
});

describe("the help", () => {
  test("every subcommand has an entry in the help, and every entry is a subcommand", () =>
    assertEquals([...helps.keys()].sort(), [...subcommandNames].sort()));

  test("every entry has examples of the subcommand, and statuses that begin with 0", () => {
    for (const [name, { examples, statuses }] of helps) {
      assert(examples.length > 0, name);
      for (const [line] of examples) assertMatch(line, new RegExp(`\\btsxs ${name}\\b`));
      assert(statuses === undefined || statuses[0]?.[0] === "0", name);
    }
  });

  for (const name of subcommandNames) {
    test(`tsxs ${name} --help prints the help of ${name} with its examples`, async () => {
      const never = (): never => {
        throw new Error("connected");
      };
      const asked = await run(never, ["tsxs", name, "--help"]);
      assertEquals(asked, await run(never, ["tsxs", "help", name]));
      assertStringIncludes(asked.stdout, "\nExamples:\n");
    });
  }

  for (const [name, { options }] of helps) {
    if (modes.some((mode) => mode === name)) continue;
    test(`the help of ${name} has exactly the options that ${name} accepts`, async () => {
      const action = optionsOf(options).map((option) => option.action).find((one) => one !== null);
      const words = action === undefined ? [name] : [name, action ?? ""];
      const parses = /invalid option -- 'Z'/.test(await complaint(...words, "-Z", REFUSED));
      assert(parses || options.length === 0, "the subcommand parses no options");
      const actions = new Set(optionsOf(options).map(({ action }) => action));
      // An action may have options of its own. Its parser has those of all actions as well.
      for (const action of parses ? actions.size > 1 ? [...actions].filter((one) => one !== null) : [null] : []) {
        const words = action === null ? [name] : [name, action];
        await assertOptions(words, options, action, await longOptions(words), await shortOptions(words));
      }
    });
  }

  for (const mode of modes) {
    test(`the help of ${mode} has exactly the options that ${mode} accepts`, async () => {
      const rules = rulesOf(mode).filter(({ letter }) => letter !== "h");
      const long = rules.flatMap((rule) => rule.long ?? []);
      const short = rules.flatMap(({ letter }) => letter.length === 1 ? letter : []);
      await assertOptions([mode], helps.get(mode)?.options ?? [], null, long, short);
    });
  }

  test("the help has exactly the options of the command itself", async () => {
    const options = globalOptions.filter(([left]) => left !== "-h, --help");
    await assertOptions([], options, null, await longOptions([]), await shortOptions([]));
  });

  test("an option after the operands asks for the help as well", async () => {
    const never = (): never => {
      throw new Error("connected");
    };
    for (const words of [["read", "/tool", "--help"], ["dump", "/tool", "-h"], ["watch", "--hel"]]) {
      const { ending, stdout } = await run(never, ["tsxs", ...words]);
      assertEquals([ending, stdout.split(" ")[0]], [0, "Usage:"]);
    }
  });

  test("the letter of the help prints the usage of a tool, as the tools do", async () => {
    const never = (): never => {
      throw new Error("connected");
    };
    assertEquals(await run(never, ["tsxs", "read", "-h"]), {
      ending: 0,
      stdout: "",
      stderr: "tsxs: Usage: tsxs read [-h] [-p] [-R] key [...]\n",
    });
    assertEquals((await run(never, ["xenstore-read", "--help"])).stdout, "");
  });
});
