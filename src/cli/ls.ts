// `ls`: prints the tree below nodes, with values, and with permissions if `-p` is given.

import { codeOf } from "../wire/system_errors.ts";
import { escapeText } from "./escape.ts";
import type { Context } from "./context.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { labelOf, layoutOf, permissionsText, valueText } from "./layout.ts";
import { Printer } from "./printer.ts";
import { type Found, TreeReader } from "../checkpoints/tree_reader.ts";
import { argumentsOf } from "./usage.ts";

/** Prints the tree below each node, or below the root without one. */
export async function ls(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "ls");
  const layout = layoutOf(options.has("f"), context.invocation.columns());
  const hasPermissions = options.has("p");
  const session = await context.connect();
  const printer = new Printer(context.invocation);
  const progress = await context.progress();
  try {
    for (const top of operands.length === 0 ? ["/"] : operands) await printTree(top);
  } finally {
    printer.flush();
  }
  return 0;

  /** A stack, not recursion: the depth of a tree is up to the guest that writes it. */
  async function printTree(top: string): Promise<void> {
    const reader = new TreeReader(session, hasPermissions);
    const work = progress.start("ls");
    const stack = [...await reader.start(top).catch((error) => failed(top, error))].reverse();
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const taken = reader.take(at);
      const { value, permissions, children } = taken instanceof Promise ? await taken : taken;
      reader.report(work);
      const label = labelOf(at.name, at.path, at.depth, layout);
      printer.print(label.text);
      printer.print("value" in value ? valueText(value.value, label, layout, hasPermissions) : ":\n");
      if (permissions !== null && "value" in permissions) printer.print(permissionsText(permissions.value));
      else if (permissions !== null) {
        printer.flush();
        const reason = reasonOf(permissions.error);
        context.warn(`\ncould not access permissions for ${escapeText(at.name)}: ${reason}`);
      }
      printer.print("\n");
      if ("value" in children) { for (const child of children.value.toReversed()) stack.push(child); }
      // A node that another client removed after it was listed has no children.
      else if (codeOf(children.error) !== "ENOENT") failed(at.path, children.error);
    }
    work.done();
  }

  function failed(path: string, error: unknown): readonly Found[] {
    throw new Failure(`xs_directory (${path}): ${reasonOf(error)}`);
  }
}
