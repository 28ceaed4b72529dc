// A directory of files that a test makes, and removes at its end.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What an entry is: the contents of a file, the target of a link, a FIFO, or a directory. */
export type EntrySpec =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly program: string }
  | "FIFO"
  | "DIRECTORY";

/** A temporary directory. */
export class Directory implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "tsxs-dir-"));

  /** Makes a directory with these entries. A name may have slashes. */
  constructor(entries: Readonly<Record<string, EntrySpec>> = {}) {
    for (const [name, entry] of Object.entries(entries)) this.add(name, entry);
  }

  /** Returns the path of an entry. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** Makes an entry, or replaces the contents of a file. */
  add(name: string, entry: EntrySpec): void {
    const path = this.at(name);
    mkdirSync(dirname(path), { recursive: true });
    if (entry === "FIFO") execFileSync("mkfifo", [path]);
    else if (entry === "DIRECTORY") mkdirSync(path);
    else if (typeof entry === "string" || entry instanceof Uint8Array) writeFileSync(path, entry);
    else if ("link" in entry) symlinkSync(entry.link, path);
    else writeFileSync(path, entry.program, { mode: 0o755 });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
