// Reads nodes that a guest may have written: nothing in them makes a list fail, and nothing is longer than a limit.

import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { Operation } from "../wire/operations.ts";
import { splitStrings, withoutNul } from "../wire/text.ts";
import type { RequestOptions } from "../client/arguments.ts";
import type { NodeOperations } from "../client/nodes.ts";

// Guests may write any bytes: what is not UTF-8 is replaced.
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
/** The most characters of a value that go into a text for people. */
const SHOWN_MAX = 64;

/** The answers that concern one node only: it is missing, may not be read, or is too long for a reply. */
const ofOneNode = new Set(["ENOENT", "EACCES", "E2BIG", "EINVAL", "EAGAIN"]);

/** Reads a value as text. Returns `null` if the node is missing, cannot be read, or is too long for a reply. */
export function textOrNull(nodes: NodeOperations, path: string, options: RequestOptions): Promise<string | null> {
  return nodes.read(path, options).then((bytes) => lenient.decode(bytes), nullForNode);
}

/** The names of a directory that one reply holds. */
export interface Names {
  /** The names. */
  readonly names: readonly string[];
  /** Whether there are more names than the limit, or than one reply holds. */
  readonly hasMore: boolean;
}

/** Lists a directory with one request, however long a guest has made it. `null` if it is missing or may not be read. */
export async function namesOrNull(
  nodes: NodeOperations,
  path: string,
  max: number,
  options: RequestOptions,
): Promise<Names | null> {
  try {
    const names = splitStrings(withoutNul(await nodes.execute(Operation.DIRECTORY, [path], options)));
    return { names: names.slice(0, max), hasMore: names.length > max };
  } catch (error) {
    nullForNode(error);
    return error instanceof XenStoreError && error.code === "E2BIG" ? { names: [], hasMore: true } : null;
  }
}

function nullForNode(error: unknown): null {
  if (!(error instanceof XenStoreError) || error instanceof ConnectionError || !ofOneNode.has(error.code)) throw error;
  return null;
}

/** A whole decimal number of a value. `null` if the value is anything else. */
export function numberOrNull(text: string | null): number | null {
  if (text === null || !/^(?:0|[1-9]\d{0,15})$/.test(text)) return null;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : null;
}

/** A value in quotes, for a text for people. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value);
}
