// When a polled connection keeps the event loop from sleeping, by turns and a clock that the test moves.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkPoll, isPollUseful } from "../../src/transport/poll_option.ts";
import { type Look, type PollClock, Polled } from "../../src/transport/polled.ts";
import { type Receiver, SOCKET_TRAITS, type Transport } from "../../src/transport/transport.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { shown } from "../../src/wire/checks.ts";
import { Operation } from "../../src/wire/operations.ts";
import { concat } from "../support/bytes.ts";

const request = encodePacket(Operation.READ, 1, 0, ["/a"]);
const reply = encodePacket(Operation.READ, 1, 0, ["value"]);
const event = encodePacket(Operation.WATCH_EVENT, 0, 0, ["/a", "token"]);

/** Turns of an event loop that the test takes, and a clock that it moves. */
class Turns implements PollClock {
  /** The time in microseconds. */
  time = 0;
  #waiting: (() => void)[] = [];

  now(): number {
    return this.time / 1000;
  }

  soon(run: () => void): void {
    this.#waiting.push(run);
  }

  afterTurn(run: () => void): void {
    this.#waiting.push(run);
  }

  /** The number of callbacks that keep the loop from sleeping. */
  get waiting(): number {
    return this.#waiting.length;
  }

  turn(): void {
    for (const run of this.#waiting.splice(0)) run();
  }
}

/** The transport that is polled: it notes the calls, and delivers what the test says. */
class Plain implements Transport {
  readonly traits = SOCKET_TRAITS;
  readonly calls: string[] = [];
  receiver: Receiver | null = null;
  start(receiver: Receiver): void {
    this.receiver = receiver;
  }
  send(bytes: Uint8Array): void {
    this.calls.push(`send ${bytes.length}`);
  }
  close(): Promise<void> {
    this.calls.push("close");
    return Promise.resolve();
  }
  ref(): void {
    this.calls.push("ref");
  }
  unref(): void {
    this.calls.push("unref");
  }
}

/** A connection that polls for 500 microseconds after each send. */
function polling(look?: Partial<Look>) {
  const [turns, plain] = [new Turns(), new Plain()];
  const polled = new Polled(plain, 500, { hasCome: () => false, close() {}, ...look }, turns);
  const received: number[] = [];
  const ends: unknown[] = [];
  polled.start({ receive: ({ length }) => received.push(length), ended: (cause) => ends.push(cause) });
  return { turns, plain, polled, received, ends };
}

describe("Polled", () => {
  test("Polled does not keep the event loop awake before a request is sent", () => {
    const { turns, plain } = polling();
    assertEquals(turns.waiting, 0);
    plain.receiver?.receive(event);
    assertEquals(turns.waiting, 0);
  });

  test("Polled asks for one turn after the other while a reply is due, and for none after it", () => {
    const { turns, plain, polled, received } = polling();
    polled.send(request);
    polled.send(request);
    for (let i = 0; i < 100; i++) {
      assertEquals(turns.waiting, 1);
      turns.turn();
    }
    plain.receiver?.receive(concat([reply, reply]));
    turns.turn();
    assertEquals(turns.waiting, 0);
    assertEquals([plain.calls, received], [["send 19", "send 19"], [reply.length * 2]]);
  });

  test("Polled goes on while one of several replies is due", () => {
    const { turns, plain, polled } = polling();
    polled.send(concat([request, request]));
    plain.receiver?.receive(reply);
    turns.turn();
    assertEquals(turns.waiting, 1);
    plain.receiver?.receive(reply);
    turns.turn();
    assertEquals(turns.waiting, 0);
  });

  test("Polled ends when the bound has passed since the last send, also if events come", () => {
    const { turns, plain, polled } = polling();
    polled.send(request);
    turns.time = 300;
    polled.send(request);
    turns.time = 799;
    turns.turn();
    assertEquals(turns.waiting, 1);
    turns.time = 800;
    turns.turn();
    assertEquals(turns.waiting, 0);
    plain.receiver?.receive(event);
    turns.turn();
    assertEquals(turns.waiting, 0);
    plain.receiver?.receive(reply);
    turns.turn();
    assertEquals(turns.waiting, 0);
  });

  test("Polled begins again with the next request, although an older reply never came", () => {
    const { turns, polled } = polling();
    polled.send(request);
    turns.time = 10_000;
    turns.turn();
    assertEquals(turns.waiting, 0);
    polled.send(request);
    turns.time = 10_499;
    turns.turn();
    assertEquals(turns.waiting, 1);
    turns.time = 10_500;
    turns.turn();
    assertEquals(turns.waiting, 0);
  });

  test("Polled ends with close(), which closes the transport each time and the look once", async () => {
    let closed = 0;
    const { turns, plain, polled } = polling({ close: () => closed++ });
    polled.send(request);
    await polled.close();
    await polled.close();
    turns.turn();
    polled.send(request);
    turns.turn();
    assertEquals(turns.waiting, 0);
    assertEquals([plain.calls.filter((call) => call === "close").length, closed], [2, 1]);
  });

  test("Polled ends with the connection, and reports its cause", () => {
    let closed = 0;
    const { turns, plain, polled, ends } = polling({ close: () => closed++ });
    polled.send(request);
    plain.receiver?.ended("cause");
    turns.turn();
    assertEquals([turns.waiting, ends, closed], [0, ["cause"], 1]);
  });

  test("Polled does not keep the process alive after unref(), and polls again after ref()", () => {
    const { turns, plain, polled } = polling();
    polled.send(request);
    polled.unref();
    turns.turn();
    assertEquals(turns.waiting, 0);
    polled.send(request);
    assertEquals(turns.waiting, 0);
    polled.ref();
    assertEquals([turns.waiting, plain.calls], [1, ["send 19", "unref", "send 19", "ref"]]);
  });

  test("Polled lets the event loop look for itself if bytes have come, and goes on if the reply was not whole", () => {
    let hasCome = false;
    const { turns, plain, polled } = polling({ hasCome: () => hasCome });
    polled.send(request);
    turns.turn();
    assertEquals(turns.waiting, 1);
    hasCome = true;
    turns.turn();
    assertEquals(turns.waiting, 0);
    hasCome = false;
    plain.receiver?.receive(reply.subarray(0, 16));
    assertEquals(turns.waiting, 1);
    plain.receiver?.receive(reply.subarray(16));
    turns.turn();
    assertEquals(turns.waiting, 0);
  });
});

describe("the option poll", () => {
  test("checkPoll() accepts whole microseconds from 0 to a second, and throws a RangeError for others", () => {
    for (const valid of [0, 1, 1_000_000]) checkPoll(valid);
    for (
      const invalid of [
        -1,
        0.5,
        1_000_001,
        NaN,
        Infinity,
        5n as never,
        Symbol("5") as never,
        "50" as never,
        null as never,
      ]
    ) {
      assertThrows(
        () => checkPoll(invalid),
        RangeError,
        `poll is ${shown(invalid)}: expected a whole number from 0 to 1000000`,
      );
    }
  });

  test("isPollUseful() is false with one CPU, and without microseconds", () => {
    assert(isPollUseful(1, () => 2));
    assert(!isPollUseful(1, () => 1));
    assert(!isPollUseful(0, () => 2));
  });
});
