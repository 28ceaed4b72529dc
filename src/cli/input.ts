// Files that a subcommand reads: by name, or standard input for `-`.

import { escapeText } from "./escape.ts";
import { Failure, type Invocation, reasonOf } from "./invocation.ts";
import type { Work } from "./silent_progress.ts";

/**
 * Returns the name of a file for messages, and its bytes, which are read when they are wanted. `work` is told how many
 * of the bytes are read, if the file has a size.
 */
export function openInput(
  invocation: Invocation,
  file: string,
  work: Work,
): [name: string, chunks: AsyncIterable<Uint8Array>] {
  const name = file === "-" ? "standard input" : escapeText(file);
  const chunks = read(name, () => file === "-" ? invocation.readInput() : invocation.readFile(file));
  return [name, counted(chunks, file === "-" ? null : invocation.sizeOf(file), work)];
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  size: number | null,
  work: Work,
): AsyncGenerator<Uint8Array, void> {
  let position = 0;
  for await (const chunk of chunks) {
    // The last bytes are read before the last work is done.
    if (size === null) work.pulse();
    else work.advance(Math.min(position, size - 1), size);
    position += chunk.length;
    yield chunk;
  }
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
