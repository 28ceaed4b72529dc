// The tour of `npm start` without a terminal: its text, and how it shows the values of a store.

import { renameSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesOf, printable, quote, valueOf, wrap } from "../src/cli/tour/text.ts";
import { connect } from "../mod.ts";
import { Daemon } from "../src/daemon/mod.ts";
import { commandOf, runCommand } from "./support/program.ts";
import { inDirectory } from "./support/socket.ts";

/** Runs the tour with the store at `XENSTORED_PATH`. Returns the printed lines. */
async function tour(path: string): Promise<string[]> {
  const ended = await runCommand(commandOf("examples/tour.ts"), { XENSTORED_PATH: path, NO_COLOR: undefined });
  assertEquals([ended.code, ended.stderr], [0, ""]);
  return ended.stdout.split("\n");
}

describe("the tour", { timeout: 60_000 }, () => {
  test("the tour begins with what XenStore is, and uses an embedded store if the machine has none", async () => {
    const lines = await tour("/nowhere/at/all");
    assertEquals(lines[0], "What XenStore is");
    assertStringIncludes(lines[1] ?? "", "XenStore is a tree of small values");
    const text = lines.join(" ");
    assertStringIncludes(text, 'It brings its own, with connect("embedded:").');
    for (const result of ['-> "red"', "-> <00 7f ff>", '-> "apple", "pear"', "-> null", "attempt 2 reads -> 41"]) {
      assertStringIncludes(text, result);
    }
    assert(
      !/error|ENOENT|cannot/i.test(text.replace("is an error, unless", "").replace("permissions, errors", "")),
      text,
    );
  });

  test("the tour without a terminal uses 80 columns and no colours, and breaks lines between words", async () => {
    const lines = await tour("/nowhere/at/all");
    for (const line of lines) assert(line.length <= 80 && !line.includes("\x1b"), JSON.stringify(line));
    // The joined lines of a paragraph contain all of its words.
    assertStringIncludes(lines.join(" "), "the configuration of a guest, drivers on both sides watch it and answer,");
    assertStringIncludes(lines.join(" "), "A value is any bytes, and mostly a short text.");
  });

  test("the tour says why an existing store cannot be used", async () => {
    await inDirectory(async (directory) => {
      const [bound, stale] = [join(directory, "bound"), join(directory, "stale")];
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(bound, resolve));
      renameSync(bound, stale);
      await new Promise((resolve) => server.close(resolve));
      const text = (await tour(stale)).join(" ").replace(/ +/g, " ");
      assertStringIncludes(text, "Connection refused (ECONNREFUSED); no daemon listens on this socket");
    });
  });

  test("the tour escapes the values and names of a store, and leaves no node in it", async () => {
    await inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      await using daemon = new Daemon();
      await daemon.listen(socket);
      await using store = await connect(`unix:${socket}`);
      await store.write("/tool/tsxs-tour/trap", "\x1b]0;owned\x07\x9b31m\u202e two  spaces");
      const lines = await tour(socket);
      const trap = '    trap -> "\\u{1b}]0;owned\\u{7}\\u{9b}31m\\u{202e} two  spaces"';
      assert(lines.includes(trap), lines.join("\n"));
      assertStringIncludes(lines.join(" "), `at unix:${socket}.`);
      assertEquals(await store.exists("/tool/tsxs-tour"), false);
    });
  });
});

describe("the tour's text", () => {
  test("printable() and quote() escape control characters", () => {
    const all = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).join("");
    assert(/^[\x20-\x7e\xa0]+$/.test(printable(all)), printable(all));
    assertEquals(printable("a\\b\u2028\ud800é"), "a\\\\b\\u{2028}\\u{d800}é");
    assertEquals(quote('say "hi"\n'), '"say \\"hi\\"\\u{a}"');
  });

  test("valueOf() shows a value as text if it is UTF-8, and as bytes otherwise", () => {
    assertEquals(valueOf(new TextEncoder().encode("é")), '"é"');
    assertEquals(valueOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), '"\\u{feff}a"');
    assertEquals(valueOf(new Uint8Array([0x61, 0xff])), "<61 ff>");
    assertEquals([valueOf(null), valueOf(new Uint8Array(0)), bytesOf(new Uint8Array(0))], ["null", '""', "<>"]);
  });

  test("wrap() breaks between words, keeps a long word whole, and keeps all spaces within a line", () => {
    assertEquals(wrap("one two three", 7), ["one two", "three"]);
    assertEquals(wrap("a abcdefghij b", 4), ["a", "abcdefghij", "b"]);
    assertEquals(wrap("a  b", 80), ["a  b"]);
    assertEquals(wrap("", 80), [""]);
  });
});
