// `trace`: shows what programs say to the store and what it answers, and replays that against another store.

import type { Context } from "./context.ts";
import { Failure } from "./invocation.ts";
import { json, ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { TROUBLE } from "./trouble.ts";

const syntax: Syntax = {
  options: [
    { letter: "socket", long: "socket", hasArgument: true },
    { letter: "o", long: "out", hasArgument: true },
    json,
    { letter: "replay", long: "replay", hasArgument: true },
  ],
  usage: "[-h] [--json] ([--out FILE] [--socket SOCKET] [PROGRAM [ARGUMENT...]] | --replay FILE)",
  operands: [0, Infinity],
  status: TROUBLE,
  runsProgram: true,
};

/** Runs a proxy until a signal or the end of a program, or replays a trace. Resolves with the exit status. */
export async function trace(context: Context): Promise<number> {
  const { options, operands } = ownArgumentsOf(context, syntax);
  const [socket, out, file] = ["socket", "o", "replay"].map((name) => options.get(name));
  const form = options.has(json.letter) ? "json" : "text";
  const isProxy = socket !== undefined || operands.length > 0;
  if (isProxy === (file !== undefined) || (file !== undefined && out !== undefined)) {
    throw new Failure(`Usage: ${context.usageName} ${syntax.usage}`, TROUBLE);
  }
  if (file !== undefined) return await (await import("./trace/replay.ts")).replay(context, file, form);
  const { traceProgram, traceSocket } = await import("./trace/modes.ts");
  return operands.length > 0
    ? await traceProgram(context, operands, { socket, out, form })
    : await traceSocket(context, { socket, out, form });
}
