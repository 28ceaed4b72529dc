// The command: finds the subcommand by its name, runs it, and turns failures into messages and an exit status.

import { bytesOf } from "./bytes.ts";
import type { Context, Subcommand } from "./context.ts";
import type { Globals } from "./globals.ts";
import { type Ending, Failure, type Invocation, OutputError, reasonOf } from "./invocation.ts";

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
  ["checkpoint", async () => (await import("./checkpoint.ts")).checkpoint],
  ["find", async () => (await import("./find.ts")).find],
  ["stat", async () => (await import("./stat.ts")).stat],
  ["serve", async () => (await import("./serve.ts")).serve],
  ["tour", async () => (await import("./tour.ts")).tour],
  ["help", async () => (await import("./help.ts")).help],
  ["version", async () => (await import("./version.ts")).version],
]);

/** The names of the subcommands. */
export const subcommandNames: readonly string[] = [...subcommands.keys()];

const noGlobals: Globals = { address: undefined, timeout: null, verbose: false, trace: false, color: "auto" };

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

async function run(whole: Invocation, name: string, warn: (message: string) => void): Promise<number> {
  const { program } = whole;
  const isTool = name.startsWith(TOOL_PREFIX);
  const hasGlobals = !isTool && whole.args[0]?.startsWith("-") === true;
  const { globals, words } = hasGlobals
    ? (await import("./globals.ts")).parseGlobals(whole.args)
    : { globals: noGlobals, words: isTool ? [name.slice(TOOL_PREFIX.length), ...whole.args] : whole.args };
  const [mode, ...args] = words;
  if (mode === undefined) throw new Failure(`Usage: ${program} <mode> [-h] [...]`);
  const load = isTool && !tools.has(mode) ? undefined : subcommands.get(mode);
  if (load === undefined) {
    const { hint } = await import("./hint.ts");
    throw new Failure(`unknown mode ${mode}${isTool ? "" : hint(mode, subcommandNames, "")}\n`);
  }
  const subcommand = await load();
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
    usageName: isTool ? program : `${program} ${mode}`,
    args,
    warn: (message) => patience?.isOver === true || warn(message),
    say: (lines) => writeError(invocation, `${lines}\n`),
    complain: (complaint) => writeError(invocation, `${isTool ? program : mode}: ${complaint}\n`),
    limit: (operation, result) => patience?.limit(operation, result) ?? result,
    connect: async () => kept(await (await import("./session.ts")).Session.open(invocation, globals, patience)),
    client: async () => kept(await (await import("./client.ts")).openClient(context)),
  };
  try {
    return await (patience === null ? subcommand(context) : Promise.race([subcommand(context), patience.expired]));
  } finally {
    for (const connection of opened) await connection.close();
  }
}

/** Writes to standard error. A message that cannot be written has no other place to go. */
function writeError(invocation: Invocation, text: string): void {
  try {
    invocation.writeError(bytesOf(text));
  } catch { /* standard error is closed */ }
}
