// Handlers of events: scripts that run when the library reports an event, as in libguestfs.

import { spawnSync } from "node:child_process";
import process from "node:process";
import { EVENT_ALL, EventClass, eventToString, type TsxsEvent } from "../../events/classes.ts";
import { escaped } from "../../events/escape.ts";
import type { Reporter } from "../../events/reporter.ts";
import { textOf } from "../bytes.ts";
import { escapeText } from "../escape.ts";

const ALL = "*";
const SHELL = "/bin/sh";

/** The names of the classes, in the order of their bits. */
export const classNames: readonly string[] = eventToString(EVENT_ALL).split(",");

/** A handler. Its texts are byte strings. */
interface Handler {
  readonly name: string;
  readonly handle: number;
  readonly mask: number;
  readonly script: string;
}

/** The handlers of the shell. Several may have the same name. */
export class Handlers {
  readonly #reporter: Reporter;
  readonly #warn: (message: string) => void;
  readonly #aside: (run: () => void) => void;
  #handlers: Handler[] = [];

  /** `warn` reports a script that fails. `aside` runs a function that may print. */
  constructor(reporter: Reporter, warn: (message: string) => void, aside: (run: () => void) => void) {
    this.#reporter = reporter;
    this.#warn = warn;
    this.#aside = aside;
  }

  /** The names of the handlers. */
  get names(): readonly string[] {
    return this.#handlers.map(({ name }) => name);
  }

  /** Adds a handler, whose script runs for each event of a set of classes. Returns what is wrong with the set. */
  add(name: string, set: string, script: string): string | null {
    const mask = maskOfSet(set);
    if (typeof mask === "string") return mask;
    const handle: number = this.#reporter.add((event) => this.#aside(() => this.#run(name, script, event)), mask);
    this.#handlers.push({ name, handle, mask, script });
    return null;
  }

  /** Deletes all handlers with a name. Returns whether there was one. */
  delete(name: string): boolean {
    const deleted = this.#handlers.filter((handler) => handler.name === name);
    for (const { handle } of deleted) this.#reporter.delete(handle);
    this.#handlers = this.#handlers.filter((handler) => handler.name !== name);
    return deleted.length > 0;
  }

  /** Returns a line for each handler, in the order in which they were added. */
  list(): string {
    return this.#handlers.map(({ name, handle, mask, script }) =>
      `"${escapeText(name)}" (${handle}): ${mask === EVENT_ALL ? ALL : eventToString(mask)}: ${escapeText(script)}\n`
    ).join("");
  }

  /** Runs a script, and waits for its end. */
  #run(name: string, script: string, event: TsxsEvent): void {
    const shell = process.env.SHELL || SHELL;
    const { error, status, signal } = spawnSync(shell, ["-c", textOf(script), "tsxs", ...payloadOf(event)], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, EVENT: event.type },
    });
    const shown = escapeText(name);
    if (error !== undefined) this.#warn(`event ${shown}: cannot run ${shell}: ${error.message}`);
    else if (status !== 0) {
      this.#warn(`event ${shown}: the script ended ${signal ? `by ${signal}` : `with status ${status}`}`);
    }
  }
}

/** The arguments of a script. Texts may come from guests, and a script may print them. */
function payloadOf(event: TsxsEvent): string[] {
  switch (event.type) {
    case "close":
    case "subprocess_quit":
    case "launch_done":
      return [];
    case "progress":
      return [event.operationNumber, event.serial, event.position, event.total].map(String);
    case "enter":
      return [escaped(event.operation)];
    default:
      return [escaped(event.text)];
  }
}

/** Returns the mask of a set: `*`, or names with commas between them, which may be shortened. Else what is wrong. */
function maskOfSet(set: string): number | string {
  if (set === ALL) return EVENT_ALL;
  let mask = 0;
  for (const part of set.split(",")) {
    const matching = classNames.filter((name) => name === part || (part !== "" && name.startsWith(part)));
    const found = matching.find((name) => name === part) ?? matching[0];
    if (found === undefined) {
      return `'${escapeText(part)}' is not a class of events: expected * or some of ${classNames.join(", ")}`;
    }
    if (found !== part && matching.length > 1) return `'${escapeText(part)}' means ${matching.join(" or ")}`;
    for (const [name, bit] of Object.entries(EventClass)) if (name.toLowerCase() === found) mask |= bit;
  }
  return mask;
}
