// The nodes below a path as lines of JSON, for the subcommands that draw them otherwise.

import { codeOf } from "../wire/system_errors.ts";
import { type Content, type Source, TreeReader } from "../checkpoints/trees/tree_reader.ts";
import { byteString } from "./bytes.ts";
import type { Printer } from "./printer.ts";
import { jsonLine, jsonOf } from "./json.ts";
import type { Work } from "./silent_progress.ts";

/** What is printed of each node. */
export interface NodeLines {
  readonly hasPermissions: boolean;
  /** How many levels below the top are printed. */
  readonly levels?: number;
}

/**
 * Prints the nodes below `top`, in the order of the tree. A node that cannot be read has an `error`. Resolves with
 * whether every node could be read. Rejects if the top cannot be listed.
 */
export async function printNodes(
  printer: Printer,
  source: Source,
  top: string,
  { hasPermissions, levels }: NodeLines,
  work: Work,
): Promise<boolean> {
  const reader = new TreeReader(source, hasPermissions, levels);
  const stack = (await reader.start(top)).toReversed();
  let isComplete = true;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const taken = reader.take(at);
    const content = taken instanceof Promise ? await taken : taken;
    reader.report(work);
    const error = errorOf(content);
    // A node that another client removed after it was listed is not there.
    if (error === "ENOENT") continue;
    isComplete &&= error === null;
    printer.print(jsonLine({ path: jsonOf(at.path), ...fieldsOf(content), ...error === null ? {} : { error } }));
    if ("value" in content.children) { for (const child of content.children.value.toReversed()) stack.push(child); }
  }
  work.done();
  return isComplete;
}

function fieldsOf({ value, permissions }: Content): object {
  return {
    ..."value" in value ? { value: jsonOf(byteString(value.value)) } : {},
    ...permissions !== null && "value" in permissions ? { permissions: permissions.value.map(jsonOf) } : {},
  };
}

/** Returns the code of the first error, or `null`. */
function errorOf({ value, permissions, children }: Content): string | null {
  for (const result of [value, permissions, children]) {
    if (result !== null && "error" in result) return codeOf(result.error) ?? "EIO";
  }
  return null;
}
