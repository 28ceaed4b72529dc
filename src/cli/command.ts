// The command: finds the subcommand by its name, runs it, and turns failures into messages and an exit status.

import { bytesOf } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import type { Context, Runner, Subcommand, Subcommands, Surroundings } from "./context.ts";
import type { Globals } from "./globals.ts";
import { type Ending, Failure, HelpRequest, type Invocation, OutputError, reasonOf } from "./invocation.ts";
import type { Patience } from "./patience.ts";
import type { Session } from "./session.ts";
import { silentProgress, wantsBars } from "./silent_progress.ts";
import { tools } from "./tools.ts";
import type { ShownProgress } from "./work_progress.ts";

/** A program whose name begins so is the tool that the rest of the name says. */
const TOOL_PREFIX = "xenstore-";
/** The exit status of a subcommand that Ctrl-C cancelled, as shells report the end by SIGINT. */
const CANCELLED_STATUS = 130;

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
  const name = nameOf(invocation);
  const warn = (message: string): void => writeError(invocation, `${name}: ${message}\n`);
  return await endingOf(() => run(invocation, name, subcommands, isWhole), warn);
}

/** The name of the command in its messages. */
function nameOf({ program }: Invocation): string {
  return program.slice(program.lastIndexOf("/") + 1);
}

/** Turns failures into messages and an exit status. */
async function endingOf<T>(run: () => Promise<T>, warn: (message: string) => void): Promise<T | Ending> {
  try {
    return await run();
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
): Promise<Ending | null> {
  const { program } = whole;
  const isTool = name.startsWith(TOOL_PREFIX);
  const hasGlobals = !isTool && whole.args[0]?.startsWith("-") === true;
  const { globals, words } = hasGlobals
    ? (await import("./globals.ts")).parseGlobals(whole.args)
    : { globals: noGlobals, words: isTool ? [name.slice(TOOL_PREFIX.length), ...whole.args] : whole.args };
  // The subcommands without options of their own do not parse their arguments.
  const [mode, ...args] = !isTool && words[1] === "--help" ? ["help", words[0] ?? ""] : words;
  if (!isWhole && !isTool && mode !== undefined && !subcommands.has(mode)) return null;
  if (mode === undefined) throw new Failure(`Usage: ${program} <mode> [-h] [...]`);
  const load = isTool && !tools.has(mode) ? undefined : subcommands.get(mode);
  if (load === undefined) {
    const { hint } = await import("./hint.ts");
    throw new Failure(`unknown mode ${mode}${isTool ? "" : hint(mode, [...subcommands.keys()], "")}\n`);
  }
  const usageName = isTool ? program : `${program} ${mode}`;
  return await runSubcommand(await load(), { whole, name, globals, subcommands, isTool, usageName, mode, args });
}

/** A subcommand that is to run. */
interface Task {
  readonly whole: Invocation;
  /** The name of the command in its messages. */
  readonly name: string;
  readonly globals: Globals;
  readonly subcommands: Subcommands;
  readonly isTool: boolean;
  readonly usageName: string;
  readonly mode: string;
  readonly args: readonly string[];
  /** What another subcommand that runs this one gives it. */
  readonly surroundings?: Surroundings;
}

/** Runs a subcommand. Resolves with `null` if its help was asked for, and is not among the subcommands. */
async function runSubcommand(subcommand: Subcommand, task: Task): Promise<Ending | null> {
  const { whole, name, globals, subcommands, isTool, usageName, mode, args, surroundings } = task;
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
    usageName,
    args,
    warn: (message) => writeError(invocation, `${name}: ${message}\n`),
    say: (lines) => writeError(invocation, `${lines}\n`),
    complain: (complaint) => writeError(invocation, `${isTool ? whole.program : mode}: ${complaint}\n`),
    limit: (operation, result) => patience?.limit(operation, result) ?? result,
    progress: async () => {
      if (!wantsBars(globals, isTool, whole)) return silentProgress;
      const { ShownProgress } = await import("./work_progress.ts");
      return bar ??= new ShownProgress(whole);
    },
    connect: async () => {
      const { Session } = await import("./session.ts");
      const shared = surroundings?.connection(patience);
      return kept(await (shared === undefined ? Session.open(invocation, globals, patience) : lease(shared, patience)));
    },
    client: async () => kept(await (await import("./client.ts")).openClient(context)),
    runner: runnerOf(whole, globals, subcommands),
  };
  try {
    const ends = [
      ...patience === null ? [] : [patience.expired],
      ...surroundings === undefined ? [] : [surroundings.cancelled.then(() => CANCELLED_STATUS)],
    ];
    return await (ends.length === 0 ? subcommand(context) : Promise.race([subcommand(context), ...ends]));
  } catch (error) {
    if (!(error instanceof HelpRequest)) throw error;
    const help = await subcommands.get("help")?.();
    return await (help?.({ ...context, args: [mode] }) ?? null);
  } finally {
    bar?.erase();
    const closing = surroundings?.closing ?? ((closed) => closed);
    for (const connection of opened) await closing(connection.close());
  }
}

/** Makes what runs other subcommands in this process, with the same options of the command. */
function runnerOf(whole: Invocation, globals: Globals, subcommands: Subcommands): Runner {
  return {
    open: async (invocation, reporter) =>
      (await import("./connection.ts")).openConnection(invocation, globals, null, reporter),
    session: (connection) => lease(Promise.resolve(connection), null),
    run: async ([mode = "", ...args], surroundings) => {
      const { invocation, names } = surroundings;
      const name = nameOf(whole);
      const warn = (message: string): void => writeError(invocation, `${name}: ${message}\n`);
      const ending = await endingOf(async () => {
        const load = subcommands.get(mode);
        if (load === undefined) {
          throw new Failure(`unknown mode ${mode}${(await import("./hint.ts")).hint(mode, names, "")}`);
        }
        const own = { whole: invocation, name, globals, subcommands, usageName: mode, mode, args, surroundings };
        return await runSubcommand(await load(), { ...own, isTool: false });
      }, warn);
      return ending ?? 0;
    },
  };
}

/** Makes a session on a connection that others use after it. */
async function lease(connection: Promise<Connection>, patience: Patience | null): Promise<Session> {
  const [{ Session }, { Lease }] = await Promise.all([import("./session.ts"), import("./lease.ts")]);
  return new Session(new Lease(await connection), patience);
}

/** Writes to standard error. A message that cannot be written has no other place to go. */
function writeError(invocation: Invocation, text: string): void {
  try {
    invocation.writeError(bytesOf(text));
  } catch { /* standard error is closed */ }
}
