// The tour, as `npm start` runs it: its text in 80 columns without a terminal, and how it treats what a store holds.

import { renameSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bytesOf, printable, quote, valueOf, wrap } from "../examples/tour/text.ts";
import { connect } from "../mod.ts";
import { Daemon } from "../src/daemon/mod.ts";
import { commandOf, runCommand } from "./support/program.ts";
import { inDirectory } from "./support/socket.ts";

/** Runs the tour on the store that `XENSTORED_PATH` names; returns the lines that it printed. */
async function tour(path: string): Promise<string[]> {
  const ended = await runCommand(commandOf("examples/tour.ts"), { XENSTORED_PATH: path, NO_COLOR: undefined });
  assertEquals([ended.code, ended.stderr], [0, ""]);
  return ended.stdout.split("\n");
}

describe("the tour", { timeout: 60_000 }, () => {
  test("opens with what XenStore is, and brings a store if the machine has none", async () => {
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

  test("keeps to 80 columns without a terminal, without colour, and breaks lines between words alone", async () => {
    const lines = await tour("/nowhere/at/all");
    for (const line of lines) assert(line.length <= 80 && !line.includes("\x1b"), JSON.stringify(line));
    // A paragraph that is put together again has all of its words.
    assertStringIncludes(lines.join(" "), "the configuration of a guest, drivers on both sides watch it and answer,");
    assertStringIncludes(lines.join(" "), "A value is any bytes, and mostly a short text.");
  });

  test("says why a store that is there cannot be used", async () => {
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

  test("escapes the values and names of a store, and leaves nothing behind in it", async () => {
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
  test("has no character that a terminal obeys", () => {
    const all = Array.from({ length: 0xa1 }, (_, code) => String.fromCharCode(code)).join("");
    assert(/^[\x20-\x7e\xa0]+$/.test(printable(all)), printable(all));
    assertEquals(printable("a\\b\u2028\ud800é"), "a\\\\b\\u{2028}\\u{d800}é");
    assertEquals(quote('say "hi"\n'), '"say \\"hi\\"\\u{a}"');
  });

  test("shows a value as text if it is UTF-8, else as bytes", () => {
    assertEquals(valueOf(new TextEncoder().encode("é")), '"é"');
    assertEquals(valueOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), '"\\u{feff}a"');
    assertEquals(valueOf(new Uint8Array([0x61, 0xff])), "<61 ff>");
    assertEquals([valueOf(null), valueOf(new Uint8Array(0)), bytesOf(new Uint8Array(0))], ["null", '""', "<>"]);
  });

  test("breaks between words, gives a long word a line of its own, and keeps every space inside a line", () => {
    assertEquals(wrap("one two three", 7), ["one two", "three"]);
    assertEquals(wrap("a abcdefghij b", 4), ["a", "abcdefghij", "b"]);
    assertEquals(wrap("a  b", 80), ["a  b"]);
    assertEquals(wrap("", 80), [""]);
  });
});
