// `rm`: removes nodes, and with `-t` the empty parents that they leave.

import type { Context } from "./context.ts";
import type { Session } from "./session.ts";
import { transacted } from "./transacted.ts";
import { argumentsOf } from "./usage.ts";

/** Removes all nodes, or none of them if one cannot be removed. */
export async function rm(context: Context): Promise<number> {
  const { options, operands } = argumentsOf(context, "rm");
  const session = await context.connect();
  const { status } = await transacted(session, async (transactionId) => {
    for (const key of operands) {
      for (let path: string | null = key; path !== null;) {
        if (!(await session.remove(path, transactionId).then(() => true, () => false))) {
          context.warn(`could not remove path ${path}`);
          return { status: 1, output: "" };
        }
        path = options.has("t") ? await emptyParent(session, path, transactionId) : null;
      }
    }
    return { status: 0, output: "" };
  });
  return status;
}

/** Returns the parent of a removed node if it has neither a value nor children, and `null` otherwise. */
async function emptyParent(session: Session, path: string, transactionId: number): Promise<string | null> {
  const parent = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
  if (parent === "") return null;
  const value = await session.read(parent, transactionId).catch(() => null);
  if (value === null || value.length > 0) return null;
  const names = await session.list(parent, transactionId).catch(() => null);
  return names?.length === 0 ? parent : null;
}
