// Links between clients that flood each other, and links whose changes cannot be persisted.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Links } from "../../../src/daemon/lines/links.ts";
import { Observer } from "../../../src/daemon/lines/observer.ts";
import { DaemonReports } from "../../../src/daemon/lines/reports.ts";
import { Reporter } from "../../../src/events/reporter.ts";
import { OperationLog } from "../../../src/daemon/lines/operation_log.ts";
import { concat } from "../../support/bytes.ts";
import { FakeCore, FakeLine, ManualClock, request, Rig, turn } from "../../support/line.ts";

const big = "x".repeat(1000);

/** Requests with the ids from 0 on. */
function requests(count: number, from = 0): Uint8Array {
  return concat(Array.from({ length: count }, (_, i) => request(from + i)));
}

/** Each request queues so many events of 1,025 bytes to the second connection. */
function flood(rig: Rig, eventsOf: (id: number) => number): void {
  rig.core.onRequest = (connection, packet) => {
    const { requestId } = packet;
    for (let i = 0; i < eventsOf(requestId); i++) rig.core.connection(2).outbox.event(`/${requestId}/${i}`, big);
    rig.core.echo(connection, packet);
  };
}

describe("a link whose changes cannot be persisted", () => {
  test("ends, and sends neither the reply nor an event", () => {
    const [core, clock] = [new FakeCore(), new ManualClock()];
    let isKept = true;
    const observer = new Observer(clock, new OperationLog(), null, new DaemonReports(new Reporter(), clock));
    const links = new Links(core, clock, observer, {}, () => isKept);
    const line = new FakeLine();
    line.user = links.open(0, line);
    line.send(request(1));
    isKept = false;
    core.connection(1).outbox.event("/a", "token");
    line.send(request(2));
    assertEquals(line.received, ["READ 1 /a|"]);
    assertEquals([line.isClosed, core.detached], [true, [1]]);
  });
});

describe("a link that floods another one", () => {
  test("lets the other client read before it causes more events", async () => {
    const rig = new Rig();
    const [writing, reading] = [rig.open(), rig.open()];
    reading.room = 1;
    flood(rig, () => 1);
    writing.send(requests(2000));
    assert(rig.core.handled.length < 200, `${rig.core.handled.length} requests were handled in one turn`);
    while (!reading.isClosed && reading.received.length < 2000) {
      // Reads more in each turn than the other client may cause in it.
      for (let i = 0; i < 8; i++) reading.drain(1);
      await turn();
    }
    assertEquals([reading.isClosed, reading.received.length, writing.received.length], [false, 2000, 2000]);
  });

  test("has the usual limit again after the other client has read the events of one large request", async () => {
    const rig = new Rig({ unsentMax: 100_000 });
    const [writing, reading] = [rig.open(), rig.open()];
    reading.room = 1;
    flood(rig, (id) => id === 0 ? 1000 : 10);
    writing.send(request(0));
    await turn();
    while (reading.received.length < 1000) reading.drain(1);
    reading.drain(1);
    for (let id = 1; id <= 30 && !reading.isClosed; id++) {
      writing.send(request(id));
      await turn();
    }
    assert(reading.isClosed);
    assert(rig.core.handled.length < 20, `${rig.core.handled.length} requests were handled`);
  });
});
