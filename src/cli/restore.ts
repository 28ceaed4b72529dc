// `restore`: writes a dump to the store, after it has shown the difference and asked.

import { differences, type TreeDifference } from "../checkpoints/trees/differences.ts";
import { TreeWriter, type WritableTree } from "../checkpoints/trees/tree_writer.ts";
import { differenceLines } from "./colours.ts";
import type { Context } from "./context.ts";
import { escapeText } from "./escape.ts";
import { confirm } from "./input.ts";
import { Failure, reasonOf } from "./invocation.ts";
import { json, ownArgumentsOf } from "./own_arguments.ts";
import { Printer } from "./printer.ts";
import type { Session } from "./session.ts";
import { failUnreadable, openDumpFile, storeNodes } from "./store_nodes.ts";
import { transacted } from "./transacted.ts";

/** A restore: what it reads, and what it does with a difference. */
interface Restore {
  readonly context: Context;
  readonly session: Session;
  readonly file: string;
  readonly deletes: boolean;
  readonly asJson: boolean;
}

/**
 * Makes the store equal to a dump in one transaction. Nodes that the dump lacks stay, unless `--delete` is given.
 *
 * Resolves with 1 if the answer is no. Throws a {@linkcode Failure} if the dump or the store cannot be read or written:
 * then nothing is changed.
 */
export async function restore(context: Context): Promise<number> {
  const { options, operands: [file = ""] } = ownArgumentsOf(context, {
    options: [
      json,
      { letter: "y", long: "yes" },
      { letter: "n", long: "dry-run" },
      { letter: "d", long: "delete" },
    ],
    usage: "[-h] [-y] [-n] [-d] [--json] dump",
    operands: [1, 1],
    status: 1,
  });
  const [isDry, isSure] = [options.has("n"), options.has("y")];
  if (!isDry && !isSure && (file === "-" || !context.invocation.isInputTerminal())) {
    throw new Failure("cannot ask: standard input is not a terminal that can answer: use --yes or --dry-run");
  }
  const session = await context.connect();
  const task: Restore = { context, session, file, deletes: options.has("d"), asJson: options.has("j") };
  if (isSure && !isDry) return await apply(task, true);
  const count = await show(task);
  if (count === 0 || isDry) return 0;
  if (!(await confirm(context.invocation, `Change ${count} ${count === 1 ? "node" : "nodes"}?`))) return 1;
  return await apply(task, false);
}

/** Yields what has to change. Reads outside of a transaction, which would conflict with any change of the tree. */
async function* changes({ context, session, file, deletes }: Restore): AsyncGenerator<TreeDifference, void> {
  const work = (await context.progress()).start("restore");
  const { path, nodes } = await openDumpFile(context.invocation, file, work);
  for await (const difference of differences(storeNodes(session, path, failUnreadable), nodes)) {
    if (deletes || difference.change !== "removed") yield difference;
  }
  work.done();
}

/** Prints what has to change, and resolves with the number of nodes. */
async function show(task: Restore): Promise<number> {
  const printer = new Printer(task.context.invocation);
  const lineOf = differenceLines(task.context, task.asJson);
  let count = 0;
  for await (const difference of changes(task)) {
    printer.print(lineOf(difference));
    count++;
  }
  printer.flush();
  return count;
}

/** Changes the store, and repeats that after a conflict if the dump can be read again. Prints only the first time. */
async function apply(task: Restore, prints: boolean): Promise<number> {
  const printer = new Printer(task.context.invocation);
  const lineOf = differenceLines(task.context, task.asJson);
  let attempt = 0;
  const { status } = await transacted(task.session, async (transactionId) => {
    const isFirst = ++attempt === 1;
    if (!isFirst && task.file === "-") {
      throw new Failure("cannot restore: another client changed the same nodes: nothing is restored");
    }
    const writer = new TreeWriter(writable(task.session, transactionId));
    for await (const difference of changes(task)) {
      if (prints && isFirst) printer.print(lineOf(difference));
      await writer.apply(difference);
    }
    await writer.end();
    return { status: 0, output: "" };
  });
  printer.flush();
  return status;
}

/** Writes within a transaction, with failures as the command reports them. */
function writable(session: Session, transactionId: number): WritableTree {
  const failing = (what: string, path: string) => (error: unknown): never => {
    throw new Failure(`cannot ${what} ${escapeText(path)}: ${reasonOf(error)}: nothing is restored`);
  };
  return {
    write: (path, value) => session.write(path, value, transactionId).catch(failing("write", path)),
    mkdir: (path) => session.mkdir(path, transactionId).catch(failing("make", path)),
    setPermissions: (path, permissions) =>
      session.setPermissions(path, permissions, transactionId).catch(failing("set the permissions of", path)),
    remove: (path) => session.remove(path, transactionId).catch(failing("remove", path)),
  };
}
