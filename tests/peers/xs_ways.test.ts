// Which way a handle takes to the store, over the device's stand-in too, and that it keeps no process alive.

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
        `a handle over ${kind || "whatever is fastest"} that is never closed keeps no process alive`,
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
        test(`a thread that waits over ${kind} keeps no process from its end (${how})`, { timeout }, async () => {
          await using store = await startXenstored();
          const printed = await players.run("thread", [kind, how], { XENSTORED_PATH: store.socket });
          assertEquals(printed.trim(), `${kind} /thread`);
        });
      }
    }

    for (const kind of new Set([...kinds, "descriptor"])) {
      test(
        `over the device by ${kind}, ${GENERATED} generated calls are the same (TSXS_SEED=${seed})`,
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
      test("takes a worker where Deno was not given the permission to call libc", { timeout }, async () => {
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
