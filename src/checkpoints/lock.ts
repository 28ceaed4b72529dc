// The lock of a storage: its next file, which exists while a process saves.

import type { BigIntStats } from "node:fs";
import { lstat, rmdir, unlink } from "node:fs/promises";
import { codeOf } from "../wire/system_errors.ts";
import { CheckpointError, failed, type LockDetails, LockedStorageError } from "./errors.ts";
import { HEADER_SIZE_MAX, parseHeader } from "./format.ts";
import { stateOf } from "./owner.ts";
import { openFile, readExactly } from "./reading.ts";

/** Describes the lock of a storage. Returns null if the storage is not locked. */
export async function readLock(next: string): Promise<LockDetails | null> {
  const found = await entryOf(next);
  if (found === null) return null;
  const owner = await readOwner(next);
  // A time ahead of the clock is one from before the clock jumped.
  const age = Math.max(0, Date.now() - (owner === null ? Number(found.mtimeMs) : Date.parse(owner.time)));
  return { file: next, owner, state: owner === null ? "unknown" : stateOf(owner), age };
}

/**
 * Removes the lock of a storage. Returns false if the storage is not locked. Throws a {@linkcode LockedStorageError} if
 * its owner runs, or might run, and `force` is false.
 */
export async function removeLock(next: string, what: string, force: boolean): Promise<boolean> {
  try {
    const before = await entryOf(next);
    const lock = await readLock(next);
    if (before === null || lock === null) return false;
    if (!force && lock.state !== "dead") throw new LockedStorageError(what, lock);
    // Another process may have broken the lock already, and a third one have locked the storage again.
    const now = await entryOf(next);
    if (now === null) return false;
    if (!force && !isSame(before, now)) throw new LockedStorageError(what, await readLock(next) ?? lock);
    // Deno removes empty directories by unlink(), too.
    await (now.isDirectory() ? rmdir(next) : unlink(next));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw failed(what, error, next);
  }
}

/** The entry of a path, which may be a link. Returns null if it does not exist. */
export async function entryOf(path: string): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** A number of a file is used again once the file is removed. The time of the last change tells the two apart. */
function isSame(one: BigIntStats, other: BigIntStats): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.ctimeMs === other.ctimeMs;
}

async function readOwner(next: string): Promise<LockDetails["owner"]> {
  let handle: Awaited<ReturnType<typeof openFile>>;
  try {
    handle = await openFile(next);
  } catch (error) {
    // A link or a pipe of this name does not name an owner.
    if (error instanceof CheckpointError && error.fault === "unsafe") return null;
    throw error;
  }
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    const header = parseHeader(await readExactly(handle, next, 0, Math.min(size, HEADER_SIZE_MAX)));
    return header.kind === "whole" ? header.owner : null;
  } finally {
    await handle.close();
  }
}
