// Signals that come while a program blocks: their handlers run, or they end the process.

import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { timeout } from "../support/limits.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";
import { kinds, Players } from "./players.ts";

type Signal = "SIGTERM" | "SIGINT" | "SIGHUP";

/** Runs a mode of the program, sends the signal each time that it prints a line of `at`, and returns the outcome. */
function run(
  players: Players,
  [mode, kind, signal]: readonly [mode: string, kind: string, signal: Signal],
  at: readonly string[] = ["ready"],
  flags: readonly string[] = ["-A"],
): Promise<(string | number | null)[]> {
  return new Promise((resolve, reject) => {
    void inDirectory(async (directory) => {
      const socket = join(directory, "socket");
      await using _server = await startScriptedServer(socket);
      const runtime = "Deno" in globalThis ? ["run", "--quiet", "--no-config", ...flags] : [];
      const args = [...runtime, players.path("signal_program"), mode, `unix:${socket}`, kind];
      const child = spawn(process.execPath, args, { timeout, killSignal: "SIGKILL" });
      let [output, errors, seen] = ["", "", 0];
      child.stderr.on("data", (data) => errors += data);
      child.stdout.on("data", (data) => {
        output += data;
        const lines = output.split("\n").slice(0, -1);
        for (; seen < lines.length; seen++) {
          if (!at.includes(lines[seen] ?? "")) continue;
          // Not child.kill(), after which Deno reports the signal as the end of the process.
          process.kill(child.pid ?? 0, signal);
          child.stdin.end();
        }
      });
      const [code, by] = await new Promise<[number | null, string | null]>((resolve, reject) => {
        child.on("error", reject).on("close", (code, by) => resolve([code, by]));
      });
      resolve([...output.trim().split("\n"), ...errors === "" ? [] : [errors], code ?? by]);
    }).catch(reject);
  });
}

describe("signals during calls that block", () => {
  const players = new Players("tests/compat/signal_program.ts");
  after(() => players[Symbol.dispose]());

  for (const kind of kinds) {
    for (const signal of kind === "worker" ? ["SIGTERM"] as const : ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      test(`a handler of ${signal} runs within a loop of calls over ${kind}, and may exit`, { timeout }, async () => {
        assertEquals(await run(players, ["loop", kind, signal]), ["ready", signal, 7]);
      });
    }

    test(`a handler runs exactly once for a signal over ${kind}, the event loop included`, { timeout }, async () => {
      assertEquals(await run(players, ["flag", kind, "SIGTERM"]), ["ready", "handled 1", 0]);
    });

    test(
      `the handler of another signal waits for the event loop over ${kind}, and is not lost`,
      { timeout },
      async () => {
        assertEquals(await run(players, ["others", kind, "SIGTERM"]), ["ready", "0 true 1", 0]);
      },
    );

    test(`what a handler throws ends read_watch() over ${kind}, and the handle stays usable`, { timeout }, async () => {
      assertEquals(await run(players, ["wait", kind, "SIGTERM"]), ["ready", "thrown by the handler, true", 0]);
    });

    test(`a handler may use the handle that waits over ${kind}, and the wait goes on`, { timeout }, async () => {
      assertEquals(await run(players, ["timed", kind, "SIGINT"]), ["ready", "true /event", 0]);
    });

    test(`a handler may close the handle that waits over ${kind}, whose call fails with 22`, { timeout }, async () => {
      assertEquals(await run(players, ["close", kind, "SIGTERM"]), ["ready", "22", 0]);
    });

    test(`pyxs's monitor and client run handlers over ${kind}`, { timeout }, async () => {
      const seen = await run(players, ["pyxs", kind, "SIGTERM"], ["ready", "/event"]);
      assertEquals(seen, ["ready", "/event", "handled 2", 0]);
    });

    test(`a signal after the last call over ${kind} is handled before the program ends`, { timeout }, async () => {
      assertEquals(await run(players, ["late", kind, "SIGTERM"]), ["ready", "SIGTERM", 7]);
    });

    for (const mode of ["no handler", "no handler, waiting", "removed"]) {
      test(`SIGTERM ends a program that blocks over ${kind} and has no handler (${mode})`, { timeout }, async () => {
        assertEquals(await run(players, [mode, kind, "SIGTERM"]), ["ready", "SIGTERM"]);
      });
    }
  }

  if ("Deno" in globalThis) {
    test(
      "a handler of Deno's own API makes calls fail with EINTR, and runs on the event loop",
      { timeout },
      async () => {
        const seen = await run(players, ["deno", "ffi", "SIGTERM"]);
        assertEquals(seen, ["ready", "4 Interrupted system call", "handled by Deno", 7]);
      },
    );

    test("a handler runs after the calls if Deno was not given the permission to call libc", { timeout }, async () => {
      const flags = ["--allow-read", "--allow-write", "--allow-net", "--allow-env"];
      assertEquals(await run(players, ["late", "worker", "SIGTERM"], ["ready"], flags), ["ready", "SIGTERM", 7]);
    });
  }
});
