// The example that reads paths from a pipe, and prints their values.

import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { connect } from "../mod.ts";
import { Daemon } from "../src/daemon/mod.ts";
import { commandOf, runCommand } from "./support/program.ts";
import { inDirectory } from "./support/socket.ts";

describe("examples/values.ts", { timeout: 60_000 }, () => {
  test("examples/values.ts prints the escaped value of each path of its input, and says which nodes do not exist", async () => {
    await inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      await using daemon = new Daemon();
      await daemon.listen(socket);
      await using store = await connect(`unix:${socket}`);
      await store.write("/a", "one");
      await store.write("/a/b", new Uint8Array([0, 255]));
      await store.write("/c", "\x1b[31m");
      const command = commandOf("examples/values.ts");
      const ended = await runCommand(command, { XENSTORED_PATH: socket }, "/a\r\n/a/b\n/none\n/c");
      assertEquals([ended.code, ended.stderr], [0, ""]);
      assertEquals(ended.stdout.split("\n"), [
        '"/a" -> "one"',
        '"/a/b" -> <00 ff>',
        '"/none" -> does not exist',
        '"/c" -> "\\u{1b}[31m"',
        "",
      ]);
    });
  });
});
