// A connection's way through the daemon: what a client does or omits, and what it must not cost anybody else.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat } from "../../support/bytes.ts";
import { request, Rig, turn } from "../../support/line.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";

/** Requests by their numbers. */
const requests = (...ids: number[]): Uint8Array => concat(ids.map((id) => request(id)));
const replies = (...ids: number[]): string[] => ids.map((id) => `READ ${id} /a|`);

describe("a link", () => {
  test("answers each request in order, and what came together in one piece", () => {
    const rig = new Rig();
    const line = rig.open();
    line.send(requests(1, 2, 3));
    assertEquals(line.received, replies(1, 2, 3));
    assertEquals(line.writes, 1);
  });

  test("answers in the turn of the request, and sends what others caused once their turn is over", async () => {
    const rig = new Rig();
    const [asking, watching] = [rig.open(), rig.open()];
    rig.core.onRequest = (connection, packet) => {
      rig.core.connection(2).outbox.event(`/a${packet.requestId}`, "t");
      rig.core.echo(connection, packet);
    };
    asking.send(requests(1, 2));
    assertEquals(asking.received, replies(1, 2));
    assertEquals(watching.received, []);
    await turn();
    assertEquals(watching.received, ["WATCH_EVENT 0 /a1|t|", "WATCH_EVENT 0 /a2|t|"]);
    assertEquals(watching.writes, 1);
  });

  test("gives other clients a turn after each TRANSACTION_END of a guest, whose commit may take long", async () => {
    const rig = new Rig();
    const [guest, other] = [rig.open(5), rig.open()];
    const ends = [1, 2, 3].map((id) => request(id, "T", Operation.TRANSACTION_END));
    guest.send(concat([...ends, request(4)]));
    assertEquals(guest.received, ["TRANSACTION_END 1 T|"]);
    other.send(concat(ends));
    assertEquals(other.received.length, 3);
    while (guest.received.length < 4) await turn();
    assertEquals(guest.received.at(-1), "READ 4 /a|");
    assert(!guest.isPaused);
  });

  test("sends its own events and replies in the order in which they came up", () => {
    const rig = new Rig();
    const line = rig.open();
    rig.core.onRequest = (connection, packet) => {
      connection.outbox.event("/a", "t");
      rig.core.echo(connection, packet);
    };
    line.send(requests(1));
    assertEquals(line.received, ["WATCH_EVENT 0 /a|t|", ...replies(1)]);
  });

  test("gives its connection back once, whoever ends it, and however often (XSA-233)", () => {
    const rig = new Rig();
    const [one, other] = [rig.open(), rig.open()];
    one.user?.closed();
    one.user?.closed();
    rig.links.end();
    rig.links.end();
    other.user?.closed();
    assertEquals(rig.core.detached, [1, 2]);
    assertEquals([one.isClosed, other.isClosed], [false, true]);
    assertEquals(rig.links.size, 0);
  });

  test("does nothing any more after its end", async () => {
    const rig = new Rig();
    const line = rig.open();
    line.user?.closed();
    line.send(requests(1));
    line.user?.drained();
    rig.core.connection(1).outbox.event("/a", "t");
    await turn();
    assertEquals([rig.core.handled, line.received], [[], []]);
  });

  test("ends where the daemon drops the connection, and takes no request behind that", async () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.onRequest = (connection, packet) => {
      if (packet.requestId === 2) connection.onDropped();
    };
    line.send(requests(1, 2, 3));
    line.send(requests(4));
    await turn();
    assertEquals(rig.core.handled.length, 2);
    assertEquals([line.isClosed, rig.core.detached], [true, [1]]);
  });

  test("lets an error of the core's own be seen, and ends the connection that met it", () => {
    const rig = new Rig();
    const line = rig.open();
    rig.core.onRequest = (connection, packet) => {
      if (packet.requestId === 2) throw new Error("a mistake");
      rig.core.echo(connection, packet);
    };
    assertThrows(() => line.send(requests(1, 2, 3)), Error, "a mistake");
    assertEquals([line.received, line.isClosed, rig.core.detached], [replies(1), true, [1]]);
  });
});

