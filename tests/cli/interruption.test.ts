// Ctrl-C on the embedded daemon: subcommands leave nothing in the store, and `serve` leaves no file.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { describeInterruptions, interrupt } from "../support/interruption.ts";
import { commandOf } from "../support/program.ts";
import { inDirectory } from "../support/socket.ts";

describeInterruptions("the embedded daemon", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  const daemon = new Daemon();
  const socket = join(directory, "socket");
  await daemon.listen(socket);
  return {
    socket,
    async [Symbol.asyncDispose]() {
      await daemon.close();
      rmSync(directory, { recursive: true });
    },
  };
});

/** Starts `serve`, calls a function with its process, and returns how it ended. */
async function served(
  directory: string,
  body: (child: ReturnType<typeof spawn>, socket: string) => Promise<void>,
): Promise<string> {
  const socket = join(directory, "socket");
  const [executable = "", ...args] = commandOf("src/cli/start.ts");
  const words = ["serve", "--socket", socket, "--pid-file", join(directory, "pid"), "--data", join(directory, "data")];
  const child = spawn(executable, [...args, ...words], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<string>((resolve, reject) =>
    child.on("error", reject).on("close", (code, signal) => resolve(signal ?? `${code}`))
  );
  try {
    await body(child, socket);
    return await ended;
  } finally {
    child.kill("SIGKILL");
  }
}

describe("Ctrl-C on serve", () => {
  test("serve removes its socket and its pid file while clients hold watches and transactions", () =>
    inDirectory(async (directory) => {
      const ending = await served(directory, async (child, socket) => {
        await new Promise<void>((resolve) =>
          child.stderr?.on("data", (text) => `${text}`.includes("listening on") && resolve())
        );
        await using store = await connect(`unix:${socket}`);
        await store.transaction();
        const monitor = store.monitor();
        await monitor.watch("/tool", "token");
        interrupt(child);
      });
      assertEquals(ending, "0");
      assertEquals(readdirSync(directory), ["data"]);
    }));

  test("serve leaves no socket and no pid file at any moment of its start", () =>
    inDirectory(async (directory) => {
      const endings = new Set<string>();
      // The moments differ from machine to machine. No moment may leave a file.
      for (let moment = 0; moment < 8; moment++) {
        const ending = await served(directory, async (child) => {
          await new Promise((resolve) => setTimeout(resolve, moment * 80));
          interrupt(child);
        });
        assert(ending === "0" || ending === "SIGINT", ending);
        endings.add(ending);
        for (const name of ["socket", "pid"]) {
          assertEquals(existsSync(join(directory, name)), false, `moment ${moment}`);
        }
      }
      assert(endings.size > 0);
    }));
});
