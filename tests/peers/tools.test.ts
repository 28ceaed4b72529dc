// The xenstore-* tools of Debian and a client change and see the same store.

import { execFile } from "node:child_process";
import process from "node:process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import { collect, until } from "../contract/scratch.ts";
import { type RealStore, startOxenstored, startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

const run = promisify(execFile);

withPeers("the xenstore-* tools and a client see the same store", () => {
  for (const start of [startXenstored, startOxenstored]) {
    describe(`the xenstore-* tools with ${start === startXenstored ? "xenstored" : "oxenstored"}`, () => {
      async function tool(store: RealStore, ...command: string[]): Promise<string> {
        const env = { ...process.env, XENSTORED_PATH: store.socket };
        const [name = "", ...rest] = command;
        return (await run(`/usr/bin/xenstore-${name}`, rest, { env })).stdout;
      }

      test("a client reads and lists what xenstore-write, xenstore-chmod and xenstore-rm change", async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        await tool(store, "write", "/tool/t/a", "one", "/tool/t/b", "two \\001");
        assertEquals(await client.readText("/tool/t/a"), "one");
        assertEquals(await client.read("/tool/t/b"), new TextEncoder().encode("two \x01"));
        assertEquals((await client.list("/tool/t")).sort(), ["a", "b"]);
        await tool(store, "chmod", "/tool/t/a", "n0", "r7");
        assertEquals(await client.getPerms("/tool/t/a"), [
          { domid: 0, read: false, write: false },
          { domid: 7, read: true, write: false },
        ]);
        await tool(store, "rm", "/tool/t/a");
        assertEquals(await client.exists("/tool/t/a"), false);
      });

      test("xenstore-read and xenstore-ls show what a client writes", async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        await client.write("/tool/t/text", "plain");
        await client.write("/tool/t/bytes", new Uint8Array([0, 255]));
        await client.setPerms("/tool/t/text", ["b3", "n0"]);
        assertEquals(await tool(store, "read", "/tool/t/text"), "plain\n");
        const listing = (await tool(store, "ls", "-p", "/tool/t")).split("\n").map((line) =>
          line.replace(/ [ .]+ /, " ")
        );
        assertEquals(listing.sort(), ["", 'bytes = "\\000\\xff" (n0)', 'text = "plain" (b3,n0)']);
      });

      test("a client gets events of changes by the tools", async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        await using monitor = client.monitor();
        await monitor.watch("/tool/t", "token");
        await collect(monitor, () => true);
        await tool(store, "write", "/tool/t/x", "1");
        assertEquals((await until(monitor, "/tool/t/x")).at(-1), { type: "change", path: "/tool/t/x", token: "token" });
        await tool(store, "rm", "/tool/t");
        await until(monitor, "/tool/t");
      });

      test("xenstore-watch reports a client's transactions", async () => {
        await using store = await start();
        await using client = await connect(`unix:${store.socket}`);
        const watching = tool(store, "watch", "-n", "2", "/tool/t");
        // The tool's watch is set after its first event, so the client writes until the tool has seen a change.
        let ended = false;
        void watching.finally(() => ended = true);
        for (let i = 0; !ended; i++) await client.transact((transaction) => transaction.write("/tool/t/y", `${i}`));
        assertEquals((await watching).split("\n")[1], "/tool/t/y");
      });
    });
  }
});
