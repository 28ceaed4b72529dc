// A temporary copy of the repository, in which a protection is removed. The work tree never changes.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { root } from "../runner/runtimes.ts";
import { type Protection, withoutProtection } from "./protection.ts";

/** What tests import or read. */
const COPIED = ["mod.ts", "package.json", "tsconfig.json", "deno.json", "src", "compat", "examples", "tests"];
const LEFT_OUT = ["node_modules", ".cache", "peers", "xen-host"];

/** A copy of the sources and the tests. */
export class Copy implements Disposable {
  /** Its directory, below the system's temporary one. */
  readonly directory: string;

  /** Copies the sources and the tests, and links the packages. */
  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), "tsxs-mutate-"));
    // Also after a signal.
    process.once("exit", this.#remove);
    for (const name of COPIED) {
      cpSync(join(root, name), join(this.directory, name), {
        recursive: true,
        filter: (path) => !LEFT_OUT.includes(basename(path)),
      });
    }
    symlinkSync(join(root, "node_modules"), join(this.directory, "node_modules"));
  }

  /** Runs `run` while a protection is missing from the copy. */
  async without<T>(protection: Protection, run: () => Promise<T>): Promise<T> {
    const file = join(this.directory, protection.file);
    const source = readFileSync(file, "utf8");
    writeFileSync(file, withoutProtection(source, protection));
    try {
      return await run();
    } finally {
      writeFileSync(file, source);
    }
  }

  /** Removes the copy. */
  [Symbol.dispose](): void {
    process.off("exit", this.#remove);
    this.#remove();
  }

  readonly #remove = (): void => rmSync(this.directory, { recursive: true, force: true });
}
