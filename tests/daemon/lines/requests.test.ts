// Finding requests in a stream of bytes, however the stream is divided into chunks.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Requests } from "../../../src/daemon/lines/requests.ts";
import { FrameError } from "../../../src/wire/decoder.ts";
import { encodeHeader, HEADER_SIZE, PAYLOAD_MAX } from "../../../src/wire/header.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { concat, pieces, shown } from "../../support/bytes.ts";
import { request } from "../../support/line.ts";

const stream = concat([request(1, "/a"), request(2, ""), request(3, "/long/" + "x".repeat(100)), request(4, "/z")]);
const expected = ["1 /a|", "2 |", `3 /long/${"x".repeat(100)}|`, "4 /z|"];

/** Puts the chunks, takes at most so many requests after each chunk, and then takes the rest. */
function read(chunks: Uint8Array[], atOnce = Infinity): string[] {
  const requests = new Requests();
  const found: string[] = [];
  const take = (most: number) => {
    for (let i = 0; i < most && requests.isReady(); i++) {
      const { requestId, payload } = requests.take();
      found.push(`${requestId} ${shown(payload)}`);
    }
  };
  for (const chunk of chunks) {
    const buffer = new Uint8Array(chunk);
    requests.put(buffer);
    take(atOnce);
    requests.keep();
    // The runtime reuses its buffer for the next chunk.
    buffer.fill(0xee);
  }
  take(Infinity);
  return found;
}

function announcing(length: number, type: number = Operation.WRITE): Uint8Array {
  const header = new Uint8Array(HEADER_SIZE);
  encodeHeader(header, 0, type, 1, 0, length);
  return header;
}

describe("requests", () => {
  test("requests are found wherever the stream is divided", () => {
    for (let cut = 0; cut <= stream.length; cut++) assertEquals(read(pieces(stream, cut)), expected, `cut at ${cut}`);
  });

  test("requests are found if every chunk has one byte", () => {
    assertEquals(read(Array.from(stream, (byte) => Uint8Array.of(byte))), expected);
  });

  test("requests that were not taken are kept, wherever the stream is divided", () => {
    for (const atOnce of [0, 1, 2]) {
      for (let cut = 0; cut <= stream.length; cut++) {
        assertEquals(read(pieces(stream, cut), atOnce), expected, `cut at ${cut}, ${atOnce} a chunk`);
      }
    }
  });

  test("requests are found in a Buffer, whose slices share its memory", () => {
    assertEquals(read(pieces(stream, 30).map((piece) => Buffer.from(piece)), 1), expected);
  });

  test("a request may have 4096 bytes", () => {
    const longest = concat([announcing(PAYLOAD_MAX), new Uint8Array(PAYLOAD_MAX)]);
    for (const cut of [0, 10, 16, 4000]) assertEquals(read(pieces(longest, cut)).length, 1);
  });

  test("a header of any operation that announces more than 4096 bytes throws a FrameError", () => {
    for (const type of [Operation.WRITE, Operation.DIRECTORY, 77]) {
      for (const length of [PAYLOAD_MAX + 1, 0xffffffff]) {
        const requests = new Requests();
        requests.put(announcing(length, type));
        const error = assertThrows(() => requests.isReady(), FrameError, `announces ${length} bytes`);
        assertEquals(error.header.type, type);
      }
    }
  });

  test("a header that announces more than 4096 bytes throws after its last byte", () => {
    const requests = new Requests();
    const header = announcing(PAYLOAD_MAX + 1);
    for (const byte of header.subarray(0, -1)) {
      requests.put(Uint8Array.of(byte));
      assertEquals(requests.isReady(), false);
      requests.keep();
    }
    requests.put(header.subarray(-1));
    assertThrows(() => requests.isReady(), FrameError);
  });

  test("take() throws if no request is ready", () => {
    assertThrows(() => new Requests().take(), Error, "none is ready");
  });
});
