// `shell`: runs commands that are typed at a prompt, or read from standard input.

import type { Context } from "./context.ts";
import type { Ending } from "./invocation.ts";
import { ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { Printer } from "./printer.ts";

const syntax: Syntax = { options: [], usage: "[-h]", operands: [0, 0], status: 1 };

/** Runs the shell. The room is a file of its own in the package, which other subcommands do not load. */
export async function shell(context: Context): Promise<Ending> {
  ownArgumentsOf(context, syntax);
  const printer = new Printer(context.invocation);
  const { runShell } = await import("./shell/mod.ts");
  return await runShell(context, (text) => {
    printer.print(text);
    printer.flush();
  });
}
