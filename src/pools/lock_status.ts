// What a lock is: who owns it, and how old it is by the clock of its location.

import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { codeOf, isDenied } from "../wire/system_errors.ts";
import type { PoolFiles } from "./files.ts";
import { RemoteError } from "./sftp/errors.ts";

/** A lock that was not renewed for so long has no owner any more. */
export const STALE_MS: number = 60_000;
/** The bytes of a lock that are read. */
const OWNER_MAX = 4096;

/** The owner of a lock. */
export interface LockOwner {
  /** The name of the host. */
  readonly host: string;
  /** The number of the process on that host. */
  readonly process: number;
  /** When the lock was taken, by the clock of that host, in ISO 8601. */
  readonly since: string;
  /** A random name, which no two locks share. */
  readonly id: string;
}

/** A lock that exists. */
export interface LockStatus {
  /** The owner; `null` if the lock's file does not tell. */
  readonly owner: LockOwner | null;
  /** The milliseconds since the owner renewed the lock, by the clock of the location. */
  readonly age: number;
  /** Whether the lock was not renewed for a minute, so that a waiting process takes it. */
  readonly isStale: boolean;
}

/** Returns the lock at a path, or `null` if it is free. */
export async function lockStatus(files: PoolFiles, path: string, stale: number = STALE_MS): Promise<LockStatus | null> {
  const status = await files.status(path);
  if (status === null) return null;
  const owner = await ownerAt(files, path);
  const sign = owner === null ? null : await files.status(signPath(path, owner));
  const seen = Math.max(status.modified, sign?.modified ?? 0);
  const age = Math.max(0, await timeOf(files, dirname(path)) - seen);
  return { owner, age, isStale: age >= stale };
}

/** Describes the owner of a lock. */
export function ownerText({ owner, age }: LockStatus): string {
  const seconds = Math.round(age / 1000);
  if (owner === null) return `an unknown process, last seen ${seconds} s ago,`;
  return `process ${owner.process} of ${JSON.stringify(owner.host)}, since ${owner.since}, last seen ${seconds} s ago,`;
}

/** Returns the path of the file by which an owner shows that it is alive. No other process writes to that file. */
export function signPath(path: string, { id }: LockOwner): string {
  return `${path}.${id}`;
}

/**
 * Returns the path of the file that becomes a commit of the state. Whoever breaks the lock removes this file, so that
 * its owner cannot commit after that.
 */
export function commitPartPath(path: string, { id }: Pick<LockOwner, "id">): string {
  return `${path}.${id}.commit.part`;
}

/** Returns the owner of the lock at a path; `null` if its file is missing or does not tell. */
export async function ownerAt(files: PoolFiles, path: string): Promise<LockOwner | null> {
  let text = "";
  try {
    for await (const bytes of files.read(path)) {
      text += new TextDecoder("latin1").decode(bytes.subarray(0, OWNER_MAX));
      // A pool may be written by others.
      if (text.length >= OWNER_MAX) return null;
    }
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
  return parseOwner(text);
}

function parseOwner(text: string): LockOwner | null {
  try {
    const { host, process: number, since, id } = JSON.parse(text) as Partial<Record<keyof LockOwner, unknown>>;
    if (typeof host !== "string" || typeof number !== "number" || !isTime(since) || !isId(id)) {
      return null;
    }
    return { host, process: number, since, id };
  } catch {
    return null;
  }
}

/** Returns the time by the clock of the location, or by that of this host if the location is read-only. */
export async function timeOf(files: PoolFiles, directory: string): Promise<number> {
  const probe = join(directory, `.time.${randomBytes(8).toString("hex")}`);
  try {
    await files.createExclusive(probe, new Uint8Array());
  } catch (error) {
    if (error instanceof RemoteError || (codeOf(error) === undefined && !isDenied(error))) throw error;
    // The location is read-only. The clock of this host is the only other one.
    return Date.now();
  }
  try {
    return (await files.status(probe))?.modified ?? 0;
  } finally {
    await files.remove(probe);
  }
}

/** The text is a part of messages. */
function isTime(since: unknown): since is string {
  return typeof since === "string" && /^[\dTZ:.+-]{1,40}$/.test(since);
}

/** The name is a part of a path. */
function isId(id: unknown): id is string {
  return typeof id === "string" && /^[0-9a-f]{32}$/.test(id);
}
