// The events of a client: what it raises, when, and with which fields.

import { channel } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Client, connect } from "../../src/client/client.ts";
import { EVENT_ALL, EventClass, type TraceEvent, type TsxsEvent } from "../../src/events/classes.ts";
import { connected } from "../support/peer.ts";
import { Stores } from "../support/stores.ts";

const { CLOSE, ENTER, LAUNCH_DONE, LIBRARY, SUBPROCESS_QUIT, TRACE } = EventClass;

/** Collects the events of a mask. */
function collect(client: Client, mask: number): TsxsEvent[] {
  const events: TsxsEvent[] = [];
  client.setEventCallback((event) => void events.push(event), mask);
  return events;
}

describe("the life of a client", () => {
  test("raises launch_done when the client is connected, and close once", async () => {
    const client = new Client("embedded:");
    const events = collect(client, CLOSE | LAUNCH_DONE | SUBPROCESS_QUIT);
    await client.connect();
    await client.close();
    await client.close();
    assertEquals(events.map(({ type }) => type), ["launch_done", "close"]);
  });

  test("raises close before the connection is closed", async () => {
    const client = await connect("embedded:");
    let isConnected = false;
    client.on("close", (_event, _handle, source) => void (isConnected = source.isConnected));
    await client.close();
    assertEquals(isConnected, true);
  });

  test("raises subprocess_quit when the connection is lost, and launch_done when it is back", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const events = collect(client, LAUNCH_DONE | SUBPROCESS_QUIT);
    stores.newest.cut();
    await stores.status("reconnected");
    assertEquals(events.map(({ type }) => type), ["subprocess_quit", "launch_done"]);
  });

  test("logs what becomes of the connection", async () => {
    const stores = new Stores();
    const client = await stores.connect();
    const events = collect(client, LIBRARY);
    stores.failures = 1;
    stores.newest.cut();
    await stores.status("reconnected");
    const texts = events.map((event) => event.type === "library" ? event.text : "");
    assertEquals(texts.slice(1), [
      "attempt 1 of 10 to connect again failed: cannot open a transport: no client has connected yet",
      "connected again to transport, at attempt 2",
    ]);
    assert(texts[0]?.startsWith("the connection is lost: "), texts[0]);
  });

  test("lets a callback close the client, whose request then fails", async () => {
    const client = await connect("embedded:");
    client.on(TRACE, () => void client.close());
    const error = await assertRejects(() => client.read("/tool"));
    assertEquals(error.message.includes("the client was closed"), true, error.message);
    assertEquals(client.isConnected, false);
  });
});

describe("trace events", () => {
  test("tell of a request, its reply with the duration, and its error", async () => {
    const { client, peer } = await connected();
    const events = collect(client, TRACE) as TraceEvent[];
    const written = client.write("/tool/a", "1");
    (await peer.next()).ok();
    await written;
    const read = client.read("/none");
    (await peer.next()).error("ENOENT");
    const error = await assertRejects(() => read);
    const fields = events.map(({ phase, operation, path, transactionId, requestId, duration }) => [
      phase,
      operation,
      path,
      transactionId,
      requestId,
      typeof duration,
    ]);
    assertEquals(fields, [
      ["start", "WRITE", "/tool/a", 0, 1, "undefined"],
      ["reply", "WRITE", "/tool/a", 0, 1, "number"],
      ["start", "READ", "/none", 0, 2, "undefined"],
      ["reply", "READ", "/none", 0, 2, "number"],
    ]);
    assertEquals([events[1]?.error, events[3]?.error], [undefined, error]);
    const texts = events.map(({ text }) => text.replace(/ \(\d+\.\d{3} ms\)$/, " (time)"));
    assertEquals(texts, [
      'WRITE "/tool/a"',
      'WRITE "/tool/a" = "OK\\0" (time)',
      'READ "/none"',
      `READ "/none" = -1 (${error.message}) (time)`,
    ]);
  });

  test("cut values at 256 bytes, and escape them", async () => {
    await using client = await connect("embedded:");
    await client.write("/tool/a", `\x1b[31m"${"x".repeat(300)}`);
    const events = collect(client, TRACE) as TraceEvent[];
    await client.read("/tool/a");
    const [, reply] = events;
    const expected = `READ "/tool/a" = "\\x1b[31m\\"${"x".repeat(250)}"... (50 bytes more)`;
    assertEquals(reply?.text.slice(0, expected.length), expected);
  });

  test("tell of watch events", async () => {
    await using client = await connect("embedded:");
    await using monitor = client.monitor();
    const events = collect(client, TRACE) as TraceEvent[];
    await monitor.watch("/tool", "mine");
    await monitor.wait().next();
    const event = events.find(({ phase }) => phase === "event");
    assertEquals([event?.operation, event?.path, event?.requestId], ["WATCH_EVENT", "/tool", 0]);
  });

  test("carry the transaction", async () => {
    await using client = await connect("embedded:");
    const events = collect(client, TRACE) as TraceEvent[];
    await client.transact((transaction) => transaction.write("/tool/a", "1"));
    const write = events.find(({ operation }) => operation === "WRITE");
    assert((write?.transactionId ?? 0) > 0);
    assert(write?.text === `WRITE "/tool/a" in transaction ${write?.transactionId}`, write?.text);
  });

  test("tell of a request that fails before it is sent", async () => {
    await using client = await connect("embedded:");
    const events = collect(client, TRACE) as TraceEvent[];
    await assertRejects(() => client.write("/tool/a", "x".repeat(5000)));
    assertEquals(events.map(({ phase }) => phase), ["start", "reply"]);
  });
});

