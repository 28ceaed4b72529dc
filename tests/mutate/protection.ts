// A protection of the sources, and the test that fails without it.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A protection, and how it is removed. */
export interface Protection {
  /** What is protected, as a phrase that is unique in the list. */
  readonly name: string;
  /** The source file, from the root of the repository. */
  readonly file: string;
  /** The text to remove, which occurs exactly once in the file. */
  readonly remove: string;
  /**
   * The text that takes its place.
   *
   * @default ""
   */
  readonly instead?: string;
  /** The test file about the protection, from the root of the repository. */
  readonly testFile: string;
  /** The name of the test that fails without the protection, without its suites. */
  readonly test: string;
}

/** Says what is wrong with each entry that does not fit the sources below `directory`. */
export function faultsOf(protections: readonly Protection[], directory: string): Map<Protection, string> {
  const faults = new Map<Protection, string>();
  const names = new Set<string>();
  for (const protection of protections) {
    const fault = names.has(protection.name) ? "the list has this name twice" : faultOf(protection, directory);
    names.add(protection.name);
    if (fault !== null) faults.set(protection, fault);
  }
  return faults;
}

function faultOf({ file, remove, instead = "", testFile }: Protection, directory: string): string | null {
  const source = textOf(directory, file);
  if (source === null) return `${file} does not exist`;
  if (textOf(directory, testFile) === null) return `${testFile} does not exist`;
  if (remove === "" || remove === instead) return "it removes nothing";
  const count = source.split(remove).length - 1;
  return count === 1
    ? null
    : `its text occurs ${count} times in ${file}: it must occur once: ${JSON.stringify(remove)}`;
}

/** Returns the text of a source file without its protection. */
export function withoutProtection(source: string, { remove, instead = "" }: Protection): string {
  // A function, since a replacement text may contain "$".
  return source.replace(remove, () => instead);
}

function textOf(directory: string, file: string): string | null {
  try {
    return readFileSync(join(directory, file), "utf8");
  } catch {
    return null;
  }
}
