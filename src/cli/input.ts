// Files that a subcommand reads: by name, or standard input for `-`.

import { escapeText } from "./escape.ts";
import { Failure, type Invocation, reasonOf } from "./invocation.ts";

/** Returns the name of a file for messages, and its bytes, which are read when they are wanted. */
export function openInput(invocation: Invocation, file: string): [name: string, chunks: AsyncIterable<Uint8Array>] {
  const name = file === "-" ? "standard input" : escapeText(file);
  return [name, read(name, () => file === "-" ? invocation.readInput() : invocation.readFile(file))];
}

async function* read(name: string, open: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* open();
  } catch (error) {
    throw new Failure(`cannot read ${name}: ${reasonOf(error)}`);
  }
}

/** Asks a question on standard error, and resolves with whether the terminal at standard input answers yes. */
export async function confirm(invocation: Invocation, question: string): Promise<boolean> {
  try {
    invocation.writeError(new TextEncoder().encode(`${question} [y/N] `));
  } catch (error) {
    throw new Failure(`cannot ask: ${reasonOf(error)}`);
  }
  const decoder = new TextDecoder();
  let answer = "";
  for await (const chunk of invocation.readInput()) {
    answer += decoder.decode(chunk, { stream: true });
    if (answer.includes("\n")) break;
  }
  return /^\s*y(?:es)?\s*(?:\n|$)/i.test(answer);
}
