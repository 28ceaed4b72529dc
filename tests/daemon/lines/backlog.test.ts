// The bytes that a line has not taken yet.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Backlog, PIECE } from "../../../src/daemon/lines/backlog.ts";
import { Outbox } from "../../../src/daemon/state/outbox.ts";
import { ManualClock } from "../../support/line.ts";

describe("Backlog", () => {
  test("a line that takes one piece at a time gets every byte in order, and the rest is not copied for each piece", () => {
    const PIECES = 128;
    const memories = new Set<ArrayBufferLike>();
    const sent: (number | undefined)[] = [];
    const line = {
      write(bytes: Uint8Array) {
        sent.push(bytes[0], bytes[PIECE - 1]);
        memories.add(bytes.buffer);
        return false;
      },
      pause() {},
      resume() {},
      close() {},
    };
    const limits = { unsentMax: PIECES * PIECE, unsentMs: 1000 };
    const outbox = new Outbox();
    const backlog = new Backlog(outbox, line, new ManualClock(), limits, () => {});
    const all = new Uint8Array(PIECES * PIECE);
    for (let piece = 0; piece < PIECES; piece++) all.fill(piece, piece * PIECE, (piece + 1) * PIECE);
    backlog.send(all);
    while (outbox.held > 0) backlog.send(backlog.take());
    assertEquals(sent, Array.from({ length: 2 * PIECES }, (_, i) => i >> 1));
    assert(memories.size < 10, `${memories.size} copies for ${PIECES} pieces`);
    backlog.close();
  });
});
