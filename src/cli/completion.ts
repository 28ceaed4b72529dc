// `completion`: prints the script that completes the command in a shell, and answers to that script.

import type { Context } from "./context.ts";
import { shells } from "./completion/words.ts";
import { escapeText } from "./escape.ts";
import { Failure } from "./invocation.ts";
import { ownArgumentsOf, type Syntax } from "./own_arguments.ts";
import { Printer } from "./printer.ts";

const syntax: Syntax = { options: [], usage: "[-h] SHELL", operands: [1, 1], status: 1 };
/** The arguments after the shell, if a script asks for completions. The arguments to complete follow. */
const REQUEST = ["complete", "--"];

/**
 * Prints the script for a shell.
 *
 * The script runs `tsxs completion SHELL complete -- ...`, which prints what may stand at the cursor.
 */
export async function completion(context: Context): Promise<number> {
  const [first = "", ...request] = context.args;
  const isRequest = REQUEST.every((word, i) => request[i] === word);
  const [name = ""] = isRequest ? [first] : ownArgumentsOf(context, syntax).operands;
  const shell = shells.find((known) => known === name);
  if (shell === undefined) throw new Failure(`unknown shell '${escapeText(name)}': expected bash, zsh or fish`);
  const printer = new Printer(context.invocation);
  if (!isRequest) printer.print((await import("./completion/scripts.ts")).scriptFor(shell));
  else {
    const { answerTo } = await import("./completion/answer.ts");
    printer.print(await answerTo(context, shell, request.slice(REQUEST.length)));
  }
  printer.flush();
  return 0;
}
