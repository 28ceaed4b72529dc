// Makes directories, and checks that no other user can change or replace them.

import { lstatSync, mkdirSync, readlinkSync, rmdirSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { codedError, codeOf, isDenied } from "../wire/system_errors.ts";
import { syncDirectory } from "./sync.ts";

const ROOT = 0;
const STICKY = 0o1000;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;
/** The number of symbolic links that Linux follows in one path. */
const LINKS_MAX = 40;

/** Makes the error of an unsafe directory. `file` is what other users can change, and `state` says how. */
export type Unsafe = (file: string, state: string) => Error;

/** A directory or a symbolic link on the way to a directory; `stats` is null if the runtime does not permit a look. */
interface Step {
  readonly path: string;
  readonly stats: Stats | null;
  readonly isNew: boolean;
}

/**
 * Makes a directory if it does not exist, and checks that only its owner can write in it or replace it. A new directory
 * is accessible to its owner alone.
 *
 * Whoever owns or may write in a directory above can put another directory in its place. Therefore each of them, and
 * each symbolic link, must belong to root or to the owner. If all users may write in one, it must be sticky, as `/tmp`
 * is. Directories are skipped if a permission of Deno or Node denies a look at them.
 *
 * Throws the error of `unsafe` if the directory is unsafe, and what the system throws.
 */
export function prepareDirectory(directory: string, unsafe: Unsafe): void {
  prepare(directory, (steps) => {
    checkWay(directory, steps, unsafe);
    if (isWritableByOthers(statSync(directory))) {
      throw unsafe(directory, "other users may write in it: chmod go-w it");
    }
  });
}

/**
 * Makes a directory if it does not exist, for directories that belong to one user each. The rules are those for a
 * directory above: others may write in it if it is sticky. Throws as {@linkcode prepareDirectory}.
 */
export function prepareParent(directory: string, unsafe: Unsafe): void {
  prepare(directory, (steps) => checkWay(directory, steps, unsafe, steps.length));
}

/** Tells whether users other than the owner may write. */
export function isWritableByOthers({ mode }: Stats): boolean {
  return (mode & (WRITABLE_BY_GROUP | WRITABLE_BY_ALL)) !== 0;
}

function prepare(directory: string, check: (steps: readonly Step[]) => void): void {
  const steps = follow(directory);
  try {
    check(steps);
  } catch (error) {
    for (const { path, isNew } of steps.toReversed()) if (isNew) removeDirectory(path);
    throw error;
  }
}

function removeDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch { /* Another user has put something there: the error tells of that user. */ }
}

/** Checks the first `above` steps as directories above the directory itself. */
function checkWay(directory: string, steps: readonly Step[], unsafe: Unsafe, above: number = steps.length - 1): void {
  const last = statSync(directory);
  // The owner of "/" can replace everything. In a namespace it need not be root.
  const trusted = [ROOT, steps[0]?.stats?.uid, last.uid];
  for (const [i, { path, stats }] of steps.entries()) {
    if (stats === null) continue;
    if (!trusted.includes(stats.uid)) {
      throw unsafe(path, `user ${stats.uid} owns "${path}", and could replace the directory`);
    }
    const isOpen = stats.isDirectory() && (stats.mode & (WRITABLE_BY_ALL | STICKY)) === WRITABLE_BY_ALL;
    if (isOpen && i < above) {
      throw unsafe(path, `all users may write in "${path}", and could replace the directory: chmod +t it`);
    }
  }
}

/** Follows a path as the system does, link by link, and makes the directories that do not exist. */
function follow(directory: string): Step[] {
  const steps: Step[] = [];
  const names = directory.split("/").reverse();
  let links = 0;
  for (let at = "/", name: string | undefined = "."; name !== undefined; name = names.pop()) {
    if (name === "") continue;
    at = join(at, name);
    const found = lookAt(at);
    const isNew = found === "missing" || (found !== "denied" && !found.isDirectory() && !found.isSymbolicLink());
    // Fails with EEXIST if it is a file.
    if (isNew) makeDirectory(at, steps.some(({ stats }) => stats === null));
    const stats = isNew ? lstatSync(at) : found === "denied" ? null : found;
    steps.push({ path: at, stats, isNew });
    if (stats === null || !stats.isSymbolicLink()) continue;
    if (++links > LINKS_MAX) throw codedError("ELOOP", `too many symbolic links lead to "${directory}"`);
    const target = readlinkSync(at);
    names.push(...target.split("/").reverse());
    at = target.startsWith("/") ? "/" : dirname(at);
  }
  return steps;
}

function lookAt(path: string): Stats | "missing" | "denied" {
  try {
    return lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "missing";
    if (isDenied(error)) return "denied";
    throw error;
  }
}

/**
 * Makes a directory, and syncs its name. The ones above it are made if no look at them was permitted.
 *
 * Otherwise they exist: Node's recursive call would repeat forever in a file system that makes no directories, as
 * `/proc`.
 */
function makeDirectory(path: string, recursive: boolean): void {
  if (!recursive) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (error) {
      // Another process may have made the directory after the look at it.
      if (codeOf(error) !== "EEXIST" || !lstatSync(path).isDirectory()) throw error;
    }
    return syncDirectory(dirname(path));
  }
  const first = mkdirSync(path, { recursive, mode: 0o700 });
  for (let at = path; first !== undefined && at !== dirname(first); at = dirname(at)) syncDirectory(dirname(at));
}
