// `exists`: tells by the exit status whether nodes exist and may be read.

import type { Context } from "./context.ts";
import { transacted } from "./transacted.ts";
import { argumentsOf } from "./usage.ts";

/** Resolves with 0 if all nodes can be read, and with 1 otherwise. */
export async function exists(context: Context): Promise<number> {
  const { operands } = argumentsOf(context, "exists");
  const session = await context.connect();
  const { status } = await transacted(session, async (transactionId) => {
    for (const key of operands) {
      const found = await session.read(key, transactionId).then(() => true, () => false);
      if (!found) return { status: 1, output: "" };
    }
    return { status: 0, output: "" };
  });
  return status;
}
