// The last storage of a repository in legacy mode: a symbolic link to one of its directories.

import { randomBytes } from "node:crypto";
import { lstat, readlink, rename, symlink, unlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Unsafe } from "../files/safety.ts";
import { syncDirectory } from "../files/sync.ts";
import { codeOf } from "../wire/system_errors.ts";
import { HEADER_SIZE_MAX, parseHeader } from "./format.ts";
import { FILE_NAME, LAST_NAME, NEXT_NAME } from "./location.ts";
import { entryOf } from "./lock.ts";
import { openFile, readExactly } from "./reading.ts";
import { removeTree } from "./removing.ts";

/** The directory that the link names. Returns null unless it is a direct child of the repository, and no link. */
export async function lastLocation(base: string): Promise<string | null> {
  try {
    const location = resolve(base, await readlink(join(base, LAST_NAME)));
    if (dirname(location) !== base) return null;
    return (await lstat(location)).isDirectory() ? location : null;
  } catch (error) {
    // EINVAL: it is no link.
    if (["ENOENT", "EINVAL", "ENOTDIR"].includes(codeOf(error) ?? "")) return null;
    throw error;
  }
}

/**
 * Makes a storage the last one, and removes the one that was it, if that is a storage of the same user.
 *
 * The link is replaced in one step. Throws the error of `unsafe` if its name is not that of a link, and what the system
 * throws.
 */
export async function replaceLast(base: string, location: string, unsafe: Unsafe): Promise<void> {
  const link = join(base, LAST_NAME);
  const found = await entryOf(link);
  if (found !== null && !found.isSymbolicLink()) throw unsafe(link, `"${link}" is not a symbolic link`);
  const former = await lastLocation(base);
  const made = `${link}-${randomBytes(6).toString("hex")}`;
  // A relative target: the repository may be moved.
  await symlink(basename(location), made);
  try {
    await rename(made, link);
  } catch (error) {
    await unlink(made).catch(() => {});
    throw error;
  }
  syncDirectory(base);
  if (former === null || former === location) return;
  try {
    if (await isOwnStorage(former, location)) await removeTree(former);
  } catch { /* The new storage is the last one already. A former one that cannot be removed stays in the list. */ }
}

/** Tells whether a directory belongs to the owner of another one, and holds a file of our format. */
async function isOwnStorage(directory: string, own: string): Promise<boolean> {
  const [one, other] = await Promise.all([lstat(directory), lstat(own)]);
  if (one.uid !== other.uid) return false;
  return await hasHeader(join(directory, FILE_NAME)) || await hasHeader(join(directory, NEXT_NAME));
}

async function hasHeader(file: string): Promise<boolean> {
  const handle = await openFile(file).catch(() => null);
  if (handle === null) return false;
  try {
    const { size } = await handle.stat();
    const { kind } = parseHeader(await readExactly(handle, file, 0, Math.min(size, HEADER_SIZE_MAX)));
    return kind === "whole" || kind === "version";
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}
