// The records of a trace, and their lines of JSON. They keep every byte, so that a replay can send the same bytes.

import type { Packet } from "../../wire/header.ts";
import { isOperation, Operation, operationName } from "../../wire/operations.ts";
import { toLatin1 } from "../../wire/text.ts";
import { bytesOf } from "../bytes.ts";
import { bytesFromJson, jsonLine, jsonOf } from "../json.ts";
import type { Side } from "./splitter.ts";

const FORMAT = "tsxs-trace";
const VERSION = 1;

/** What happened on a connection. */
export type Happening =
  /** A client connected. */
  | { readonly type: "open" }
  /** A message of the client, or a watch event of the store. */
  | { readonly type: "request" | "event"; readonly packet: Packet }
  /** A reply of the store. `request` is the operation of the request, or `null` if that is not known. */
  | { readonly type: "reply"; readonly packet: Packet; readonly request: number | null }
  /** Bytes that are no message, or not a whole one. */
  | { readonly type: "bytes"; readonly from: Side; readonly bytes: Uint8Array }
  /** A side sends no more. `error` is the system's code if the connection broke. */
  | { readonly type: "end"; readonly from: Side; readonly error: string | null };

/** A line of a trace. */
export type TraceRecord = Happening & {
  /** The time since the start of the trace, in seconds. */
  readonly time: number;
  /** The number of the connection, from 1. */
  readonly connection: number;
};

/** The parts of a payload as byte strings: its strings, and what follows the last NUL that ends one. */
export interface Parts {
  readonly strings: readonly string[];
  readonly value: string | null;
}

/** Splits a payload. {@linkcode joinParts} makes the same payload of the parts, whatever it contains. */
export function partsOf(type: TraceRecord["type"], packet: Packet): Parts {
  const text = toLatin1(packet.payload);
  // A value is any bytes. Of other payloads, all parts are strings.
  const isValue = packet.type === Operation.READ && type === "reply";
  const most = isValue ? 0 : packet.type === Operation.WRITE && type === "request" ? 1 : Infinity;
  const strings: string[] = [];
  let at = 0;
  while (strings.length < most) {
    const end = text.indexOf("\0", at);
    if (end < 0) break;
    strings.push(text.slice(at, end));
    at = end + 1;
  }
  const hasValue = at < text.length || most !== Infinity && strings.length === most;
  return { strings, value: hasValue ? text.slice(at) : null };
}

/** Returns the payload that {@linkcode partsOf} splits. */
export function joinParts({ strings, value }: Parts): Uint8Array {
  return bytesOf(strings.map((text) => `${text}\0`).join("") + (value ?? ""));
}

/** Returns the first line of a trace. */
export function headLine(address: string, start: Date): string {
  return jsonLine({ format: FORMAT, version: VERSION, address, start: start.toISOString() });
}

/** Returns what is wrong with the first line of a trace, or `null`. */
export function headFault(head: Record<string, unknown> | null): string | null {
  if (head?.format !== FORMAT) return "its first line lacks the format: only a trace of --json can be replayed";
  return head.version === VERSION ? null : `its version is not ${VERSION}`;
}

/** Returns the line of a record. */
export function recordLine(record: TraceRecord): string {
  const { time, connection, type } = record;
  const common = { time: Number(time.toFixed(6)), connection, type };
  switch (record.type) {
    case "open":
      return jsonLine(common);
    case "bytes":
      return jsonLine({ ...common, from: record.from, bytes: jsonOf(toLatin1(record.bytes)) });
    case "end":
      return jsonLine({ ...common, from: record.from, error: record.error });
    default: {
      const { requestId, transactionId } = record.packet;
      const { strings, value } = partsOf(type, record.packet);
      const parts = { strings: strings.map(jsonOf), ...value === null ? {} : { value: jsonOf(value) } };
      const operation = operationName(record.packet.type);
      const request = isErrorOf(record) ? { request: operationName(record.request) } : {};
      return jsonLine({ ...common, operation, ...request, requestId, transactionId, ...parts });
    }
  }
}

/** Whether a record is an error of a known request. Other replies have the operation themselves. */
export function isErrorOf(record: TraceRecord): record is TraceRecord & { readonly request: number } {
  return record.type === "reply" && record.packet.type === Operation.ERROR && record.request !== null;
}

/** Returns the record of a line, or `null` if the line has another form. */
export function recordFrom(json: Record<string, unknown>): TraceRecord | null {
  const { time, connection } = json;
  if (typeof time !== "number" || !isWord(connection)) return null;
  const happening = happeningFrom(json);
  return happening === null ? null : { ...happening, time, connection };
}

function happeningFrom(json: Record<string, unknown>): Happening | null {
  const { type, from, error } = json;
  switch (type) {
    case "open":
      return { type };
    case "request":
    case "reply":
    case "event": {
      const packet = packetFrom(json);
      if (packet === null) return null;
      return type === "reply" ? { type, packet, request: null } : { type, packet };
    }
    case "bytes": {
      const bytes = bytesFromJson(json.bytes);
      return isSide(from) && bytes !== null ? { type, from, bytes: bytesOf(bytes) } : null;
    }
    case "end":
      return isSide(from) && (error === null || typeof error === "string") ? { type, from, error } : null;
    default:
      return null;
  }
}

function packetFrom({ operation, requestId, transactionId, strings, value }: Record<string, unknown>): Packet | null {
  const type = typeof operation === "string" ? numberOf(operation) : null;
  if (type === null || !isWord(requestId) || !isWord(transactionId) || !Array.isArray(strings)) return null;
  const texts = strings.map(bytesFromJson);
  const rest = value === undefined ? null : bytesFromJson(value);
  if (value !== undefined && rest === null) return null;
  const whole = texts.filter((text) => text !== null);
  if (whole.length !== texts.length) return null;
  return { type, requestId, transactionId, payload: joinParts({ strings: whole, value: rest }) };
}

/** Returns the number of an operation by the name that the lines have. */
function numberOf(name: string): number | null {
  const known: Readonly<Record<string, number>> = Operation;
  if (Object.hasOwn(known, name)) return known[name] ?? null;
  const number = Number(/^operation (\d+)$/.exec(name)?.[1] ?? NaN);
  return isWord(number) && !isOperation(number) ? number : null;
}

function isWord(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function isSide(value: unknown): value is Side {
  return value === "client" || value === "store";
}
