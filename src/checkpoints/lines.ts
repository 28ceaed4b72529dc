// The lines of JSON that dumps and checkpoints consist of, and the error of invalid ones.

import { utf8Of } from "./bytes.ts";
import { escapeText } from "./escape.ts";

/**
 * The longest line, in bytes. A node takes less than 64 KiB, and the names of its children at most 16 MiB, so a longer
 * line belongs to no dump.
 */
const LINE_MAX = 1 << 25;

/**
 * The text of a dump or of a tree's checkpoint is invalid: it was cut or changed, or is of another format.
 *
 * @example
 * ```ts
 * import { DumpError, openTree } from "tsxs/checkpoints";
 *
 * const error = await openTree(new TextEncoder().encode("hello\n")).catch((reason) => reason);
 * console.log(error instanceof DumpError, error.message);
 * ```
 */
export class DumpError extends Error {
  /** `"DumpError"`. */
  override name = "DumpError";
}

/** Splits chunks into lines, of which it holds one at a time. The last line may lack its line end. */
export async function* linesOf(
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  longest: number = LINE_MAX,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new DumpError(`cannot read ${name}: it is not UTF-8`);
    }
  };
  let rest = "";
  for await (const chunk of chunks) {
    const lines = decode(chunk).split("\n");
    rest += lines[0] ?? "";
    if (rest.length > longest) throw new DumpError(`cannot read ${name}: a line is longer than ${longest} bytes`);
    for (let at = 1; at < lines.length; at++) {
      yield rest;
      rest = lines[at] ?? "";
    }
  }
  rest += decode();
  if (rest !== "") yield rest;
}

/** Returns the object of a line, or `null` if the line is no object of JSON. */
export function recordOf(line: string): Record<string, unknown> | null {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === "object" && record !== null ? { ...record } : null;
  } catch {
    return null;
  }
}

/** Returns a part of a dump for a message. */
export function shown(json: unknown): string {
  return escapeText(utf8Of(JSON.stringify(json) ?? "nothing"));
}
