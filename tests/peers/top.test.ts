// The full screen of `top` on a real terminal: what it shows, its keys, and that every end restores the terminal.

import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Client, connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { commandOf } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";
import { withPeers } from "./peers.ts";
import { screenOf, type Size, Terminal } from "./terminal.ts";

const start = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "src/cli/start.ts");
const SIZE: Size = [16, 72];
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l";

/** Calls a function with `top` on a terminal, its store, and a function that changes a node until the screen shows it. */
async function withTop(
  body: (terminal: Terminal, store: Client, daemon: Daemon) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.write("/local/domain/5/name", "guest\x1b[31m");
    const socket = join(directory, "socket");
    await daemon.listen(socket);
    const command = [...commandOf(start), "top", "--interval", "0.05"];
    await using terminal = new Terminal(command, { variables: { XENSTORED_PATH: socket }, size: SIZE });
    await terminal.shows(ENTER);
    await terminal.shows("n by name");
    await body(terminal, store, daemon);
  });
}

/** Returns the lines of the last whole picture. */
async function pictureOf(terminal: Terminal, size: Size): Promise<readonly string[]> {
  const end = terminal.shown.lastIndexOf("\x1b[J");
  const { lines } = await screenOf(terminal.shown.slice(terminal.shown.lastIndexOf("\x1b[H", end), end), size);
  return lines;
}

withPeers("top on a terminal", () =>
  describe("top on a terminal", () => {
    test("shows what changes, sorts and pauses by keys, fits a new size, and restores the terminal at the end", () =>
      withTop(async (terminal, store) => {
        for (let i = 0; i < 20; i++) await store.write("/local/domain/5/data/hot", `${i}`);
        await store.write("/vm/other", "1");
        await terminal.shows("/vm/other");
        terminal.type("t");
        await terminal.shows("sorted by total");
        await terminal.shows("\x1b[J");
        const lines = await pictureOf(terminal, SIZE);
        assertMatch(lines[0] ?? "", /^21 changes in [\d.]+ s {3}now [\d.]+\/s {3}average [\d.]+\/s +sorted by total$/);
        assertMatch(lines[3] ?? "", /^5 guest\\x1b\[31m +\d+(?:\.\d)? +\d+(?:\.\d)? +20$/);
        assertMatch(lines[4] ?? "", /^\/vm +\d+(?:\.\d)? +\d+(?:\.\d)? +1$/);
        assertStringIncludes(lines.join("\n"), "/local/domain/5/data/hot");

        terminal.type("p");
        await terminal.shows("paused");
        await store.write("/local/domain/5/data/later", "1");
        terminal.resize([10, 50]);
        // The last line is cut at the new width.
        await terminal.shows("n by n\x1b[K");
        await terminal.shows("\x1b[J");
        const small = await pictureOf(terminal, [10, 50]);
        assertEquals(small.length, 10);
        assertEquals(small[9], "q quit   p pause   r by rate   t by total   n by n");
        assert(!small.join("\n").includes("later"), small.join("\n"));
        terminal.type("p");
        await terminal.shows("later");

        terminal.type("q");
        assertEquals(await terminal.ended, { status: 0, signal: null, restored: true });
        assert(terminal.shown.endsWith(LEAVE));
      }));

    test("ends with 130 on Ctrl-C, and restores the terminal", () =>
      withTop(async (terminal) => {
        terminal.type("\x03");
        assertEquals(await terminal.ended, { status: 130, signal: null, restored: true });
        assert(terminal.shown.endsWith(LEAVE));
      }));

    test("restores the terminal if the daemon ends, and says why below it", () =>
      withTop(async (terminal, _, daemon) => {
        await daemon.close();
        assertEquals(await terminal.ended, { status: 1, signal: null, restored: true });
        assertMatch(terminal.shown.slice(terminal.shown.lastIndexOf(LEAVE) + LEAVE.length), /^tsxs: .+\r\n$/);
      }));

    for (const [signal, status] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
      test(`restores the terminal on ${signal}, and ends with ${status}`, () =>
        withTop(async (terminal) => {
          process.kill(childOf(terminal.pid), signal);
          assertEquals(await terminal.ended, { status, signal: null, restored: true });
          assert(terminal.shown.endsWith(LEAVE));
        }));
    }

    test("ends if the terminal hangs up", () =>
      withTop(async (terminal) => {
        terminal.hangUp();
        // Node 20 aborts at its exit, because it cannot reset the settings of a terminal that is gone.
        const { status } = await terminal.ended;
        assert(status !== 0, `${status}`);
      }));
  }));

/** Returns the process on a terminal, by the process that made the terminal. */
function childOf(helper: number): number {
  return Number(execFileSync("pgrep", ["-P", `${helper}`], { encoding: "utf8" }).trim());
}
