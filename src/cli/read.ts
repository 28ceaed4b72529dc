// `read`: prints the values of nodes.

import { byteString } from "./bytes.ts";
import { escapeBytes, escapeText } from "./escape.ts";
import type { Context } from "./context.ts";
import { Printer } from "./printer.ts";
import { type Outcome, transacted } from "./transacted.ts";
import { argumentsOf } from "./usage.ts";

/** Prints the value of each node: escaped and on a line of its own, or as it is with `-R`. */
export async function read(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "read");
  const session = await context.connect();
  const show = (key: string, value: Uint8Array): string => {
    const prefix = options.has("p") ? `${escapeText(key)}: ` : "";
    return prefix + (options.has("R") ? byteString(value) : `${escapeBytes(value)}\n`);
  };
  const readAll = async (transactionId: number): Promise<Outcome> => {
    let output = "";
    for (const key of operands) {
      const value = await session.read(key, transactionId).catch(() => null);
      if (value === null) {
        context.warn(`couldn't read path ${key}`);
        return { status: 1, output };
      }
      output += show(key, value);
    }
    return { status: 0, output };
  };
  const { status, output } = await (operands.length > 1 ? transacted(session, readAll) : readAll(0));
  const printer = new Printer(context.invocation);
  printer.print(output);
  printer.flush();
  return status;
}
