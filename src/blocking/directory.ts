// Lists a directory of any size without an event loop: in one reply, or in parts of the same generation.

import { LISTING_MAX, LISTING_PART_MIN } from "../wire/decoder.ts";
import type { Part } from "../wire/encoder.ts";
import { Operation } from "../wire/operations.ts";
import { splitStrings, toLatin1 } from "../wire/text.ts";
import type { Answer } from "./exchange.ts";

const MAX_STARTS = 64;

/** Sends a request. Returns the payload of the reply, or the name of the error. */
type Ask = (operation: number, parts: readonly Part[]) => Answer;

/** Returns the names of the children of a node, or the name of the error. */
export function listDirectory(ask: Ask, path: string): string[] | string {
  const answer = ask(Operation.DIRECTORY, [path]);
  if (typeof answer !== "string") return splitStrings(answer);
  if (answer !== "E2BIG") return answer;
  for (let start = 0; start < MAX_STARTS; start++) {
    const names = onePass(ask, path);
    if (names !== null) return names;
  }
  return "EAGAIN";
}

/** Returns the names of all parts; `null` if the directory changed between two of them. */
function onePass(ask: Ask, path: string): string[] | string | null {
  const texts: string[] = [];
  let offset = 0;
  let counted = 0;
  for (let generation: string | null = null;;) {
    const answer = ask(Operation.DIRECTORY_PART, [path, `${offset}`]);
    // The store does not have this operation: the first error is the result.
    if (typeof answer === "string") return answer === "ENOSYS" ? "E2BIG" : answer;
    const end = answer.indexOf(0);
    const current = toLatin1(answer.subarray(0, end));
    generation ??= current;
    if (current !== generation) return null;
    const size = answer.length - end - 1;
    if (size === 0) return "EINVAL";
    texts.push(toLatin1(answer.subarray(end + 1)));
    // An empty name ends the last part.
    const isLast = answer.at(-1) === 0 && (size === 1 || answer.at(-2) === 0);
    if (isLast) return texts.join("").split("\0").slice(0, -2);
    offset += size;
    counted += Math.max(size, LISTING_PART_MIN);
    if (counted > LISTING_MAX) return "E2BIG";
  }
}
