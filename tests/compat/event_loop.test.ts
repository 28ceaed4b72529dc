// Waiting for events while the event loop runs, on the handle of xs and on pyxs's monitor, over each transport.

import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ClientOptions, ConnectionError, monitor } from "../../compat/pyxs.ts";
import { Error as XsError, xs } from "../../compat/xs.ts";
import type { BlockingKind } from "../../src/blocking/transport.ts";
import { timeout } from "../support/limits.ts";
import { startScriptedServer } from "../support/scripted_server.ts";
import { inDirectory } from "../support/socket.ts";

const own: BlockingKind = "Deno" in globalThis || "Bun" in globalThis ? "ffi" : "descriptor";
// On Node 20 a worker cannot load TypeScript while its parent waits: there, it is tested as it is built.
const kinds: readonly BlockingKind[] = process.versions.node.startsWith("20.") && own === "descriptor"
  ? [own]
  : [own, "worker"];

/** What the store sends for the path `/watch`: a reply, and 20 turns of its event loop later an event of token 1. */
async function withStore(kind: BlockingKind, run: (options: ClientOptions) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const socket = join(directory, "socket");
    await using _server = await startScriptedServer(socket);
    await run({ address: `unix:${socket}`, transport: kind });
  });
}

for (const kind of kinds) {
  describe(`waiting on the event loop over ${kind}`, { timeout }, () => {
    test("watch_ready() resolves when an event has come, which it does not take", () =>
      withStore(kind, async (options) => {
        using h = xs(options);
        const token = { name: "token" };
        h.watch("/watch", token);
        assertEquals(await h.watch_ready(), true);
        assertEquals([h.read("0", "/a"), await h.watch_ready(0)], ["OK\0", true]);
        assertEquals(h.read_watch<{ name: string }>()[1].name, "token");
        assertEquals([await h.watch_ready(0), await h.watch_ready(0.01)], [false, false]);
      }));

    test("timers run and calls on the same handle are answered while watch_ready() waits", () =>
      withStore(kind, async (options) => {
        using h = xs(options);
        const ready = h.watch_ready();
        for (let i = 0; i < 20; i++) {
          assertEquals(h.read("0", "/a"), "OK\0");
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        h.watch("/watch", "token");
        assertEquals(await ready, true);
      }));

    test("watch_ready() rejects when the handle is closed or the connection is over", () =>
      withStore(kind, async (options) => {
        const h = xs(options);
        const ready = h.watch_ready();
        await h.watch_ready(0.005);
        h.close();
        const closed = (error: unknown): boolean => error instanceof XsError && error.args[0] === 22;
        assertEquals(closed(await assertRejects(() => ready, XsError)), true);
        assertEquals(closed(await assertRejects(() => h.watch_ready(), XsError)), true);
        using other = xs(options);
        const lost = other.watch_ready();
        assertThrows(() => other.read("0", "/close"), XsError);
        await assertRejects(() => lost, XsError);
      }));

    test("`for await` on a handle gives the events, lets timers run, and ends when the handle is closed", () =>
      withStore(kind, async (options) => {
        const h = xs(options);
        h.watch("/watch", "token");
        let [events, turns] = [0, 0];
        const tick = (): void => void (turns++, timer = setImmediate(tick));
        let timer = setImmediate(tick);
        for await (const event of h) {
          assertEquals(event, ["/event", "token"]);
          if (++events === 1) { for (let i = 0; i < 100; i++) h.read("0", "/events1"); }
          if (events === 301) h.close();
        }
        clearImmediate(timer);
        assertEquals([events, turns > 200], [301, true]);
        await assertRejects(() => h.events().next(), XsError);
        using other = xs(options);
        const next = other.events().next();
        assertThrows(() => other.read("0", "/close"), XsError);
        await assertRejects(() => next, XsError);
      }));

    test("wait_event(), event_ready() and `for await` of a pyxs monitor tell of the same events", () =>
      withStore(kind, async (options) => {
        const m = monitor(options);
        assertEquals([m.wait_event(0), m.wait_event(0.01), await m.event_ready(0.01)], [false, false, false]);
        m.watch("/event", "token");
        m.client.read("/events1");
        assertEquals([m.wait_event(), m.wait_event(0), await m.event_ready()], [true, true, true]);
        assertEquals(m.wait().next().value?.token, "token");
        const seen: string[] = [];
        for await (const { path } of m) {
          if (seen.push(path) === 2) m.close();
        }
        assertEquals(seen, ["/event", "/event"]);
        await assertRejects(() => m.event_ready(), ConnectionError);
      }));

    test("wait_event() and event_ready() skip events of ended watches, which wait(true) still gives", () =>
      withStore(kind, async (options) => {
        using m = monitor(options);
        m.watch("/event", "token");
        m.client.read("/events1");
        m.wait_event();
        m.unwatch("/event", "token");
        assertEquals([m.wait_event(0), await m.event_ready(0)], [false, false]);
        assertEquals(m.wait(true).next().value?.token, "token");
      }));
  });
}
