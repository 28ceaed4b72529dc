// The command: finds the subcommand by its name, runs it, and turns failures into messages and an exit status.

import { bytesOf } from "./bytes.ts";
import type { Context, Subcommands } from "./context.ts";
import type { Globals } from "./globals.ts";
import { type Ending, Failure, type Invocation, OutputError, reasonOf } from "./invocation.ts";
import { silentProgress, wantsBars } from "./silent_progress.ts";
import { tools } from "./tools.ts";
import type { ShownProgress } from "./work_progress.ts";

/** A program whose name begins so is the tool that the rest of the name says. */
const TOOL_PREFIX = "xenstore-";

const noGlobals: Globals = {
  address: undefined,
  timeout: null,
  verbose: false,
  trace: false,
  color: "auto",
  progressBars: null,
};

/**
 * Runs the command.
 *
 * The command behaves as a xenstore-* tool if it is called by the tool's name. Otherwise its first argument is the
 * subcommand. If `isWhole` is not set, there are other subcommands: resolves with `null` then, before anything is done,
 * if the first argument may be one of them.
 */
export async function command(
  invocation: Invocation,
  subcommands: Subcommands,
  isWhole: boolean,
): Promise<Ending | null> {
  const name = invocation.program.slice(invocation.program.lastIndexOf("/") + 1);
  const warn = (message: string): void => writeError(invocation, `${name}: ${message}\n`);
  try {
    return await run(invocation, name, subcommands, isWhole);
  } catch (error) {
    if (error instanceof OutputError && error.code === "EPIPE") return "SIGPIPE";
    if (error instanceof OutputError) warn(`${error.message}: ${reasonOf(error)}`);
    else if (error instanceof Failure) warn(error.message);
    else throw error;
    return error instanceof Failure ? error.status : 1;
  }
}

async function run(
  whole: Invocation,
  name: string,
  subcommands: Subcommands,
  isWhole: boolean,
): Promise<number | null> {
  const { program } = whole;
  const isTool = name.startsWith(TOOL_PREFIX);
  const hasGlobals = !isTool && whole.args[0]?.startsWith("-") === true;
  const { globals, words } = hasGlobals
    ? (await import("./globals.ts")).parseGlobals(whole.args)
    : { globals: noGlobals, words: isTool ? [name.slice(TOOL_PREFIX.length), ...whole.args] : whole.args };
  const [mode, ...args] = words;
  if (!isWhole && !isTool && mode !== undefined && !subcommands.has(mode)) return null;
  if (mode === undefined) throw new Failure(`Usage: ${program} <mode> [-h] [...]`);
  const load = isTool && !tools.has(mode) ? undefined : subcommands.get(mode);
  if (load === undefined) {
    const { hint } = await import("./hint.ts");
    throw new Failure(`unknown mode ${mode}${isTool ? "" : hint(mode, [...subcommands.keys()], "")}\n`);
  }
  const subcommand = await load();
  const patience = globals.timeout === null ? null : new (await import("./patience.ts")).Patience(globals.timeout);
  const opened: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(connection: T): T => {
    opened.push(connection);
    return connection;
  };
  let bar = null as ShownProgress | null;
  const apart: Invocation = {
    ...whole,
    writeOutput: (bytes) => (bar ?? whole).writeOutput(bytes),
    writeError: (bytes) => (bar ?? whole).writeError(bytes),
  };
  const invocation = patience?.guarded(apart) ?? apart;
  const context: Context = {
    invocation,
    globals,
    isTool,
    names: [...subcommands.keys()],
    usageName: isTool ? program : `${program} ${mode}`,
    args,
    warn: (message) => writeError(invocation, `${name}: ${message}\n`),
    say: (lines) => writeError(invocation, `${lines}\n`),
    complain: (complaint) => writeError(invocation, `${isTool ? program : mode}: ${complaint}\n`),
    limit: (operation, result) => patience?.limit(operation, result) ?? result,
    progress: async () => {
      if (!wantsBars(globals, isTool, whole)) return silentProgress;
      const { ShownProgress } = await import("./work_progress.ts");
      return bar ??= new ShownProgress(whole);
    },
    connect: async () => kept(await (await import("./session.ts")).Session.open(invocation, globals, patience)),
    client: async () => kept(await (await import("./client.ts")).openClient(context)),
  };
  try {
    return await (patience === null ? subcommand(context) : Promise.race([subcommand(context), patience.expired]));
  } finally {
    bar?.erase();
    for (const connection of opened) await connection.close();
  }
}

/** Writes to standard error. A message that cannot be written has no other place to go. */
function writeError(invocation: Invocation, text: string): void {
  try {
    invocation.writeError(bytesOf(text));
  } catch { /* standard error is closed */ }
}