test("enter events name the operations of the client and of the protocol", async () => {
  const client = new Client("embedded:");
  const events = collect(client, ENTER);
  await client.connect();
  await client.transact(() => {});
  await client.close();
  const names = events.map((event) => event.type === "enter" ? event.operation : "");
  assertEquals(names, ["connect", "transact", "TRANSACTION_START", "TRANSACTION_END", "close"]);
});

describe("the channels of diagnostics_channel", () => {
  const names = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

  test("carry one object for each request, in the order of a tracing channel", async () => {
    await using client = await connect("embedded:");
    const seen: { name: string; message: { operation: string; error?: unknown; resultLength?: number } }[] = [];
    const subscriptions = names.map((name) => {
      const subscriber = (message: unknown) => void seen.push({ name, message: message as never });
      return { channel: channel(`tracing:tsxs:request:${name}`), subscriber };
    });
    for (const { channel, subscriber } of subscriptions) channel.subscribe(subscriber);
    try {
      await client.write("/tool/a", "1");
      await assertRejects(() => client.read("/none"));
    } finally {
      for (const { channel, subscriber } of subscriptions) channel.unsubscribe(subscriber);
    }
    await client.read("/tool/a");
    assertEquals(seen.map(({ name, message }) => `${message.operation} ${name}`), [
      "WRITE start",
      "WRITE end",
      "WRITE asyncStart",
      "WRITE asyncEnd",
      "READ start",
      "READ end",
      "READ error",
      "READ asyncStart",
      "READ asyncEnd",
    ]);
    assertEquals(new Set(seen.map(({ message }) => message)).size, 2);
    assertEquals([seen[3]?.message.resultLength, seen[3]?.message.error], [3, undefined]);
    assert(seen[6]?.message.error instanceof Error);
  });
});

describe("private data of a client", () => {
  test("lives until the client closes", async () => {
    const client = await connect("embedded:");
    client.setPrivate("key", { any: "value" });
    assertEquals([client.getPrivate("key"), client.firstPrivate()?.[0], client.nextPrivate()], [
      { any: "value" },
      "key",
      null,
    ]);
    client.on("close", () => assertEquals(client.privateEntries().length, 1));
    await client.close();
    assertEquals([client.getPrivate("key"), client.privateEntries()], [undefined, []]);
  });
});

test("setEventCallback() refuses a mask with an unknown bit, and deleteEventCallback() an unknown handle silently", () => {
  const client = new Client("embedded:");
  assertThrows(() => client.setEventCallback(() => {}, EVENT_ALL + 1), RangeError, "setEventCallback: mask is 1024");
  client.deleteEventCallback(99);
});
