// The log of operations: its events, its readers, and the events that a slow reader loses.

import { join } from "node:path";
import { describe, test } from "node:test";
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { connect, Operation } from "../../../mod.ts";
import { Daemon, type LogEvent, type OperationEvent } from "../../../src/daemon/mod.ts";
import { OperationLog } from "../../../src/daemon/lines/operation_log.ts";
import { shown } from "../../support/bytes.ts";
import { ManualClock } from "../../support/line.ts";
import { inDirectory } from "../../support/socket.ts";

/** An event in one line: `"1 READ /tool = value"`, `"1 READ /tool ! ENOENT"`. */
function inShort(event: LogEvent): string {
  if (event.type === "overflow") return `${event.lost} lost`;
  const { connection, operation, path, reply, error } = event;
  const result = error !== null ? `! ${error}` : reply !== null ? `= ${shown(reply)}` : "cut";
  return [connection, operation, ...path === undefined ? [] : [path], result].join(" ");
}

async function take(log: AsyncIterator<LogEvent>, count: number): Promise<string[]> {
  const taken: string[] = [];
  while (taken.length < count) {
    const { done, value } = await log.next();
    taken.push(done ? "end" : inShort(value));
  }
  return taken;
}

function event(requestId: number): OperationEvent {
  return {
    type: "operation",
    time: 0,
    connection: 1,
    domid: 0,
    operation: "READ",
    requestId,
    transactionId: 0,
    path: `/${requestId}`,
    request: new Uint8Array(),
    reply: null,
    error: "ENOENT",
  };
}

describe("operations()", () => {
  test("operations() reports the requests of all connections in order, with their answers", async () => {
    await using daemon = new Daemon();
    const log = daemon.operations();
    await using store = await connect(daemon.connect());
    await store.write("/tool/x", "1");
    await store.read("/tool/x");
    await assertRejects(() => store.read("/tool/none"));
    daemon.introduceDomain(5);
    await using guest = await connect(daemon.connect({ domid: 5 }));
    await guest.getDomainPath(5);
    await using monitor = store.monitor();
    await monitor.watch("/tool", "t");
    await store.list("/tool/x");
    assertEquals(await take(log, 6), [
      "1 WRITE /tool/x = OK|",
      "1 READ /tool/x = 1",
      "1 READ /tool/none ! ENOENT",
      "2 GET_DOMAIN_PATH = /local/domain/5|",
      "1 WATCH /tool = OK|",
      "1 DIRECTORY /tool/x = ",
    ]);
  });

  test("operations() reports every detail of a request", async () => {
    const clock = new ManualClock();
    clock.pass(1234);
    await using daemon = new Daemon({ clock });
    daemon.introduceDomain(5);
    const log = daemon.operations();
    await using guest = await connect(daemon.connect({ domid: 5 }));
    const transaction = await guest.transaction();
    await transaction.write("data/x", "value").catch(() => {});
    await take(log, 1);
    const { value } = await log.next();
    assertEquals(value, {
      type: "operation",
      time: 1234,
      connection: 1,
      domid: 5,
      operation: "WRITE",
      requestId: 2,
      transactionId: 1,
      path: "data/x",
      request: new TextEncoder().encode("data/x\0value"),
      reply: null,
      error: "EACCES",
    });
  });

  test("operations() names an unknown operation by its number, and an invalid path as it was sent", async () => {
    await using daemon = new Daemon();
    const log = daemon.operations();
    const transport = daemon.connect();
    transport.start({ receive: () => {}, ended: () => {} });
    const { encodePacket } = await import("../../../src/wire/encoder.ts");
    transport.send(encodePacket(77, 1, 0, ["x"]));
    transport.send(encodePacket(Operation.READ, 2, 0, [Uint8Array.of(0xe9)]));
    assertEquals(await take(log, 2), ["1 operation 77 ! ENOSYS", "1 READ \xe9 ! EINVAL"]);
    await transport.close();
  });

  test("operations() begins with the call, not with the first next()", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    await store.exists("/tool/before");
    const log = daemon.operations();
    await store.exists("/tool/after");
    assertEquals(await take(log, 1), ["1 READ /tool/after ! ENOENT"]);
  });

  test("operations() sends every event to each reader", async () => {
    await using daemon = new Daemon();
    await using store = await connect(daemon.connect());
    const logs = [daemon.operations(), daemon.operations()];
    const first = logs.map((log) => take(log, 1));
    await store.exists("/tool");
    assertEquals(await Promise.all(first), [["1 READ /tool = "], ["1 READ /tool = "]]);
  });

  test("operations() reports how many events exceeded the limit", async () => {
    await using daemon = new Daemon();
    const log = daemon.operations({ limit: 2 });
    await using store = await connect(daemon.connect());
    for (let i = 0; i < 5; i++) await store.exists(`/tool/${i}`);
    assertEquals(await take(log, 3), ["1 READ /tool/0 ! ENOENT", "1 READ /tool/1 ! ENOENT", "3 lost"]);
    await store.exists("/tool/5");
    assertEquals(await take(log, 1), ["1 READ /tool/5 ! ENOENT"]);
  });

  test("operations() ends after the events before daemon.close()", async () => {
    const daemon = new Daemon();
    const log = daemon.operations();
    const store = await connect(daemon.connect());
    await store.exists("/tool");
    await daemon.close();
    assertEquals(await take(log, 3), ["1 READ /tool = ", "end", "end"]);
    assertEquals(await take(daemon.operations(), 1), ["end"]);
  });

  test("operations() rejects with the reason of an aborted signal", async () => {
    await using daemon = new Daemon();
    const abort = new AbortController();
    const log = daemon.operations({ signal: abort.signal });
    const next = assertRejects(() => log.next(), Error, "enough");
    abort.abort(new Error("enough"));
    await next;
    await assertRejects(() => log.next(), Error, "enough");
    await assertRejects(() => daemon.operations({ signal: abort.signal }).next(), Error, "enough");
  });

  test("operations() numbers connections in the order in which they were made, on every listener", async () => {
    await inDirectory(async (directory) => {
      await using daemon = new Daemon();
      daemon.introduceDomain(5);
      await daemon.listen(join(directory, "own"));
      const { path } = await daemon.listen(join(directory, "guest's"), { domid: 5 });
      await using log = daemon.operations();
      await using store = await connect(daemon.connect());
      await using guest = await connect(`unix:${path}`);
      await store.exists("/tool");
      await guest.getDomainPath(5);
      assertEquals(await take(log, 2), ["1 READ /tool = ", "2 GET_DOMAIN_PATH = /local/domain/5|"]);
      assertMatch(await store.control(["memreport"]), /^connections +: +2 /m);
    });
  });

  test("operations() rejects an invalid limit", async () => {
    await using daemon = new Daemon();
    for (const limit of [0, -1, 1.5, NaN]) {
      assertThrows(() => daemon.operations({ limit }), RangeError, `limit is ${limit}`);
    }
  });
});

