// `list`: prints the names of the children of nodes.

import { escapeText } from "./escape.ts";
import type { Context } from "./context.ts";
import { Printer } from "./printer.ts";
import { transacted } from "./transacted.ts";
import { argumentsOf } from "./usage.ts";

/** Prints each name on a line of its own, with its whole path if `-p` is given. */
export async function list(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "list");
  const session = await context.connect();
  const { status, output } = await transacted(session, async (transactionId) => {
    let output = "";
    for (const key of operands) {
      const names = await session.list(key, transactionId).catch(() => null);
      if (names === null) {
        context.warn(`could not list path ${key}`);
        return { status: 1, output };
      }
      const prefix = !options.has("p") ? "" : key === "/" ? "/" : `${escapeText(key)}/`;
      for (const name of names) output += `${prefix}${escapeText(name)}\n`;
    }
    return { status: 0, output };
  });
  const printer = new Printer(context.invocation);
  printer.print(output);
  printer.flush();
  return status;
}
