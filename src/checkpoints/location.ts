// The paths of repositories and storages.

import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import process from "node:process";

/** The current checkpoint of a storage. */
export const FILE_NAME = "checkpoint.tsxs";
/** The checkpoint that is being written. */
export const NEXT_NAME = "checkpoint.tsxs.next";
/** The link to the last storage that was made in legacy mode. */
export const LAST_NAME = "last-checkpoint";
/** What the names of new storages end with. */
export const SUFFIX = ".checkpoint";

/** The directory of the user's checkpoints: `${XDG_CACHE_HOME:-$HOME/.cache}/tsxs/checkpoints`. */
export function defaultLocation(): string {
  const cache = process.env.XDG_CACHE_HOME ?? "";
  // The specification of XDG has programs ignore a relative path.
  return join(isAbsolute(cache) ? cache : join(process.env.HOME || homedir(), ".cache"), "tsxs", "checkpoints");
}

/** The absolute path of a directory. Throws a `TypeError` if it is no text, is empty, or contains a NUL. */
export function checkedLocation(location: unknown): string {
  if (typeof location !== "string") throw new TypeError(`a location is a string: got ${typeof location}`);
  if (location === "" || location.includes("\0")) {
    throw new TypeError(`${JSON.stringify(location)} is no path: expected characters, and no NUL`);
  }
  return resolve(location);
}
