// A link between a connection and the store: what a client does or omits, and that it does not harm other clients.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { concat } from "../../support/bytes.ts";
import { request, Rig, turn } from "../../support/line.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";

/** Requests with these ids. */
const requests = (...ids: number[]): Uint8Array => concat(ids.map((id) => request(id)));
const replies = (...ids: number[]): string[] => ids.map((id) => `READ ${id} /a|`);

describe("a link", () => {
  test("a link answers requests in order, and sends the replies to one chunk together", () => {
    const rig = new Rig();
    const line = rig.open();
    line.send(requests(1, 2, 3));
    assertEquals(line.received, replies(1, 2, 3));
    assertEquals(line.writes, 1);
  });

  test("a link replies in the turn of the request, and sends events to other links after it", async () => {
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

  test("a link gives other clients a turn after each TRANSACTION_END of a guest, whose commit may take long", async () => {
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

  test("a link sends its own events and replies in the order in which they were caused", () => {
    const rig = new Rig();
    const line = rig.open();
    rig.core.onRequest = (connection, packet) => {
      connection.outbox.event("/a", "t");
      rig.core.echo(connection, packet);
    };
    line.send(requests(1));
    assertEquals(line.received, ["WATCH_EVENT 0 /a|t|", ...replies(1)]);
  });

  test("a link detaches its connection once, however often it is ended (XSA-233)", () => {
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

  test("a closed link handles no request and sends nothing", async () => {
    const rig = new Rig();
    const line = rig.open();
    line.user?.closed();
    line.send(requests(1));
    line.user?.drained();
    rig.core.connection(1).outbox.event("/a", "t");
    await turn();
    assertEquals([rig.core.handled, line.received], [[], []]);
  });

  test("a link closes if the store drops its connection, and handles no later request", async () => {
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

  test("an error of the store is thrown, and closes the link that caused it", () => {
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

describe("a link whose client sends invalid requests", () => {
  test("a link waits for the rest of an incomplete request, and other links are served", () => {
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

  test("a link detaches its connection if the client closes before it has sent a request's body", () => {
    const rig = new Rig();
    const line = rig.open();
    line.send(requests(1).subarray(0, 16));
    line.user?.closed();
    assertEquals([rig.core.handled, rig.core.detached], [[], [1]]);
  });

  test("a request of more than 4096 bytes closes the link without a reply, after the replies to earlier requests", () => {
    const rig = new Rig();
    const line = rig.open();
    const tooLong = request(2, "x".repeat(4096), Operation.DIRECTORY);
    line.send(concat([requests(1), tooLong.subarray(0, 16)]));
    assertEquals([line.received, line.isClosed], [replies(1), true]);
    line.send(requests(3));
    assertEquals(rig.core.handled.length, 1);
  });
});

describe("a link that is throttled", () => {
  test("a throttled link pauses its line, and runs the next request after the delay", () => {
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

  test("a throttled link stays paused if the store still holds it after the delay", () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, 100);
    line.send(requests(1));
    rig.clock.pass(100);
    assertEquals([line.received, line.isPaused, rig.clock.waiting], [[], true, 1]);
  });

  test("a throttled link runs the next request in a turn after the store releases it", async () => {
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

  test("a release does not end a delay by time", async () => {
    const rig = new Rig();
    const line = rig.open(5);
    rig.core.holds.set(1, 100);
    line.send(requests(1));
    rig.core.connection(1).onReleased();
    await turn();
    assertEquals([line.received, line.isPaused], [[], true]);
  });

  test("a throttled link keeps the requests that arrived before and during the pause", () => {
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

  test("a throttled link still gets its events, and does not delay other links", async () => {
    const rig = new Rig();
    const [held, free] = [rig.open(5), rig.open()];
    rig.core.holds.set(1, Infinity);
    held.send(requests(1));
    free.send(requests(1));
    rig.core.connection(1).outbox.event("/a", "t");
    await turn();
    assertEquals([held.received, free.received], [["WATCH_EVENT 0 /a|t|"], replies(1)]);
  });

  test("closing a throttled link detaches its connection and cancels its timer", () => {
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

  test("a link handles no further chunk until the client has read the replies", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(many(50));
    line.send(many(50));
    assertEquals([line.isPaused, rig.core.handled.length], [true, 50]);
    line.drain();
    assertEquals([line.isPaused, line.received.length], [false, 100]);
  });

  test("a link stops within a chunk if the replies are long", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    rig.core.onRequest = ({ outbox }, { requestId }) => outbox.reply(Operation.READ, requestId, 0, "x".repeat(4000));
    line.send(requests(...Array.from({ length: 1000 }, (_, i) => i)));
    assert(rig.core.handled.length < 20, `${rig.core.handled.length} were carried out`);
    line.drain();
    assertEquals(line.received.length, 1000);
  });

  test("a link sends its backlog in order, in pieces of at most 64 KiB", () => {
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

  test("a link with a backlog of more than 1 MiB is disconnected, and other links are not (XSA-326)", async () => {
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

  /** For each request, sends the second connection a number of events of 1,025 bytes, which name the request's id. */
  function flood(rig: Rig, counts: readonly number[]): void {
    rig.core.onRequest = (connection, packet) => {
      const count = counts[packet.requestId] ?? 0;
      for (let i = 0; i < count; i++) rig.core.connection(2).outbox.event(`/${packet.requestId}${i}`, big);
      rig.core.echo(connection, packet);
    };
  }

  test("the backlog includes bytes that have left the outbox", async () => {
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

  test("a link over the limit is disconnected while another link's chunk of requests is handled", async () => {
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

  test("a link is not disconnected for the events of a single request, however many they are", async () => {
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

  test("a link is disconnected if further events double the backlog of a single request", async () => {
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

  test("a link that takes nothing for 20 seconds is disconnected (XSA-326)", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(requests(1));
    rig.clock.pass(19_999);
    assertEquals(line.isClosed, false);
    rig.clock.pass(1);
    assertEquals([line.isClosed, rig.core.detached, rig.clock.waiting], [true, [1], 0]);
  });

  test("a link that takes something within 20 seconds stays connected", () => {
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

  test("a link has no timer after the client has read everything", () => {
    const rig = new Rig();
    const line = rig.open();
    line.room = 1;
    line.send(requests(1));
    line.drain();
    rig.clock.pass(20_000);
    assertEquals([rig.clock.waiting, line.isClosed], [0, false]);
  });

  test("unsentMax and unsentMs set the limits of the backlog", () => {
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

  test("a guest that waits for a link's events continues after that link is disconnected", async () => {
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

describe("idle links", () => {
  test("1,000 idle links have no timer", () => {
    const rig = new Rig();
    for (let i = 0; i < 1000; i++) rig.open().send(requests(1));
    assertEquals([rig.clock.waiting, rig.links.size], [0, 1000]);
  });
});
