// The errors of the library's rooms as failures of the command, and the texts that pass between both.

import { escapeText } from "./escape.ts";
import { utf8Of } from "./bytes.ts";
import { Failure } from "./invocation.ts";

/** Runs calls of the library, whose errors become failures of the command. */
export async function orFailure<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    // Errors of the rooms, of other classes than those in the file of the command.
    if (error instanceof Failure || !(error instanceof Error) || isOutputError(error)) throw error;
    throw new Failure(messageOf(error));
  }
}

function isOutputError({ name }: Error): boolean {
  return name === "OutputError";
}

/** Returns the message of an error, as it may reach a terminal. */
export function messageOf(error: unknown): string {
  return escapeText(utf8Of(error instanceof Error ? error.message : String(error)));
}

/** Returns the text of an argument, which is a byte string. */
export function textOf(argument: string): string {
  return new TextDecoder().decode(Uint8Array.from(argument, (character) => character.charCodeAt(0)));
}
