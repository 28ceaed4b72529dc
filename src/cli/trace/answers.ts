// Compares the answer of a store with the recorded answer to the same request.

import type { Packet } from "../../wire/header.ts";
import { Operation } from "../../wire/operations.ts";
import { isEqual } from "../../wire/text.ts";
import { partsOf } from "./record.ts";

/** What cannot be compared in an answer. */
export type Incomparable = "transaction ids" | "answers to CONTROL" | "parts of lists" | "bytes that are no message";

/** How two answers compare: equal, different, or with a part that stores choose as they like. */
export type Comparison = "equal" | "different" | Incomparable;

/**
 * Compares two answers. The ids of transactions in their headers are of the caller.
 *
 * Stores list children in any order, so that lists are compared as sets. A store chooses ids of transactions, the words
 * of its answers to CONTROL, and the number that stands for the state of a list and the place at which a part ends.
 */
export function compareAnswers(recorded: Packet, answered: Packet): Comparison {
  if (recorded.type !== answered.type || recorded.requestId !== answered.requestId) return "different";
  if (isEqual(recorded.payload, answered.payload)) return "equal";
  switch (recorded.type) {
    case Operation.TRANSACTION_START:
      return "transaction ids";
    case Operation.CONTROL:
      return "answers to CONTROL";
    case Operation.DIRECTORY:
      return isSameSet(stringsOf(recorded), stringsOf(answered)) ? "equal" : "different";
    case Operation.DIRECTORY_PART: {
      // A list that ends in its first part has an empty string at its end.
      const [one, other] = [stringsOf(recorded), stringsOf(answered)].map((strings) => strings.slice(1));
      if (one?.at(-1) !== "" || other?.at(-1) !== "") return "parts of lists";
      return isSameSet(one, other) ? "equal" : "different";
    }
    default:
      return "different";
  }
}

function stringsOf(packet: Packet): readonly string[] {
  return partsOf("reply", packet).strings;
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const [a, b] = [[...one].sort(), [...other].sort()];
  return a.length === b.length && a.every((text, i) => text === b[i]);
}
