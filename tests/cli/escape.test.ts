// Values as the tools print and read them. tests/peers compares both with the real tools.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { bytesOf, byteString, utf8Of } from "../../src/cli/bytes.ts";
import { escapeBytes, escapeLines, escapeText, unescapeText } from "../../src/cli/escape.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { run } from "../support/invocation.ts";
import { atoi } from "../../src/cli/numbers.ts";

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

describe("the escapes of values", () => {
  test("escapeBytes() leaves only printable ASCII, and unescapeText() gives every byte back", () => {
    const escaped = escapeBytes(everyByte);
    assertEquals(/^[ -~]*$/.test(escaped), true);
    assertEquals(unescapeText(escaped), everyByte);
    assertEquals(escapeText(byteString(everyByte)), escaped);
  });

  test("escapeBytes() writes tabs, line ends and backslashes by letters, and other bytes by numbers", () => {
    assertEquals(escapeBytes(bytesOf("a\t\n\r\\")), "a\\t\\n\\r\\\\");
    assertEquals(escapeBytes(new Uint8Array([0, 7, 8, 0x1b, 0x7f, 0x80, 0xff])), "\\000\\007\\x08\\x1b\\x7f\\x80\\xff");
  });

  test("escapeLines() leaves tabs and line ends, and escapes control sequences", () => {
    assertEquals(escapeLines("a\tb\n\x1b[2J\xe2\x80\xae"), "a\tb\n\\x1b[2J\\xe2\\x80\\xae");
  });

  for (
    const [text, bytes] of [
      ["\\t\\n\\r\\\\\\q", "\t\n\r\\q"],
      ["\\x41\\x4\\xg\\x", "A\x04xgx"],
      ["\\101\\7\\08\\777", "A\x07\x008\xff"],
      ["\\x 41\\x+5\\x-1\\x0x41", "\x41\x05\xff\x0041"],
      ["\xc3\xa9", "\xc3\xa9"],
    ] as const
  ) {
    test(`unescapeText() reads ${JSON.stringify(text)} as the tools do`, () => {
      assertEquals(byteString(unescapeText(text)), bytes);
    });
  }

  test("unescapeText() keeps a backslash at the end, and stores no NUL for it", () => {
    assertEquals(byteString(unescapeText("abc\\")), "abc\\");
    assertEquals(byteString(unescapeText("\\")), "\\");
  });
});

describe("byte strings", () => {
  test("utf8Of() gives a text its bytes in UTF-8", () => {
    assertEquals(utf8Of("aé€"), "a\xc3\xa9\xe2\x82\xac");
    assertEquals(utf8Of("plain"), "plain");
  });

  test("byteString() and bytesOf() keep every byte", () => {
    assertEquals(bytesOf(byteString(everyByte)), everyByte);
  });
});

describe("messages of the command", () => {
  const hostile = "\x1b[2J\u202e";
  for (
    const words of [
      [hostile],
      ["read", hostile],
      ["list", hostile],
      ["ls", hostile],
      ["tree", hostile],
      ["watch", hostile],
      ["read", `--${hostile}`],
      ["find", `--${hostile}`],
      ["--color", hostile, "read"],
      ["--timeout", hostile, "read"],
      ["--address", hostile, "read"],
      ["help", hostile],
      ["checkpoint", hostile],
      ["top", "--interval", hostile],
      ["serve", "--socket", "/proc/no", "--log", `/proc/${hostile}`],
      ["domains", hostile],
      ["completion", hostile],
    ]
  ) {
    test(`no control sequence of ${JSON.stringify(words)} reaches the terminal`, async () => {
      const { stdout, stderr } = await run(() => new Daemon().connect(), ["tsxs", ...words]);
      assertEquals(/[^\t\n -~]/.exec(stdout + stderr), null);
      assertEquals(stderr === "", false);
    });
  }
});

describe("atoi()", () => {
  for (
    const [text, number] of [
      ["5", 5],
      [" \t+7x", 7],
      ["-1", -1],
      ["", 0],
      ["x1", 0],
      ["- 1", 0],
      ["99999999999", 1215752191],
      ["99999999999999999999", -1],
      ["-99999999999999999999", 0],
    ] as const
  ) test(`atoi() reads ${JSON.stringify(text)} as ${number}`, () => assertEquals(atoi(text), number));
});
