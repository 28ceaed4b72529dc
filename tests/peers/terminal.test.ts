// The terminal that other tests use: what a program on it sees, and how its end is reported.

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { withPeers } from "./peers.ts";
import { screenOf, Terminal } from "./terminal.ts";

withPeers("a program on a terminal", () =>
  describe("a program on a terminal", () => {
    test("sees a terminal of the given size, the keys that are typed, and a new size", async () => {
      const script = 'test -t 0 && test -t 1 && test -t 2; echo "$?"; stty size; read -r line; echo "[$line]"; ' +
        "trap 'stty size; exit 3' WINCH; echo ready; while :; do sleep 0.01; done";
      await using terminal = new Terminal(["bash", "-c", script], { size: [10, 40] });
      await terminal.shows("0\r\n10 40\r\n");
      terminal.type("two words\r");
      await terminal.shows("[two words]\r\nready\r\n");
      terminal.resize([20, 30]);
      await terminal.shows("20 30\r\n");
      assertEquals(await terminal.ended, { status: 3, signal: null, restored: true });
      await assertRejects(() => terminal.shows("more"), Error, "did not show");
    });

    test("gets the signal of Ctrl-C, and its settings of the terminal are compared with those before it", async () => {
      await using terminal = new Terminal(["bash", "-c", "stty -echo; echo ready; exec sleep 1000"]);
      await terminal.shows("ready\r\n");
      terminal.type("\x03");
      assertEquals(await terminal.ended, { status: null, signal: "SIGINT", restored: false });
    });

    test("gets SIGHUP if the terminal hangs up, and is killed by the disposal", async () => {
      const hungUp = new Terminal(["bash", "-c", "echo ready; exec sleep 1000"]);
      await hungUp.shows("ready\r\n");
      hungUp.hangUp();
      assertEquals(await hungUp.ended, { status: null, signal: "SIGHUP", restored: false });
      const killed = new Terminal(["bash", "-c", "echo ready; exec sleep 1000"]);
      await killed.shows("ready\r\n");
      await killed[Symbol.asyncDispose]();
      assertEquals((await killed.ended).signal, "SIGKILL");
    });

    test("fills a screen whose lines and cursor can be read", async () => {
      const script = "printf 'one\\r\\ntwo\\033[1;2Hx\\033[?25l'";
      await using terminal = new Terminal(["bash", "-c", script], { size: [3, 10] });
      assertEquals((await terminal.ended).status, 0);
      assertStringIncludes(terminal.shown, "\x1b[1;2Hx");
      assertEquals(await screenOf(terminal.shown, [3, 10]), {
        lines: ["oxe", "two", ""],
        cursor: [0, 2],
        shows_cursor: false,
      });
    });
  }));
