// `checkpoint restore`: restores a tree, after it has shown the difference and asked.

import { differenceLines } from "../colours.ts";
import type { DomidMapping, PlanRestoreOptions, RestoreMode } from "../../checkpoints/mod.ts";
import type { Context } from "../context.ts";
import { escapeText } from "../escape.ts";
import { confirm } from "../input.ts";
import { Failure } from "../invocation.ts";
import { jsonLine } from "../json.ts";
import { absolutePath, json, ownArgumentsOf } from "../own_arguments.ts";
import { Printer } from "../printer.ts";
import { orFailure, repositoryOption, Room } from "./room.ts";

const modes: readonly RestoreMode[] = ["replace", "merge", "missing"];

/** Restores a tree in one transaction. Resolves with 1 if the answer is no. */
export async function restore(context: Context): Promise<number> {
  const given = ownArgumentsOf(context, {
    options: [
      json,
      repositoryOption,
      { letter: "y", long: "yes" },
      { letter: "n", long: "dry-run" },
      { letter: "t", long: "to", hasArgument: true },
      { letter: "d", long: "domid", hasArgument: true },
      { letter: "m", long: "mode", hasArgument: true },
      { letter: "R", long: "raw" },
    ],
    usage: "[-h] [-r directory] [-y] [-n] [-t path] [-d domid] [-m mode] [-R] [--json] name",
    operands: [1, 1],
    status: 1,
  });
  const { options, operands: [name = ""] } = given;
  const [isDry, isSure, asJson] = [options.has("n"), options.has("y"), options.has("j")];
  const { invocation } = context;
  if (!isDry && !isSure && !invocation.isInputTerminal()) {
    throw new Failure("cannot ask: standard input is not a terminal that can answer: use --yes or --dry-run");
  }
  const plan = planOf(options);
  const room = await Room.open(given);
  const checkpoint = await room.openTree(name);
  const client = await context.client();
  const printer = new Printer(invocation);
  return await orFailure(async () => {
    if (isDry || !isSure) {
      const lineOf = differenceLines(context, asJson);
      let count = 0;
      for await (const difference of room.checkpoints.planRestore(client, checkpoint, plan)) {
        printer.print(lineOf(difference));
        count++;
      }
      printer.flush();
      if (count === 0 || isDry) return 0;
      if (!(await confirm(invocation, `Change ${count} ${count === 1 ? "node" : "nodes"}?`))) return 1;
    }
    const report = await room.checkpoints.restoreTree(client, checkpoint, plan);
    const { path, added, changed, removed, leftOut, reset } = report;
    printer.print(
      asJson
        ? jsonLine(report)
        : `${
          escapeText(path)
        }: ${added} added, ${changed} changed, ${removed} removed, ${leftOut} left out, ${reset} reset\n`,
    );
    printer.flush();
    return 0;
  });
}

function planOf(options: ReadonlyMap<string, string>): PlanRestoreOptions {
  const [to, domid, mode] = [options.get("t"), options.get("d"), options.get("m") ?? "replace"];
  const known = modes.find((one) => one === mode);
  if (known === undefined) throw new Failure(`the mode '${escapeText(mode)}' is unknown: use ${modes.join(", ")}`);
  return {
    mode: known,
    raw: options.has("R"),
    ...to === undefined ? {} : { to: absolutePath(to) },
    ...domid === undefined ? {} : { domid: domidsOf(domid) },
  };
}

/** Parses `7` or `5:7`. */
function domidsOf(text: string): number | DomidMapping {
  const [, from, to] = /^(?:(\d{1,5}):)?(\d{1,5})$/.exec(text) ?? [];
  if (to === undefined) throw new Failure(`the domid '${escapeText(text)}' is not a number, or two as in 5:7`);
  return from === undefined ? Number(to) : { from: Number(from), to: Number(to) };
}
