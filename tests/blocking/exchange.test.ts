// Requests and replies without an event loop, over a scripted transport: what a store may send, and what ends the connection.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Exchange } from "../../src/blocking/exchange.ts";
import type { BlockingTransport } from "../../src/blocking/transport.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { SOCKET_TRAITS } from "../../src/transport/transport.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { decodeHeader, encodeHeader, type Header, HEADER_SIZE } from "../../src/wire/header.ts";
import { Operation } from "../../src/wire/operations.ts";
import { codedError } from "../../src/wire/system_errors.ts";

/** Answers each request with the bytes that `answer` makes; is over after that. */
class ScriptedTransport implements BlockingTransport {
  readonly kind = "worker";
  readonly traits = SOCKET_TRAITS;
  readonly fd = null;
  readonly canPoll = true;
  sent = 0;
  #bytes: number[] = [];
  readonly #answer: (request: Header) => Uint8Array;

  constructor(answer: (request: Header) => Uint8Array) {
    this.#answer = answer;
  }

  /** Bytes that come by themselves. */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  send(bytes: Uint8Array): void {
    this.sent++;
    this.push(this.#answer(decodeHeader(bytes)));
  }

  receive(into: Uint8Array, from: number, timeout: number): number {
    if (this.#bytes.length === 0 && timeout === Infinity) throw codedError("EPIPE", "the script is over");
    const bytes = this.#bytes.splice(0, into.length - from);
    into.set(bytes, from);
    return bytes.length;
  }

  changed(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

/** A header that announces `length` bytes, and as many zeros as fit a test. */
function announcing(type: number, id: number, length: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + Math.min(length, 5000));
  encodeHeader(bytes, 0, type, id, 0, length);
  return bytes;
}

function exchangeWith(answer: (request: Header) => Uint8Array): [Exchange, ScriptedTransport] {
  const transport = new ScriptedTransport(answer);
  return [new Exchange(transport), transport];
}

/** Asserts that a call throws, and that the connection is over after it. */
function assertEnds(exchange: Exchange, call: () => unknown, message: string): void {
  const error = assertThrows(call, ConnectionError, message);
  assertEquals(error.code, "EBADF");
  assert(exchange.isOver);
}

const { READ, DIRECTORY, WATCH, ERROR, WATCH_EVENT } = Operation;
const value = (id: number): Uint8Array => encodePacket(READ, id, 0, [new Uint8Array([1])]);

describe("a blocking exchange", () => {
  test("ask() ends the connection if the reply is that of another request", () => {
    for (const reply of [(id: number) => value(id + 1), () => value(0)]) {
      const [exchange] = exchangeWith(({ requestId }) => reply(requestId));
      assertEnds(exchange, () => exchange.ask(READ, 0, ["/a"]), "and not to 1");
    }
  });

  test("ask() ends the connection if the error is that of another request", () => {
    const [exchange] = exchangeWith(({ requestId }) => encodePacket(ERROR, requestId + 1, 0, ["ENOENT"]));
    assertEnds(exchange, () => exchange.ask(READ, 0, ["/a"]), "the store sent a reply to request 2, and not to 1");
  });

  test("ask() ends the connection if the reply is that of another operation", () => {
    const [exchange] = exchangeWith(({ requestId }) => encodePacket(DIRECTORY, requestId, 0, ["a"]));
    assertEnds(exchange, () => exchange.ask(READ, 0, ["/a"]), "the store sent type 1 in reply to 2");
  });

  test("ask() takes the reply to WATCH with the id 0, which kernels before Linux 4.10 send", () => {
    const [exchange] = exchangeWith(() => encodePacket(WATCH, 0, 0, ["OK"]));
    assertEquals(exchange.ask(WATCH, 0, ["/a", "token"]), new Uint8Array([0x4f, 0x4b, 0]));
  });

  test("ask() ends the connection if a message announces more than 4096 bytes, unless it is a listing", () => {
    for (const type of [READ, ERROR, WATCH_EVENT]) {
      const [exchange] = exchangeWith(({ requestId }) => announcing(type, requestId, 4097));
      assertEnds(exchange, () => exchange.ask(READ, 0, ["/a"]), `a message of type ${type} announces 4097 bytes`);
    }
    const [exchange] = exchangeWith(({ requestId }) => announcing(DIRECTORY, requestId, 4097));
    assertEquals(exchange.ask(DIRECTORY, 0, ["/a"]).length, 4097);
  });

  test("ask() ends the connection if a listing announces more than 4 MiB", () => {
    const [exchange] = exchangeWith(({ requestId }) => announcing(DIRECTORY, requestId, (4 << 20) + 1));
    assertEnds(exchange, () => exchange.ask(DIRECTORY, 0, ["/a"]), "a message of type 1 announces 4194305 bytes");
  });

  test("ask() ends the connection if an event after the reply announces more than 4096 bytes", () => {
    const [exchange, transport] = exchangeWith(({ requestId }) => value(requestId));
    exchange.ask(READ, 0, ["/a"]);
    transport.push(announcing(WATCH_EVENT, 0, 4097));
    assertEnds(exchange, () => exchange.takeEvent(0), `a message of type ${WATCH_EVENT} announces 4097 bytes`);
  });

  test("ask() returns E2BIG, and sends nothing, if the payload is longer than 4096 bytes", () => {
    const [exchange, transport] = exchangeWith(({ requestId }) => value(requestId));
    assertEquals(exchange.ask(READ, 0, [new Uint8Array(4097)]), "E2BIG");
    assertEquals(transport.sent, 0);
    assertEquals(exchange.ask(READ, 0, [new Uint8Array(4096)]), new Uint8Array([1]));
  });

  test("takeEvent() ends the connection if a reply comes that no request waits for", () => {
    const [exchange, transport] = exchangeWith(() => new Uint8Array(0));
    transport.push(value(1));
    assertEnds(exchange, () => exchange.takeEvent(0), "the store sent a reply to no request (type 2)");
  });

  test("every call after the end throws EBADF, and sends nothing", () => {
    const [exchange, transport] = exchangeWith(({ requestId }) => value(requestId + 1));
    assertThrows(() => exchange.ask(READ, 0, ["/a"]), ConnectionError);
    assertEnds(exchange, () => exchange.ask(READ, 0, ["/a"]), "the connection is over");
    assertEnds(exchange, () => exchange.takeEvent(0), "the connection is over");
    assertEquals(transport.sent, 1);
  });
});
