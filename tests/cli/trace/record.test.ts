// The records of a trace: their lines of JSON keep every byte, and their lines for people are safe for a terminal.

import { describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import {
  headFault,
  headLine,
  joinParts,
  partsOf,
  recordFrom,
  recordLine,
  type TraceRecord,
} from "../../../src/cli/trace/record.ts";
import { headText, recordText } from "../../../src/cli/trace/text.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { bytes } from "../../support/bytes.ts";
import { Random } from "../../support/random.ts";

const packet = (type: number, payload: string | Uint8Array, requestId = 1, transactionId = 0) => ({
  type,
  requestId,
  transactionId,
  payload: typeof payload === "string" ? bytes(payload) : payload,
});
const at = { time: 1.5, connection: 3 };

/** Returns the record that the line of a record stands for. */
function roundTrip(record: TraceRecord): TraceRecord | null {
  const line = recordLine(record);
  assertMatch(line, /^[ -~]*\n$/);
  return recordFrom(JSON.parse(line));
}

describe("the records of a trace", () => {
  test("the line of a record stands for the same record, whatever bytes a message has", () => {
    const random = new Random(12);
    const types: readonly [number, ...number[]] = [0, ...Object.values(Operation), 20, 77, 128, 0xffffffff];
    for (let i = 0; i < 2000; i++) {
      const payload = Uint8Array.from(
        { length: random.below(12) },
        () => random.of([0, 0, 47, 97, 128, 195, 169, 255]),
      );
      const message = packet(random.of(types), payload, random.below(2 ** 32), random.below(2 ** 32));
      for (const type of ["request", "event"] as const) {
        assertEquals(roundTrip({ ...at, type, packet: message }), { ...at, type, packet: message });
      }
      const reply = { ...at, type: "reply", packet: message, request: null } as const;
      assertEquals(roundTrip(reply), reply);
      for (const type of ["request", "reply", "event"] as const) {
        assertEquals(joinParts(partsOf(type, message)), payload);
      }
    }
  });

  test("the other records stand for themselves as well", () => {
    const records: readonly TraceRecord[] = [
      { ...at, type: "open" },
      { ...at, type: "bytes", from: "client", bytes: new Uint8Array([0, 1, 255]) },
      { ...at, type: "end", from: "store", error: null },
      { ...at, type: "end", from: "client", error: "ECONNRESET" },
    ];
    for (const record of records) assertEquals(roundTrip(record), record);
  });

  test("the lines have the decoded strings, values and errors", () => {
    const cases: readonly (readonly [record: TraceRecord, json: object, text: string])[] = [
      [
        { ...at, type: "request", packet: packet(Operation.WRITE, "/a|b|c", 7, 9) },
        { operation: "WRITE", requestId: 7, transactionId: 9, strings: ["/a"], value: "b\0c" },
        '> WRITE #7 tx 9 "/a" = "b\\000c"',
      ],
      [
        { ...at, type: "reply", packet: packet(Operation.READ, ""), request: Operation.READ },
        { operation: "READ", requestId: 1, transactionId: 0, strings: [], value: "" },
        '< READ #1 = ""',
      ],
      [
        { ...at, type: "reply", packet: packet(Operation.WRITE, "OK|"), request: Operation.WRITE },
        { operation: "WRITE", requestId: 1, transactionId: 0, strings: ["OK"] },
        "< WRITE #1 OK",
      ],
      [
        { ...at, type: "reply", packet: packet(Operation.ERROR, "ENOENT|"), request: Operation.READ },
        { operation: "ERROR", request: "READ", requestId: 1, transactionId: 0, strings: ["ENOENT"] },
        "< READ #1 ENOENT",
      ],
      [
        { ...at, type: "reply", packet: packet(Operation.ERROR, "ENOENT|"), request: null },
        { operation: "ERROR", requestId: 1, transactionId: 0, strings: ["ENOENT"] },
        "< ERROR #1 ENOENT",
      ],
      [
        { ...at, type: "event", packet: packet(Operation.WATCH_EVENT, "/a|token|", 0) },
        { operation: "WATCH_EVENT", requestId: 0, transactionId: 0, strings: ["/a", "token"] },
        '< WATCH_EVENT #0 "/a" "token"',
      ],
      [
        { ...at, type: "request", packet: packet(77, "without a NUL") },
        { operation: "operation 77", requestId: 1, transactionId: 0, strings: [], value: "without a NUL" },
        '> operation 77 #1 = "without a NUL"',
      ],
      [
        { ...at, type: "bytes", from: "client", bytes: bytes("|x") },
        { from: "client", bytes: "\0x" },
        '> no message: 2 bytes "\\000x"',
      ],
      [
        { ...at, type: "end", from: "store", error: "EPIPE" },
        { from: "store", error: "EPIPE" },
        "< end of the store: EPIPE",
      ],
    ];
    for (const [record, json, text] of cases) {
      assertEquals(JSON.parse(recordLine(record)), { ...at, type: record.type, ...json });
      assertEquals(recordText(record), `1.500000 3 ${text}\n`);
    }
  });

  test("nothing that a guest writes reaches a terminal unescaped, nor ends a string in the line", () => {
    const hostile = '\x1b]0;x\x07\x9b2J\u202e"\\\n> READ #1 "/b"';
    const payload = new TextEncoder().encode(hostile);
    const records: readonly TraceRecord[] = [
      { ...at, type: "request", packet: packet(Operation.READ, payload) },
      { ...at, type: "reply", packet: packet(Operation.ERROR, payload), request: null },
      { ...at, type: "bytes", from: "store", bytes: payload },
      { ...at, type: "end", from: "store", error: "\x1b[2J" },
    ];
    for (const record of records) {
      assertMatch(recordText(record), /^[ -~]*\n$/);
      assertMatch(recordLine(record), /^[ -~]*\n$/);
    }
    assertMatch(headText("unix:/\x1b[2J", new Date(0)), /^[ -~]*\n$/);
    const [first] = records;
    assertEquals(first && recordText(first).match(/(?<!\\)"/g)?.length, 2);
  });

  test("lines that are no records are refused", () => {
    const valid = JSON.parse(recordLine({ ...at, type: "request", packet: packet(Operation.READ, "/a|") }));
    assertEquals(recordFrom(valid)?.type, "request");
    const faults = [
      { time: "1" },
      { connection: -1 },
      { connection: 1.5 },
      { type: "answer" },
      { operation: "read" },
      { operation: "toString" },
      { operation: "operation 2" },
      { operation: "operation 4294967296" },
      { requestId: 2 ** 32 },
      { transactionId: null },
      { strings: "a" },
      { strings: [1] },
      { value: 1 },
      { value: { base64: "*" } },
      { type: "bytes", from: "me", bytes: "" },
      { type: "end", from: "client", error: 1 },
    ];
    for (const fault of faults) assertEquals(recordFrom({ ...valid, ...fault }), null, JSON.stringify(fault));
  });

  test("the first line names the format and its version", () => {
    assertEquals(headFault(JSON.parse(headLine("unix:/a", new Date(0)))), null);
    assertMatch(headFault(null) ?? "", /--json/);
    assertMatch(headFault({ format: "tsxs-trace", version: 2 }) ?? "", /version/);
  });
});
