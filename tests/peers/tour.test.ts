// The tour on a pseudo-terminal, made with `script` from util-linux: its width and its colours.

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { commandOf, runCommand } from "../support/program.ts";

// deno-lint-ignore no-control-regex
const STYLES = /\x1b\[\d+m/g;

/** Runs the tour on a terminal with so many columns. Returns the printed lines. */
async function tour(columns: number, variables: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const command = commandOf("examples/tour.ts").map((word) => `'${word}'`).join(" ");
  const script = ["script", "--quiet", "--return", "--command", `stty cols ${columns} && exec ${command}`, "/dev/null"];
  const ended = await runCommand(script, {
    XENSTORED_PATH: "/nowhere/at/all",
    TERM: "xterm",
    NO_COLOR: undefined,
    ...variables,
  });
  assertEquals(ended.code, 0, ended.stdout + ended.stderr);
  return ended.stdout.split("\r\n");
}

describe("the tour on a terminal", { timeout: 60_000 }, () => {
  for (const columns of [80, 60]) {
    test(`the tour uses ${columns} columns and colours on a terminal`, async () => {
      const lines = await tour(columns, {});
      const plain = lines.map((line) => line.replace(STYLES, ""));
      for (const line of plain) assert(line.length <= columns && !line.includes("\x1b"), JSON.stringify(line));
      assert(lines.includes("\x1b[1mWatches\x1b[0m"), lines.join("\n"));
      assertStringIncludes(lines.join("\n"), "-> \x1b[36m<00 7f ff>\x1b[0m");
      assert(plain.some((line) => line.length > columns - 12), "the width of the terminal is used");
    });
  }

  test("the tour uses no colours if NO_COLOR is set or the terminal is dumb", async () => {
    for (const variables of [{ NO_COLOR: "1" }, { TERM: "dumb" }]) {
      const text = (await tour(80, variables)).join("\n");
      assert(!text.includes("\x1b"), JSON.stringify(text));
      assertStringIncludes(text, "-> <00 7f ff>");
    }
  });
});
