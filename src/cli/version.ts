// `version`: prints the version of the command.

import type { Context } from "./context.ts";
import { Printer } from "./printer.ts";

/** The version of the package. */
export const VERSION = "0.1.0";

/** Prints the name of the package and its version. */
export function version(context: Context): Promise<number> {
  const printer = new Printer(context.invocation);
  printer.print(`tsxs ${VERSION}\n`);
  printer.flush();
  return Promise.resolve(0);
}
