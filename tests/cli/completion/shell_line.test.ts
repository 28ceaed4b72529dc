// The words of a line of bash, and the quotes around inserted text.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { quoted, wordsOf } from "../../../src/cli/completion/shell_line.ts";

const texts = (line: string): (string | null)[] => wordsOf(line).map(({ text }) => text);

describe("the words of a line of bash", () => {
  for (
    const [line, words] of [
      ["", [""]],
      ["tsxs", ["tsxs"]],
      ["tsxs ", ["tsxs", ""]],
      ["tsxs  read\t/a", ["tsxs", "read", "/a"]],
      [`tsxs 'a "b' "c 'd" e\\ f`, ["tsxs", 'a "b', "c 'd", "e f"]],
      [`tsxs "a\\"b\\$c\\d"`, ["tsxs", 'a"b$c\\d']],
      [`a'b c'd"e f"`, ["ab cde f"]],
      ["tsxs ''", ["tsxs", ""]],
      ["tsxs '' ", ["tsxs", "", ""]],
      ["tsxs $HOME/a", ["tsxs", null]],
      ["tsxs '$HOME'", ["tsxs", "$HOME"]],
      ["tsxs $(ls /a) read", ["tsxs", null]],
      ["tsxs `ls /a` read", ["tsxs", null]],
      ['tsxs "${a:-`ls`}" read', ["tsxs", null]],
      ["tsxs a\\", ["tsxs", null]],
      ["ls | tsxs read", ["tsxs", "read"]],
      ["ls && tsxs ", ["tsxs", ""]],
      ["ls; tsxs a", ["tsxs", "a"]],
      ["(tsxs a", ["tsxs", "a"]],
    ] as const
  ) {
    test(`the words of ${JSON.stringify(line)} are ${JSON.stringify(words)}`, () =>
      assertEquals(texts(line), [...words]));
  }

  test("the quotes that are open at the end of a word are known", () => {
    for (const [line, quote] of [["a 'b", "'"], ['a "b', '"'], ["a 'b'", ""], [`a "b'`, '"'], ["a b", ""]] as const) {
      assertEquals(wordsOf(line).at(-1)?.quote, quote);
    }
  });

  test("the words after redirections are marked, and the numbers of descriptors are no words", () => {
    for (const operator of [">", ">>", "<", "2>", "2> ", ">|", "<<<", "&>", "<>"]) {
      const words = wordsOf(`tsxs a ${operator}file b`);
      assertEquals(words.map(({ text, isRedirected }) => isRedirected ? `(${text})` : text), [
        "tsxs",
        "a",
        "(file)",
        "b",
      ]);
    }
  });
});

describe("the quotes around inserted text", () => {
  test("each character that the shell knows is quoted as the open quotes need it", () => {
    const text = `a b$c\`d"e'f\\g;h`;
    assertEquals(quoted(text, ""), "a\\ b\\$c\\`d\\\"e\\'f\\\\g\\;h");
    assertEquals(quoted(text, '"'), "a b\\$c\\`d\\\"e'f\\\\g;h");
    assertEquals(quoted(text, "'"), "a b$c`d\"e'\\''f\\g;h");
    assertEquals(quoted("/a-b/C_9@x%y+z=:,.", ""), "/a-b/C_9@x%y+z=:,.");
  });

  test("an exclamation mark cannot stand between double quotes", () => {
    assertEquals([quoted("a!", '"'), quoted("a!", "'"), quoted("a!", "")], [null, "a!", "a\\!"]);
  });
});
