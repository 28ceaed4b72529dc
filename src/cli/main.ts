// The command: finds the subcommand by its name, runs it, and turns failures into messages and an exit status.

import { bytesOf } from "./bytes.ts";
import type { Context, Subcommand } from "./context.ts";
import { type Ending, Failure, type Invocation, OutputError, reasonOf } from "./invocation.ts";
import type { Session } from "./session.ts";

/** A program whose name begins so is the tool that the rest of the name says. */
const TOOL_PREFIX = "xenstore-";

/** The subcommands, each loaded on demand. */
const subcommands: ReadonlyMap<string, () => Promise<Subcommand>> = new Map([
  ["read", async () => (await import("./read.ts")).read],
  ["write", async () => (await import("./write.ts")).write],
  ["rm", async () => (await import("./rm.ts")).rm],
  ["exists", async () => (await import("./exists.ts")).exists],
  ["list", async () => (await import("./list.ts")).list],
  ["ls", async () => (await import("./ls.ts")).ls],
  ["chmod", async () => (await import("./chmod.ts")).chmod],
  ["watch", async () => (await import("./watch.ts")).watch],
  ["tree", async () => (await import("./tree.ts")).tree],
  ["control", async () => (await import("./control.ts")).control],
  ["dump", async () => (await import("./dump.ts")).dump],
  ["restore", async () => (await import("./restore.ts")).restore],
  ["diff", async () => (await import("./diff.ts")).diff],
  ["find", async () => (await import("./find.ts")).find],
  ["stat", async () => (await import("./stat.ts")).stat],
]);

/** The subcommands that Xen has as tools of their own. */
const tools = new Set(["read", "write", "rm", "exists", "list", "ls", "chmod", "watch", "control"]);

/**
 * Runs the command.
 *
 * The command behaves as a xenstore-* tool if it is called by the tool's name. Otherwise its first argument is the
 * subcommand.
 */
export async function main(invocation: Invocation): Promise<Ending> {
  const name = invocation.program.slice(invocation.program.lastIndexOf("/") + 1);
  const warn = (message: string): void => writeError(invocation, `${name}: ${message}\n`);
  try {
    return await run(invocation, name, warn);
  } catch (error) {
    if (error instanceof OutputError && error.code === "EPIPE") return "SIGPIPE";
    if (error instanceof OutputError) warn(`${error.message}: ${reasonOf(error)}`);
    else if (error instanceof Failure) warn(error.message);
    else throw error;
    return error instanceof Failure ? error.status : 1;
  }
}

async function run(invocation: Invocation, name: string, warn: (message: string) => void): Promise<number> {
  const { program, args } = invocation;
  const isTool = name.startsWith(TOOL_PREFIX);
  const mode = isTool ? name.slice(TOOL_PREFIX.length) : args[0];
  if (mode === undefined) throw new Failure(`Usage: ${program} <mode> [-h] [...]`);
  const load = isTool && !tools.has(mode) ? undefined : subcommands.get(mode);
  if (load === undefined) throw new Failure(`unknown mode ${mode}\n`);
  const subcommand = await load();
  let session: Session | null = null;
  const context: Context = {
    invocation,
    usageName: isTool ? program : `${program} ${mode}`,
    args: isTool ? args : args.slice(1),
    warn,
    say: (lines) => writeError(invocation, `${lines}\n`),
    complain: (complaint) => writeError(invocation, `${isTool ? program : mode}: ${complaint}\n`),
    connect: async () => session = await (await import("./session.ts")).Session.open(invocation),
  };
  try {
    return await subcommand(context);
  } finally {
    await (session as Session | null)?.close();
  }
}

/** Writes to standard error. A message that cannot be written has no other place to go. */
function writeError(invocation: Invocation, text: string): void {
  try {
    invocation.writeError(bytesOf(text));
  } catch { /* standard error is closed */ }
}
