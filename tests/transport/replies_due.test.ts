// The count of the replies that a store owes, from both streams of a connection.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { RepliesDue } from "../../src/transport/replies_due.ts";
import { encodePacket } from "../../src/wire/encoder.ts";
import { Operation } from "../../src/wire/operations.ts";
import { concat } from "../support/bytes.ts";

const request = encodePacket(Operation.READ, 1, 0, ["/a"]);
const empty = encodePacket(Operation.TRANSACTION_END, 2, 0, []);
const reply = encodePacket(Operation.READ, 1, 0, ["value"]);
const event = encodePacket(Operation.WATCH_EVENT, 0, 0, ["/a", "token"]);

describe("RepliesDue", () => {
  test("sent() counts every message of one send, with and without a payload", () => {
    const due = new RepliesDue();
    due.sent(concat([request, empty, request]));
    assertEquals(due.count, 3);
    due.sent(request);
    assertEquals(due.count, 4);
  });

  test("received() counts a reply when its last byte has come, wherever the stream is cut", () => {
    const stream = concat([event, reply, event, empty, reply, event]);
    const ends = [event.length + reply.length];
    ends.push((ends[0] ?? 0) + event.length + empty.length);
    ends.push((ends[1] ?? 0) + reply.length);
    for (let cut = 0; cut <= stream.length; cut++) {
      const due = new RepliesDue();
      due.sent(concat([request, request, request]));
      due.received(stream.subarray(0, cut));
      assertEquals([cut, due.count], [cut, 3 - ends.filter((end) => end <= cut).length]);
      due.received(stream.subarray(cut));
      assertEquals([cut, due.count], [cut, 0]);
    }
  });

  test("received() counts replies that come one byte at a time", () => {
    const due = new RepliesDue();
    due.sent(concat([request, request]));
    const counts: number[] = [];
    for (const byte of concat([reply, event, empty])) {
      due.received(new Uint8Array([byte]));
      if (counts.at(-1) !== due.count) counts.push(due.count);
    }
    assertEquals(counts, [2, 1, 0]);
  });

  test("received() does not count below zero if a store sends replies that no request waits for", () => {
    const due = new RepliesDue();
    due.received(concat([reply, reply]));
    due.sent(request);
    assertEquals(due.count, 1);
  });

  test("clear() forgets the requests of a connection that is over", () => {
    const due = new RepliesDue();
    due.sent(request);
    due.clear();
    assertEquals(due.count, 0);
  });
});