describe("a link whose client sends what it should not", () => {
  test("waits for the rest of half a frame, and serves others meanwhile", () => {
    const rig = new Rig();
    const [half, whole] = [rig.open(), rig.open()];
    const bytes = requests(1);
    for (let cut = 1; cut < bytes.length; cut++) {
      half.send(bytes.subarray(0, cut));
      whole.send(requests(cut));
      assertEquals(whole.received.at(-1), ...replies(cut) as [string]);
      half.send(bytes.subarray(cut));
    }
    assertEquals(half.received.length, bytes.length - 1);
  });

  test("waits for a body that is withheld, and gives the connection back when the client goes", () => {
    const rig = new Rig();
    const line = rig.open();
    line.send(requests(1).subarray(0, 16));
    line.user?.closed();
    assertEquals([rig.core.handled, rig.core.detached], [[], [1]]);
  });

  test("ends at once at a frame of more than 4096 bytes, without a reply to that, though with one to those before", () => {
    const rig = new Rig();
    const line = rig.open();
    const tooLong = request(2, "x".repeat(4096), Operation.DIRECTORY);
    line.send(concat([requests(1), tooLong.subarray(0, 16)]));
    assertEquals([line.received, line.isClosed], [replies(1), true]);
    line.send(requests(3));
    assertEquals(rig.core.handled.length, 1);
  });
});

describe("a link that is held up", () => {
  test("runs the next request when the time has come, with its line paused until then", () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.onRequest = (connection, packet) => {
      rig.core.echo(connection, packet);
      rig.core.holds.set(1, packet.requestId === 1 ? 100 : 0);
    };
    line.send(requests(1, 2, 3));
    assertEquals([line.received, line.isPaused], [replies(1), true]);
    rig.clock.pass(99);
    assertEquals(line.received, replies(1));
    rig.core.holds.clear();
    rig.clock.pass(1);
    assertEquals([line.received, line.isPaused], [replies(1, 2, 3), false]);
    assertEquals(rig.clock.waiting, 0);
  });

  test("asks again when the time has come: it may be too early still", () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, 100);
    line.send(requests(1));
    rig.clock.pass(100);
    assertEquals([line.received, line.isPaused, rig.clock.waiting], [[], true, 1]);
  });

  test("runs the next request when the core lets it, and not in the turn of who made it do so", async () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, Infinity);
    line.send(requests(1, 2));
    assertEquals([line.isPaused, rig.clock.waiting], [true, 0]);
    rig.core.holds.clear();
    rig.core.connection(1).onReleased();
    assertEquals(line.received, []);
    await turn();
    assertEquals([line.received, line.isPaused], [replies(1, 2), false]);
  });

  test("is not let go by a release that it does not wait for", async () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, 100);
    line.send(requests(1));
    rig.core.connection(1).onReleased();
    await turn();
    assertEquals([line.received, line.isPaused], [[], true]);
  });

  test("keeps what a paused line had under way", () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, 100);
    line.send(requests(1).subarray(0, 20));
    line.send(concat([requests(1).subarray(20), requests(2)]));
    line.send(requests(3));
    rig.core.holds.clear();
    rig.clock.pass(100);
    assertEquals(line.received, replies(1, 2, 3));
  });

  test("holds up nobody else, and still gets its events", async () => {
    const rig = new Rig();
    const [held, free] = [rig.open(5), rig.open()];
    rig.core.holds.set(1, Infinity);
    held.send(requests(1));
    free.send(requests(1));
    rig.core.connection(1).outbox.event("/a", "t");
    await turn();
    assertEquals([held.received, free.received], [["WATCH_EVENT 0 /a|t|"], replies(1)]);
  });

  test("is given back while it waits, and its timer with it", () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, 100);
    line.send(requests(1));
    line.user?.closed();
    assertEquals([rig.core.detached, rig.clock.waiting], [[1], 0]);
  });
});

