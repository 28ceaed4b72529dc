// `write`: writes the values of nodes.

import { bytesOf } from "./bytes.ts";
import { unescapeText } from "./escape.ts";
import type { Context } from "./context.ts";
import { type Outcome, transacted } from "./transacted.ts";
import { argumentsOf, usageFailure } from "./usage.ts";

/** Writes each value, unescaped unless `-R` is given. */
export async function write(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "write");
  if (operands.length % 2 === 1) throw usageFailure(context, "write");
  const session = await context.connect();
  const writeAll = async (transactionId: number): Promise<Outcome> => {
    for (let at = 0; at < operands.length; at += 2) {
      const [key = "", text = ""] = operands.slice(at);
      const value = options.has("R") ? bytesOf(text) : unescapeText(text);
      if (!(await session.write(key, value, transactionId).then(() => true, () => false))) {
        context.warn(`could not write path ${key}`);
        return { status: 1, output: "" };
      }
    }
    return { status: 0, output: "" };
  };
  return (await (operands.length > 2 ? transacted(session, writeAll) : writeAll(0))).status;
}
