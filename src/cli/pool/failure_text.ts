// The messages about what failed: the action, the object and the state, and then the reason.

import type { StateError } from "../../pools/mod.ts";
import { utf8Of } from "../bytes.ts";
import { escapeText } from "../escape.ts";
import { messageOf } from "../library_failures.ts";

/** What an action does at the moment. */
export interface Task {
  /** The name of the action, as the user typed it. */
  readonly action: string;
  readonly object: string;
  /** `null` if the action is about all states of the object. */
  readonly state: string | null;
}

/**
 * Returns the message that a task has failed, as it may reach a terminal.
 *
 * An error of the library about the same state begins with the method of the library, which is not what the user typed.
 * Errors of the system need not name a file: `place` is the directory or the location that the error is about, if that
 * is known.
 */
export function failureText(task: Task, error: unknown, place: string | null = null): string {
  const own = isAbout(error, task) ? prefixOf(error.operation, error.object, error.state) : null;
  const message = error instanceof Error ? error.message : String(error);
  const reason = own !== null && message.startsWith(own) ? message.slice(own.length) : message;
  const where = place !== null && isSystemError(error) && !message.includes(place) ? `${JSON.stringify(place)}: ` : "";
  return messageOf(`${prefixOf(task.action, task.object, task.state ?? "")}${where}${reason}`);
}

/** Returns a text of the library as it may reach a terminal. */
export function shown(text: string): string {
  return escapeText(utf8Of(text));
}

function prefixOf(operation: string, object: string, state: string): string {
  const subject = state === "" ? JSON.stringify(object) : `${JSON.stringify(state)} of ${JSON.stringify(object)}`;
  return `${operation} ${subject}: `;
}

function isAbout(error: unknown, task: Task): error is StateError {
  return error instanceof Error && "operation" in error && "object" in error && "state" in error &&
    error.object === task.object && (error.state === "" || error.state === task.state);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
