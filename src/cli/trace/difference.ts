// The lines of a replay: each difference, and what was compared.

import type { Packet } from "../../wire/header.ts";
import { operationName } from "../../wire/operations.ts";
import { jsonLine, jsonOf } from "../json.ts";
import type { Incomparable } from "./answers.ts";
import { partsOf } from "./record.ts";
import type { Form } from "./recorder.ts";
import type { Missing } from "./replayed.ts";
import { messageText, quoted } from "./text.ts";

/** A difference between the recorded store and the other one. */
export type Difference =
  | {
    readonly type: "reply";
    readonly time: number;
    readonly connection: number;
    /** The request, or `null` for a reply without one. */
    readonly request: Packet | null;
    readonly recorded: Packet;
    readonly answered: Packet | Missing;
  }
  /** `count` is how much more often the event came than it was recorded. `event` is its payload. */
  | {
    readonly type: "event";
    readonly time: number;
    readonly connection: number;
    readonly event: string;
    readonly count: number;
  }
  /** The recorded store ended the connection first, and the other store does not end it. */
  | { readonly type: "end"; readonly time: number; readonly connection: number };

/** What a replay did. */
export interface Summary {
  connections: number;
  requests: number;
  events: number;
  differences: number;
  /** The number of requests that the recorded store did not answer. */
  unanswered: number;
  /** How often something could not be compared. */
  incomparable: Partial<Record<Incomparable, number>>;
}

/** Returns the line of a difference. */
export function differenceLine(difference: Difference, form: Form): string {
  return form === "json" ? jsonLine(differenceJson(difference)) : differenceText(difference);
}

function differenceText(difference: Difference): string {
  const start = `${difference.time.toFixed(6)} ${difference.connection} `;
  switch (difference.type) {
    case "reply": {
      const { request, recorded, answered } = difference;
      const asked = request === null ? "a reply without a request" : messageText("request", request);
      const other = typeof answered === "string" ? answered : messageText("reply", answered);
      return `${start}${asked}: ${messageText("reply", recorded)} -> ${other}\n`;
    }
    case "event": {
      const { event, count } = difference;
      const [path = "", token = ""] = event.split("\0");
      const much = count < 0 ? `${-count} missing` : `${count} more`;
      return `${start}event ${quoted(path)} ${quoted(token)}: ${much}\n`;
    }
    case "end":
      return `${start}end of the store: the connection stays open\n`;
  }
}

function differenceJson(difference: Difference): object {
  const { type, time, connection } = difference;
  const common = { difference: type, time: Number(time.toFixed(6)), connection };
  switch (difference.type) {
    case "reply": {
      const { request, recorded, answered } = difference;
      return {
        ...common,
        request: request === null ? null : messageJson("request", request),
        recorded: messageJson("reply", recorded),
        answered: typeof answered === "string" ? answered : messageJson("reply", answered),
      };
    }
    case "event": {
      const [path = "", token = ""] = difference.event.split("\0");
      return { ...common, path: jsonOf(path), token: jsonOf(token), count: difference.count };
    }
    case "end":
      return common;
  }
}

function messageJson(type: "request" | "reply", packet: Packet): object {
  const { strings, value } = partsOf(type, packet);
  return {
    operation: operationName(packet.type),
    requestId: packet.requestId,
    transactionId: packet.transactionId,
    strings: strings.map(jsonOf),
    ...value === null ? {} : { value: jsonOf(value) },
  };
}

/** Returns the last line of a replay: how much was compared, and what could not be compared. */
export function summaryLine(summary: Summary, form: Form): string {
  if (form === "json") return jsonLine(summary);
  const { requests, connections, differences, unanswered, incomparable } = summary;
  const skipped = Object.entries(incomparable).map(([what, count]) => `${count} ${what}`);
  if (unanswered > 0) skipped.push(`${unanswered} requests without a recorded reply`);
  if (summary.events > 0) skipped.push("the times of events");
  const rest = skipped.length === 0 ? "" : `; not compared: ${skipped.join(", ")}`;
  return `replayed ${counted(requests, "request")} of ${counted(connections, "connection")}: ` +
    `${counted(differences, "difference")}${rest}\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
