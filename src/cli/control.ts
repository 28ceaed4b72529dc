// `control`: sends a command to the daemon itself, and prints its answer.

import { codeOf } from "../wire/system_errors.ts";
import { Errno, isErrnoName } from "../wire/errno.ts";
import type { Context } from "./context.ts";
import { escapeLines } from "./escape.ts";
import { Failure } from "./invocation.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";

const UNREACHABLE = 1;
const USAGE = 2;
const REFUSED = 3;

/** Sends the arguments to the daemon. `live-update` is several commands, which update the daemon while it runs. */
export async function control(context: Context): Promise<number> {
  const { args, usageName, invocation, say } = context;
  if (args.length === 0) {
    say(`Usage:\n${usageName} <command> [<arg>...]`);
    return USAGE;
  }
  const session = await context.connect().catch((error: unknown) => {
    if (error instanceof Failure) return null;
    throw error;
  });
  if (session === null) {
    say("Failed to contact Xenstored.");
    return UNREACHABLE;
  }
  if (args[0] === "live-update") {
    return await (await import("./live_update.ts")).liveUpdate(session, args.slice(1), say);
  }
  let answer;
  try {
    answer = await session.control(args);
  } catch (error) {
    await explain(session, error, say);
    return REFUSED;
  }
  const printer = new Printer(invocation);
  if (answer !== "") printer.print(`${escapeLines(answer)}\n`);
  printer.flush();
  return 0;
}

/** Says why the daemon refused a command. The daemon answers EINVAL if it does not know the command. */
async function explain(session: Session, error: unknown, say: (text: string) => void): Promise<void> {
  const code = codeOf(error) ?? "";
  if (code !== "EINVAL") {
    return say(`Error ${isErrnoName(code) ? Errno[code] : Errno.EINVAL} when trying to execute command.`);
  }
  const help = await session.control(["help"]).catch(() => null);
  if (help === null) say("Error when executing command.");
  else say(`Command not supported. Valid commands are:\n${escapeLines(help)}`);
}