describe("a link whose client does not read", () => {
  const big = "x".repeat(1000);
  const many = (count: number): Uint8Array => {
    return concat(Array.from({ length: count }, (_, i) => request(i + 1, big)));
  };

  test("takes no more requests before the client has read, so that asking without reading costs a bounded amount", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(many(50));
    line.send(many(50));
    assertEquals([line.isPaused, rig.core.handled.length], [true, 50]);
    line.drain();
    assertEquals([line.isPaused, line.received.length], [false, 100]);
  });

  test("stops within a chunk where the replies are long", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    rig.core.onRequest = ({ outbox }, { requestId }) => outbox.reply(Operation.READ, requestId, 0, "x".repeat(4000));
    line.send(requests(...Array.from({ length: 1000 }, (_, i) => i)));
    assert(rig.core.handled.length < 20, `${rig.core.handled.length} were carried out`);
    line.drain();
    assertEquals(line.received.length, 1000);
  });

  test("sends in order what waited, in pieces of at most 64 KiB", () => {
    const rig = new Rig();
    const line = rig.open();
    const { outbox } = rig.core.connection(1);
    line.room = 1;
    line.send(requests(1));
    for (let i = 0; i < 300; i++) outbox.event(`/${i}`, big);
    while (line.received.length < 301) line.drain(1);
    assertEquals(
      line.received.slice(1).map((text) => text.split(/[ |]/)[2]),
      Array.from({ length: 300 }, (_, i) => `/${i}`),
    );
    assertEquals(line.writes, 1 + Math.ceil(300 * 1025 / 65536));
  });

  test("is cut when more than 1 MiB waits for it, which harms nobody else (XSA-326)", async () => {
    const rig = new Rig();
    const [writing, stuck, reading] = [rig.open(), rig.open(), rig.open()];
    stuck.room = 1;
    stuck.send(requests(1));
    rig.core.onRequest = (connection, packet) => {
      for (const id of [2, 3]) rig.core.connection(id).outbox.event(`/${packet.requestId}`, big);
      rig.core.echo(connection, packet);
    };
    for (let i = 0; i < 1023; i++) writing.send(requests(i));
    while (writing.received.length < 1023) await turn();
    assertEquals(stuck.isClosed, false);
    for (let i = 1023; i < 1100; i++) writing.send(requests(i));
    while (writing.received.length < 1100) await turn();
    assertEquals([stuck.isClosed, rig.core.detached], [true, [2]]);
    assertEquals([writing.isClosed, reading.isClosed], [false, false]);
    assertEquals(writing.received.length, 1100);
  });

  /** Sends a guest so many events of 1,025 bytes each for a request, after whose number they are named. */
  function flood(rig: Rig, counts: readonly number[]): void {
    rig.core.onRequest = (connection, packet) => {
      const count = counts[packet.requestId] ?? 0;
      for (let i = 0; i < count; i++) rig.core.connection(2).outbox.event(`/${packet.requestId}${i}`, big);
      rig.core.echo(connection, packet);
    };
  }

  test("is cut whether what waits for it has left the outbox or not", async () => {
    const rig = new Rig({ unsentMax: 200_000 });
    const [writing, stuck] = [rig.open(), rig.open()];
    const { outbox } = rig.core.connection(2);
    stuck.room = 1;
    flood(rig, [150, ...Array.from({ length: 20 }, () => 10)]);
    writing.send(requests(0));
    for (let id = 1; id <= 20 && !stuck.isClosed; id++) {
      assert(outbox.unsent <= 200_000, `${outbox.unsent} wait`);
      writing.send(requests(id));
      await turn();
    }
    assertEquals([stuck.isClosed, rig.core.handled.length], [true, 12]);
  });

  test("is cut in the middle of what another one has asked for at once", async () => {
    const rig = new Rig();
    const [writing, stuck] = [rig.open(), rig.open()];
    const { outbox } = rig.core.connection(2);
    let most = 0;
    stuck.room = 1;
    flood(rig, Array.from({ length: 3000 }, () => 1));
    const { onRequest } = rig.core;
    rig.core.onRequest = (connection, packet) => {
      onRequest(connection, packet);
      if (!stuck.isClosed) most = Math.max(most, outbox.unsent);
    };
    writing.send(requests(...Array.from({ length: 3000 }, (_, i) => i)));
    while (writing.received.length < 3000) await turn();
    assert(stuck.isClosed && most < (1 << 20) + 2000, `${most} waited`);
  });

  test("has the time to read what a single request has caused, however much that is", async () => {
    const rig = new Rig({ unsentMax: 100_000 });
    const [writing, reading] = [rig.open(), rig.open()];
    reading.room = 1;
    flood(rig, [1000, 10, 10, 950]);
    for (const id of [0, 1, 2]) {
      writing.send(requests(id));
      await turn();
    }
    assertEquals(reading.isClosed, false);
    while (reading.received.length < 1020) reading.drain(1);
    writing.send(requests(3));
    await turn();
    assertEquals(reading.isClosed, false);
    reading.drain();
    assertEquals(reading.received.length, 1970);
  });

  test("is cut where twice as much waits as that", async () => {
    const rig = new Rig({ unsentMax: 100_000 });
    const [writing, stuck] = [rig.open(), rig.open()];
    stuck.room = 1;
    flood(rig, [1000, 900, 100]);
    for (const [id, isClosed] of [false, false, true].entries()) {
      writing.send(requests(id));
      await turn();
      assertEquals(stuck.isClosed, isClosed);
    }
  });

  test("is cut when it has taken nothing for 20 seconds (XSA-326)", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(requests(1));
    rig.clock.pass(19_999);
    assertEquals(line.isClosed, false);
    rig.clock.pass(1);
    assertEquals([line.isClosed, rig.core.detached, rig.clock.waiting], [true, [1], 0]);
  });

  test("is not cut while it takes something now and then", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(requests(1));
    for (let i = 0; i < 5; i++) {
      rig.clock.pass(15_000);
      rig.core.connection(1).outbox.event(`/${i}`, "t");
      line.drain(1);
    }
    assertEquals(line.isClosed, false);
    rig.clock.pass(20_000);
    assertEquals(line.isClosed, true);
  });

  test("costs no timer any more when it has read everything", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(requests(1));
    line.drain();
    rig.clock.pass(20_000);
    assertEquals([rig.clock.waiting, line.isClosed], [0, false]);
  });

  test("is cut as patiently as wanted", () => {
    const rig = new Rig({ unsentMax: 10, unsentMs: 5 });
    const [slow, flooded] = [rig.open(), rig.open()];
    slow.room = flooded.room = 1;
    slow.send(requests(1));
    flooded.send(requests(1));
    rig.core.connection(2).outbox.event("/a", "t");
    rig.links.check();
    assertEquals([slow.isClosed, flooded.isClosed], [false, true]);
    rig.clock.pass(5);
    assertEquals(slow.isClosed, true);
    for (const wrong of [NaN, -1]) assertThrows(() => new Daemon({ unsentMs: wrong }), RangeError, "unsentMs is");
  });

  test("lets go those who wait for it when it is cut", async () => {
    const rig = new Rig();
    const [stuck, guest] = [rig.open(), rig.open(5)];
    stuck.room = 1;
    stuck.send(requests(1));
    rig.core.connection(1).outbox.event("/a", "t");
    rig.core.holds.set(2, Infinity);
    guest.send(requests(1));
    rig.core.connection(1).outbox.whenTaken(() => {
      rig.core.holds.clear();
      rig.core.connection(2).onReleased();
    });
    rig.clock.pass(20_000);
    await turn();
    assertEquals([stuck.isClosed, guest.received], [true, replies(1)]);
  });
});

describe("a link that idles", () => {
  test("costs no timer", () => {
    const rig = new Rig();
    for (let i = 0; i < 1000; i++) rig.open().send(requests(1));
    assertEquals([rig.clock.waiting, rig.links.size], [0, 1000]);
  });
});
