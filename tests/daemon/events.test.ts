// The events of a daemon: its log, its requests, and its ends.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { connect } from "../../src/client/client.ts";
import { type Clock, Daemon, EVENT_ALL, EventClass, type TsxsEvent } from "../../src/daemon/mod.ts";

function collect(daemon: Daemon, mask: number): TsxsEvent[] {
  const events: TsxsEvent[] = [];
  daemon.setEventCallback((event) => void events.push(event), mask);
  return events;
}

describe("the events of a daemon", () => {
  test("tell that it listens, and that it closes", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
    try {
      const daemon = new Daemon();
      const events = collect(daemon, EVENT_ALL);
      await daemon.listen(join(directory, "socket"));
      await daemon.close();
      await daemon.close();
      const names = events.map((event) => event.type === "enter" ? `enter ${event.operation}` : event.type);
      assertEquals(names, ["enter listen", "library", "launch_done", "enter close", "close"]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test("have the lines of its log, which the log option gets as well", async () => {
    const lines: string[] = [];
    await using daemon = new Daemon({ log: (line) => void lines.push(line) });
    const events = collect(daemon, EventClass.APPLIANCE);
    await using store = await connect(daemon.connect());
    await store.control(["print", "hello"]);
    assertEquals(lines, ["control: hello"]);
    assertEquals(events, [{ type: "appliance", class: EventClass.APPLIANCE, text: "control: hello" }]);
  });

  test("trace each request with its domain, its result and its error", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const events = collect(daemon, EventClass.TRACE);
    await store.write("/tool/a", "1");
    await store.exists("/none");
    const texts = events.map((event) => event.type === "trace" ? event.text.replace(/ \(\d+\.\d{3} ms\)$/, "") : "");
    assertEquals(texts, ['domain 0: WRITE "/tool/a" = "OK\\0"', 'domain 0: READ "/none" = -1 (ENOENT)']);
  });

  test("tell how far a long import is, and its end", async () => {
    let now = 0;
    // Each look at the clock takes a second.
    const clock: Clock = { now: () => now += 1000, after: () => ({ cancel: () => {} }) };
    await using daemon = new Daemon({ clock });
    await using source = new Daemon();
    await using store = await connect(source.connect());
    for (const name of ["a", "b", "c", "d"]) await store.write(`/tool/${name}`, name);
    const events = collect(daemon, EventClass.PROGRESS);
    daemon.importStream(source.exportStream());
    const progress = events.map((event) => event.type === "progress" ? event : null);
    const totals = new Set(progress.map((event) => event?.total));
    const last = progress.at(-1);
    assertEquals([totals.size, last?.operation, last?.position === last?.total, progress.length > 1], [
      1,
      "importStream",
      true,
      true,
    ]);
  });

  test("keep private data until the daemon closes", async () => {
    const daemon = new Daemon();
    daemon.setPrivate("key", 5);
    assertEquals(daemon.getPrivate("key"), 5);
    await daemon.close();
    assertEquals(daemon.getPrivate("key"), undefined);
  });
});