describe("OperationLog", () => {
  test("a log is wanted only while it has a reader", async () => {
    const log = new OperationLog();
    assertEquals(log.isWanted, false);
    const abort = new AbortController();
    const [one, other] = [log.read({}), log.read({ signal: abort.signal })];
    assertEquals(log.isWanted, true);
    await one.return();
    assertEquals(log.isWanted, true);
    abort.abort();
    assertEquals(log.isWanted, false);
    await assertRejects(() => other.next());
  });

  test("disposing of a reader ends its pending next(), and the log is no longer wanted", async () => {
    const log = new OperationLog();
    const events = log.read({});
    const waiting = events.next();
    {
      await using disposed = events;
      assertEquals([log.isWanted, disposed === events], [true, true]);
    }
    assertEquals([log.isWanted, (await waiting).done], [false, true]);
    log.add(event(1));
    assertEquals(await take(events, 1), ["end"]);
    await events[Symbol.asyncDispose]();
  });

  test("leaving a for-await loop ends the reader, and the log is no longer wanted", async () => {
    const log = new OperationLog();
    const events = log.read({});
    log.add(event(1));
    log.add(event(2));
    for await (const next of events) {
      assertEquals(inShort(next), "1 READ /1 ! ENOENT");
      break;
    }
    assertEquals(log.isWanted, false);
    assertEquals(await take(events, 1), ["end"]);
  });

  test("each pending next() gets one event", async () => {
    const log = new OperationLog();
    const events = log.read({});
    const waiting = [events.next(), events.next()];
    log.add(event(1));
    log.add(event(2));
    const values = await Promise.all(waiting);
    assertEquals(values.map(({ value }) => value?.type === "operation" ? value.requestId : 0), [1, 2]);
    const last = events.next();
    log.end();
    assertEquals((await last).done, true);
  });

  test("an event that arrives after a loss, and before it is reported, is counted as lost", async () => {
    const log = new OperationLog();
    const events = log.read({ limit: 2 });
    for (let i = 1; i <= 3; i++) log.add(event(i));
    assertEquals(await take(events, 1), ["1 READ /1 ! ENOENT"]);
    log.add(event(4));
    assertEquals(await take(events, 2), ["1 READ /2 ! ENOENT", "2 lost"]);
    log.add(event(5));
    assertEquals(await take(events, 1), ["1 READ /5 ! ENOENT"]);
  });

  test("a slow reader gets many events in order", async () => {
    const log = new OperationLog();
    const events = log.read({ limit: 100 });
    const taken: string[] = [];
    for (let i = 1; i <= 1000; i++) {
      log.add(event(i));
      if (i > 50) taken.push(...await take(events, 1));
    }
    taken.push(...await take(events, 50));
    assertEquals(taken, Array.from({ length: 1000 }, (_, i) => `1 READ /${i + 1} ! ENOENT`));
  });
});
