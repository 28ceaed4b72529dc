// The lines of a trace for people. What guests wrote is escaped.

import type { Packet } from "../../wire/header.ts";
import { Operation, operationName } from "../../wire/operations.ts";
import { toLatin1 } from "../../wire/text.ts";
import { escapeText } from "../escape.ts";
import { isErrorOf, partsOf, type TraceRecord } from "./record.ts";

const DIRECTIONS = { client: ">", store: "<" } as const;

/** Returns the first line of a trace. */
export function headText(address: string, start: Date): string {
  return `trace of ${escapeText(address)} from ${start.toISOString()}\n`;
}

/** Returns the line of a record: time, connection, direction, and what was sent. */
export function recordText(record: TraceRecord): string {
  return `${record.time.toFixed(6)} ${record.connection} ${shown(record)}\n`;
}

function shown(record: TraceRecord): string {
  switch (record.type) {
    case "open":
      return "connected";
    case "bytes":
      return `${DIRECTIONS[record.from]} no message: ${record.bytes.length} bytes ${quoted(toLatin1(record.bytes))}`;
    case "end": {
      const error = record.error === null ? "" : `: ${escapeText(record.error)}`;
      return `${DIRECTIONS[record.from]} end of the ${record.from}${error}`;
    }
    case "reply":
      if (isErrorOf(record)) return `${DIRECTIONS.store} ${messageText("reply", record.packet, record.request)}`;
      return `${DIRECTIONS.store} ${messageText("reply", record.packet)}`;
    default:
      return `${DIRECTIONS[record.type === "request" ? "client" : "store"]} ${messageText(record.type, record.packet)}`;
  }
}

/**
 * Returns the operation of a message, its ids, its strings and its value. An error has the operation of its request
 * if that is given.
 */
export function messageText(
  kind: "request" | "reply" | "event",
  packet: Packet,
  operation: number = packet.type,
): string {
  const { requestId, transactionId } = packet;
  const transaction = transactionId === 0 ? "" : ` tx ${transactionId}`;
  return `${operationName(operation)} #${requestId}${transaction}${content(kind, packet)}`;
}

function content(kind: "request" | "reply" | "event", packet: Packet): string {
  const { strings, value } = partsOf(kind, packet);
  // The name of an error, and OK, stand as they are if they are no more than that.
  const [only = ""] = strings;
  const isName = kind === "reply" && strings.length === 1 && value === null && /^[A-Z0-9]+$/.test(only) &&
    (packet.type === Operation.ERROR || only === "OK");
  const texts = isName ? ` ${only}` : strings.map((text) => ` ${quoted(text)}`).join("");
  return `${texts}${value === null ? "" : ` = ${quoted(value)}`}`;
}

/** Returns a byte string in quotes, which are escaped within it. */
export function quoted(text: string): string {
  return `"${escapeText(text).replaceAll('"', '\\"')}"`;
}
