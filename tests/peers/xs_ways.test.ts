// The connection that a handle uses, also over the stand-in for the device, and the end of its process.

import process from "node:process";
import { after, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { kinds, Players } from "../compat/players.ts";
import { generatedScript } from "../compat/xs/script.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";

const GENERATED = 300;
const seed = Number(process.env.TSXS_SEED ?? Math.floor(Math.random() * 2 ** 32));
const [own = ""] = kinds;

withPeers("the ways of xen.lowlevel.xs", () => {
  describe("xen.lowlevel.xs", () => {
    const players = new Players(
      "tests/compat/xs/player.ts",
      "tests/compat/xs/left_open.ts",
      "tests/compat/xs/thread.ts",
    );
    after(() => players[Symbol.dispose]());

    for (const kind of ["", ...kinds]) {
      test(
        `an open handle over ${kind || "the fastest way"} does not keep the process alive`,
        { timeout },
        async () => {
          await using store = await startXenstored();
          const printed = await players.run("left_open", [kind], { XENSTORED_PATH: store.socket });
          assertEquals(printed.trim(), `${kind || own} open /left`);
        },
      );
    }

    for (const kind of kinds) {
      for (const how of ["terminate", "exit", "unref"]) {
        test(
          `a thread that waits over ${kind} does not keep the process from ending (${how})`,
          { timeout },
          async () => {
            await using store = await startXenstored();
            const printed = await players.run("thread", [kind, how], { XENSTORED_PATH: store.socket });
            assertEquals(printed.trim(), `${kind} /thread`);
          },
        );
      }
    }

    for (const kind of new Set([...kinds, "descriptor"])) {
      test(
        `${GENERATED} generated calls are the same over the device by ${kind} (TSXS_SEED=${seed})`,
        { timeout },
        async () => {
          const steps = generatedScript(seed, GENERATED);
          const [ours, theirs] = await Promise.all([
            players.ours(steps, "bytes", kind, "device"),
            players.real(steps, "bytes", "device"),
          ]);
          assertEquals(ours, theirs);
        },
      );
    }

    if ("Deno" in globalThis) {
      test("a handle uses a worker if Deno has no permission to call libc", { timeout }, async () => {
        await using store = await startXenstored();
        const { socket } = store;
        const flags = ["--allow-read", `--allow-write=${socket}`, `--allow-net=unix:${socket}`, "--allow-env"];
        const printed = await players.run("left_open", [""], { XENSTORED_PATH: socket }, flags);
        assertEquals(printed.trim(), "worker open /left");
        const libc = ["--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6", "--allow-env", `--allow-read=${socket}`];
        const narrow = await players.run("left_open", [""], { XENSTORED_PATH: socket }, libc);
        assertEquals(narrow.trim(), "ffi open /left");
      });
    }
  });
});
