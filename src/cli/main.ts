// The command: finds the subcommand by its name, runs it, and turns failures into messages and an exit status.

import { bytesOf } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import type { Context, Runner, Subcommand, Surroundings } from "./context.ts";
import type { Globals } from "./globals.ts";
import { type Ending, Failure, HelpRequest, type Invocation, OutputError, reasonOf } from "./invocation.ts";
import type { Patience } from "./patience.ts";
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
  ["wait", async () => (await import("./wait.ts")).wait],
  ["tree", async () => (await import("./tree.ts")).tree],
  ["control", async () => (await import("./control.ts")).control],
  ["dump", async () => (await import("./dump.ts")).dump],
  ["restore", async () => (await import("./restore.ts")).restore],
  ["diff", async () => (await import("./diff.ts")).diff],
  ["find", async () => (await import("./find.ts")).find],
  ["stat", async () => (await import("./stat.ts")).stat],
  ["trace", async () => (await import("./trace.ts")).trace],
  ["serve", async () => (await import("./serve.ts")).serve],
  ["shell", async () => (await import("./shell.ts")).shell],
  ["tour", async () => (await import("./tour.ts")).tour],
  ["completion", async () => (await import("./completion.ts")).completion],
  ["help", async () => (await import("./help.ts")).help],
  ["version", async () => (await import("./version.ts")).version],
]);

/** The names of the subcommands. */
export const subcommandNames: readonly string[] = [...subcommands.keys()];

const noGlobals: Globals = { address: undefined, timeout: null, verbose: false, trace: false, color: "auto" };

/** The subcommands that Xen has as tools of their own. */
const tools = new Set(["read", "write", "rm", "exists", "list", "ls", "chmod", "watch", "control"]);

/** The exit status of a subcommand that Ctrl-C cancelled, as shells report the end by SIGINT. */
const CANCELLED_STATUS = 130;

/**
 * Runs the command.
 *
 * The command behaves as a xenstore-* tool if it is called by the tool's name. Otherwise its first argument is the
 * subcommand.
 */
export async function main(invocation: Invocation): Promise<Ending> {
  const name = nameOf(invocation);
  const warn = (message: string): void => writeError(invocation, `${name}: ${message}\n`);
  return await endingOf(() => run(invocation, name, warn), warn);
}

/** The name of the command in its messages. */
function nameOf({ program }: Invocation): string {
  return program.slice(program.lastIndexOf("/") + 1);
}

/** Turns failures into messages and an exit status. */
async function endingOf(run: () => Promise<Ending>, warn: (message: string) => void): Promise<Ending> {
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

async function run(whole: Invocation, name: string, warn: (message: string) => void): Promise<Ending> {
  const { program } = whole;
  const isTool = name.startsWith(TOOL_PREFIX);
  const hasGlobals = !isTool && whole.args[0]?.startsWith("-") === true;
  const { globals, words } = hasGlobals
    ? (await import("./globals.ts")).parseGlobals(whole.args)
    : { globals: noGlobals, words: isTool ? [name.slice(TOOL_PREFIX.length), ...whole.args] : whole.args };
  // The subcommands without options of their own do not parse their arguments.
  const [mode, ...args] = !isTool && words[1] === "--help" ? ["help", words[0] ?? ""] : words;
  if (mode === undefined) throw new Failure(`Usage: ${program} <mode> [-h] [...]`);
  const load = isTool && !tools.has(mode) ? undefined : subcommands.get(mode);
  if (load === undefined) {
    const { hint } = await import("./hint.ts");
    throw new Failure(`unknown mode ${mode}${isTool ? "" : hint(mode, subcommandNames, "")}\n`);
  }
  const usageName = isTool ? program : `${program} ${mode}`;
  return await runSubcommand(await load(), { whole, globals, isTool, usageName, mode, args, warn });
}

/** A subcommand that is to run. */
interface Task {
  readonly whole: Invocation;
  readonly globals: Globals;
  readonly isTool: boolean;
  readonly usageName: string;
  readonly mode: string;
  readonly args: readonly string[];
  readonly warn: (message: string) => void;
  /** What another subcommand that runs this one gives it. */
  readonly surroundings?: Surroundings;
}

async function runSubcommand(subcommand: Subcommand, task: Task): Promise<Ending> {
  const { whole, globals, isTool, usageName, mode, args, warn, surroundings } = task;
  const patience = globals.timeout === null ? null : new (await import("./patience.ts")).Patience(globals.timeout);
  const opened: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(connection: T): T => {
    opened.push(connection);
    return connection;
  };
  const invocation = patience?.guarded(whole) ?? whole;
  const context: Context = {
    invocation,
    globals,
    isTool,
    names: subcommandNames,
    usageName,
    args,
    warn: (message) => patience?.isOver === true || warn(message),
    say: (lines) => writeError(invocation, `${lines}\n`),
    complain: (complaint) => writeError(invocation, `${isTool ? whole.program : mode}: ${complaint}\n`),
    limit: (operation, result) => patience?.limit(operation, result) ?? result,
    connect: async () => {
      const { Session } = await import("./session.ts");
      const shared = surroundings?.connection(patience);
      return kept(await (shared === undefined ? Session.open(invocation, globals, patience) : lease(shared, patience)));
    },
    client: async () => kept(await (await import("./client.ts")).openClient(context)),
    runner: runnerOf(whole, globals),
  };
  try {
    const ends = [
      ...patience === null ? [] : [patience.expired],
      ...surroundings === undefined ? [] : [
        surroundings.cancelled.then(() => CANCELLED_STATUS),
      ],
    ];
    return await (ends.length === 0 ? subcommand(context) : Promise.race([subcommand(context), ...ends]));
  } catch (error) {
    if (!(error instanceof HelpRequest)) throw error;
    return await (await import("./help.ts")).help({ ...context, args: [mode] });
  } finally {
    const closing = surroundings?.closing ?? ((closed) => closed);
    for (const connection of opened) await closing(connection.close());
  }
}

/** Makes what runs other subcommands in this process, with the same options of the command. */
function runnerOf(whole: Invocation, globals: Globals): Runner {
  return {
    open: async (invocation, reporter) =>
      (await import("./connection.ts")).openConnection(invocation, globals, null, reporter),
    session: (connection) => lease(Promise.resolve(connection), null),
    run: ([mode = "", ...args], surroundings) => {
      const { invocation, names } = surroundings;
      const warn = (message: string): void => writeError(invocation, `${nameOf(whole)}: ${message}\n`);
      return endingOf(async () => {
        const load = subcommands.get(mode);
        if (load === undefined) {
          throw new Failure(`unknown mode ${mode}${(await import("./hint.ts")).hint(mode, names, "")}`);
        }
        const task = { whole: invocation, globals, isTool: false, usageName: mode, mode, args, warn, surroundings };
        return await runSubcommand(await load(), task);
      }, warn);
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
