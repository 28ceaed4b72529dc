// Words of the shell: quotes as in POSIX shells, and words that a user may type for any bytes.

import { execFileSync } from "node:child_process";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { quoteStart, quoteWord, wordsOf } from "../../../src/cli/shell/words.ts";
import { Random } from "../../support/random.ts";

function texts(line: string): string[] {
  return wordsOf(line).words.map(({ text }) => text);
}

describe("wordsOf()", () => {
  test("takes quotes and backslashes as sh does", () => {
    const lines = [
      "read /tool/a",
      "  a\tb  ",
      `'a b' "c d" e\\ f`,
      `a'b'"c"\\d`,
      `"\\"\\\\\\$\\\`\\a"`,
      `'\\'`,
      `'' "" x`,
      `a#b # c`,
      `a 'b\nc' "d\ne" f\\\ng`,
      `write /a '\\001\\xff'`,
      `--exec 'echo "$1"' *? [x] {y} ~ ! = %`,
      '"caf\xc3\xa9"',
    ];
    for (const line of lines) {
      const script = `set -f; for word in ${
        line.replace(/ # .*/, "").replace("~", "'~'")
      }\ndo printf '%s\\0' "$word"; done`;
      const output = execFileSync("sh", ["-c", Buffer.from(script, "latin1").toString()], { encoding: "buffer" });
      assertEquals(texts(Buffer.from(line, "latin1").toString()), output.toString().split("\0").slice(0, -1), line);
    }
  });

  test("takes the escapes of $'...' as bytes, and leaves an unknown escape as it is", () => {
    assertEquals(texts(`$'\\x1b[31m\\033\\a\\b\\e\\f\\n\\r\\t\\v\\\\\\'\\"\\?'x`), [
      `\x1b[31m\x1b\x07\b\x1b\f\n\r\t\v\\'"?x`,
    ]);
    assertEquals(texts(`$'\\q\\xg\\x1\\18'`), ["\\q\\xg\x01\x018"]);
    assertEquals(texts(`$a $ "$'b'" '$c'`), ["$a", "$", "$'b'", "$c"]);
  });

  test("refuses what only a real shell does, and a NUL", () => {
    for (const operator of "|&;<>`") {
      assertEquals(wordsOf(`ls ${operator} head`).type, "invalid", operator);
      assertEquals(texts(`ls '${operator}' "${operator}" \\${operator}`), ["ls", operator, operator, operator]);
    }
    const nul = wordsOf("read $'/a\\0b'");
    assertEquals(nul.type === "invalid" && nul.reason, "a word contains a NUL");
  });

  test("says that a line goes on if a quote is open or a backslash ends the line", () => {
    for (const line of ["a 'b", 'a "b', "a $'b", "a \\", 'a "b\\', "a $'b\\"]) {
      assertEquals(wordsOf(line).type, "unfinished", line);
    }
    assertEquals(texts("a \\\nb\\\nc \\\n"), ["a", "bc"]);
  });

  test("finds the part after the last slash, and whether it begins in quotes", () => {
    const last = (line: string): unknown => wordsOf(line).words.at(-1)?.last;
    assertEquals(last("read /a/bc"), { at: 3, start: 8, isBare: true });
    assertEquals(last("read '/a/bc"), { at: 3, start: 9, isBare: false });
    assertEquals(last("read '/a/'bc"), { at: 3, start: 10, isBare: true });
    assertEquals(last("read /a/$'b\\x1b"), { at: 3, start: 8, isBare: true });
    assertEquals(last("read $'/a/b"), { at: 3, start: 10, isBare: false });
    assertEquals(last("read abc"), { at: 0, start: 5, isBare: true });
  });
});

describe("quoteWord() and quoteStart()", () => {
  test("every text of bytes becomes printable ASCII that stands for the same bytes", () => {
    const random = new Random(2);
    const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1));
    const generated = Array.from({ length: 500 }, () => {
      const length = 1 + random.below(12);
      return Array.from({ length }, () => String.fromCharCode(1 + random.below(255))).join("");
    });
    for (const text of ["", "/tool/a", "a b", "it's", all.join(""), ...all, ...generated]) {
      const word = quoteWord(text);
      assertMatch(word, /^[ -~]+$/);
      assertEquals(wordsOf(`x ${word} y`).type, "complete");
      assertEquals(texts(`x ${word} y`), ["x", text, "y"]);
      const start = quoteStart(text);
      assertMatch(start, /^[ -~]*$/);
      assertEquals(texts(`x ${start}z${start.startsWith("$'") ? "'" : ""}`), ["x", `${text}z`]);
      // A backslash at the end may not take the next character's meaning.
      assertEquals(texts(`${start}1${start.startsWith("$'") ? "'" : ""}`), [`${text}1`]);
    }
  });
});
