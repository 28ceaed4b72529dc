// One process for a directory: a socket in it, at which whoever holds the directory listens.

import { randomBytes } from "node:crypto";
import { chmodSync, lstatSync, readdirSync, rmSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../wire/system_errors.ts";
import type { LineUser } from "../sockets/line.ts";
import { type Listening, listenUnix, probeUnix } from "../sockets/listen.ts";
import { openShortPaths } from "../sockets/short_path.ts";
import { failed, JournalError, unsafe } from "./errors.ts";

/*
 * The kernel knows whether the owner is alive: no process listens at the socket of a process that has ended, however it
 * ended. Process ids would mislead: they are reused after a restart, and a container sees only its own.
 *
 * No process takes over the socket of another. Each newcomer first listens at a socket of its own, then probes the
 * others. Of two concurrent newcomers at least one sees the other. If both do, neither gets the directory.
 */
const NAME = /^lock-[0-9a-f]{16}$/;
/** The mode of the socket: another user has no business there. */
const MODE = 0o600;

/**
 * A process that connects only probes whether the directory is in use, and closes the connection itself: Bun reports a
 * connection that is closed immediately as failed.
 */
const probed: LineUser = { receive: () => {}, drained: () => {}, closed: () => {} };

/** A directory that is held. */
export interface Lock {
  /** The path of the lock. */
  readonly file: string;
  /** Tells whether the lock still has its path: false if the directory, or the lock in it, is gone or replaced. */
  isHeld(): boolean;
  /** Lets go of the directory; may be called again. Resolves when no descriptor is left open. */
  release(): Promise<void>;
}

/**
 * Takes a directory for this caller alone. Throws a {@linkcode JournalError} if another process holds the directory,
 * another user owns it, or the system refuses.
 */
export async function lockDirectory(directory: string): Promise<Lock> {
  try {
    return await takeLock(directory);
  } catch (error) {
    throw failed(`cannot open "${directory}": cannot lock it`, error, directory);
  }
}

async function takeLock(directory: string): Promise<Lock> {
  const own = `lock-${randomBytes(8).toString("hex")}`;
  const paths = openShortPaths(directory, own);
  const file = join(directory, own);
  let listening: Listening | null = null;
  let made: Stats | null = null;
  const isHeld = (): boolean => made !== null && isSame(made, statOf(file));
  const release = async (): Promise<void> => {
    const isOurs = isHeld();
    made = null;
    try {
      if (isOurs) rmSync(file, { force: true });
    } finally {
      await listening?.close();
      paths.close();
    }
  };
  try {
    listening = await listenUnix(paths.path(own), () => probed);
    listening.unref();
    made = lstatSync(file);
    checkOwner(directory, made.uid);
    chmodSync(file, MODE);
    for (const name of readdirSync(directory)) {
      if (!NAME.test(name) || name === own) continue;
      const found = statOf(join(directory, name));
      if (found === null) continue;
      checkLock(directory, name, found, made.uid);
      if (await isListening(paths.path(name))) throw inUse(directory, name);
      rmSync(join(directory, name), { force: true });
    }
    // Between making its socket and listening at it, a newcomer looks dead to another.
    if (!isHeld()) throw inUse(directory, own);
    return { file, isHeld, release };
  } catch (error) {
    await release();
    throw error;
  }
}

function inUse(directory: string, name: string): JournalError {
  return new JournalError("in-use", `cannot open "${directory}": another daemon that runs keeps its store there`, {
    file: join(directory, name),
  });
}

/** Checks that a directory belongs to the user of this process: Deno asks for a permission to tell that user. */
function checkOwner(directory: string, user: number): void {
  const { uid } = statSync(directory);
  if (uid === user) return;
  throw unsafe(directory, directory, `user ${uid} owns it, and this process runs as user ${user}: chown it`);
}

/** Checks that a lock is a socket of the directory's owner: a link would lead to a socket elsewhere. */
function checkLock(directory: string, name: string, found: Stats, user: number): void {
  if (found.isSocket() && found.uid === user) return;
  const file = join(directory, name);
  throw unsafe(directory, file, `"${file}" is not a lock of user ${user}: remove it if no daemon runs`);
}

function statOf(file: string): Stats | null {
  return lstatSync(file, { throwIfNoEntry: false }) ?? null;
}

function isSame(one: Stats, other: Stats | null): boolean {
  return one.ino === other?.ino && one.dev === other.dev;
}

/** Tells whether a process listens at a socket. An unclear answer counts as yes. */
async function isListening(path: string): Promise<boolean> {
  try {
    await probeUnix(path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    return code !== "ECONNREFUSED" && code !== "ENOENT";
  }
}
