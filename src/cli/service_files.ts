// The files of a service: its log, and the files that it removes at its end.

import { appendFileSync, readFileSync, unlinkSync } from "node:fs";
import { escaped } from "../events/escape.ts";
import { utf8Of } from "./bytes.ts";
import { Failure, reasonOf } from "./invocation.ts";

/** The log contains what guests write, so its owner alone may read it. */
const MODE = 0o600;

/** The log of a service: a file, or standard error. */
export class ServiceLog {
  readonly #path: string | undefined;
  readonly #say: (line: string) => void;
  #isBroken = false;

  /** Throws a {@linkcode Failure} if the file cannot be written. Without a file, `say` gets the lines. */
  constructor(path: string | undefined, say: (line: string) => void) {
    this.#path = path;
    this.#say = say;
    if (path === undefined) return;
    try {
      appendFileSync(path, "", { mode: MODE });
    } catch (error) {
      throw new Failure(`cannot write the log ${path}: ${reasonOf(error)}`);
    }
  }

  /** Adds a line. The file is opened for each line, so that it may be renamed at any time. */
  add(line: string): void {
    const safe = escaped(line);
    if (this.#path === undefined) return this.#say(utf8Of(safe));
    try {
      appendFileSync(this.#path, `${new Date().toISOString()} ${safe}\n`, { mode: MODE });
      this.#isBroken = false;
    } catch (error) {
      // The store is worth more than its log. One message is enough until a line can be written again.
      if (!this.#isBroken) this.#say(`cannot write the log ${this.#path}: ${reasonOf(error)}`);
      this.#isBroken = true;
    }
  }
}

/** Removes a file that still has the content that this process wrote. */
export function removeOwn(path: string, content: string): void {
  try {
    if (readFileSync(path, "utf8") === content) unlinkSync(path);
  } catch { /* another process removed it */ }
}
