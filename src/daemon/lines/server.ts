// Listens at a path: the mode of the socket, the stale file that it replaces, and the removal of its file.

import { chmodSync, linkSync, lstatSync, mkdtempSync, renameSync, rmSync, type Stats, unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ConnectionError } from "../../transport/errors.ts";
import { checkSocketPath } from "../../transport/socket_path.ts";
import { errnoText, isErrnoName } from "../../wire/errno.ts";
import { codeOf } from "../../wire/system_errors.ts";
import type { Serve } from "../sockets/line.ts";
import { listenUnix, probeUnix } from "../sockets/listen.ts";
import { openShortPaths, type ShortPaths } from "../sockets/short_path.ts";

/** The mode of a socket: its owner alone may connect, as with every XenStore daemon. */
const MODE = 0o600;

/** A socket that is listened on. */
export interface Listener extends AsyncDisposable {
  /** The absolute path of the socket. */
  readonly path: string;
  /**
   * Stops listening, ends the connections of the socket, and removes its file, unless another socket has replaced the
   * file. Closing twice is fine.
   */
  close(): Promise<void>;
}

/** A socket that is bound, and its connections. */
export interface Bound {
  /** Stops listening, ends the connections, and resolves when all have ended. */
  close(): Promise<void>;
}

/**
 * Listens on the Unix socket at `path`, which is accessible to its owner alone (0600) from the first moment. A stale
 * socket file is replaced.
 *
 * Rejects with a {@linkcode ConnectionError}: EADDRINUSE if a process listens there or another file has this name,
 * EINVAL if the path is empty, contains a NUL or has more than 107 bytes, and the code of the system, such as ENOENT or
 * EACCES.
 */
export function listen(path: string, serve: Serve): Promise<Listener> {
  return listenAt(path, (bound) => listenUnix(bound, serve));
}

/** Listens as {@linkcode listen} does, by a function that binds a socket at the path that it is given. */
export async function listenAt(path: string, bind: (path: string) => Promise<Bound>): Promise<Listener> {
  if (path === "") throw cannotListen(path, "the path is empty", "EINVAL");
  try {
    checkSocketPath(path);
    // The working directory may change before the file is removed.
    const listener = new SocketListener(resolve(path), bind);
    await listener.open(await findStale(path));
    return listener;
  } catch (error) {
    if (error instanceof ConnectionError) throw error;
    const denied = error instanceof Error && error.name === "NotCapable";
    throw cannotListen(path, reasonOf(error), denied ? "EACCES" : codeOf(error), error);
  }
}

/** Makes the error of a path that the daemon cannot listen at. */
export function cannotListen(path: string, state: string, code?: string, cause?: unknown): ConnectionError {
  return new ConnectionError(`cannot listen at ${JSON.stringify(path)}: ${state}`, { cause }, code);
}

/** What the system says, without the name that the socket has for a moment. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined && code !== "EINVAL" && isErrnoName(code)) return `${errnoText(code)} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Finds the stale socket at a path; null if the path does not exist. Rejects if a process listens there, or the file is
 * not a socket.
 */
async function findStale(path: string): Promise<Stats | null> {
  const found = statOf(path);
  if (found === null) return null;
  if (!found.isSocket()) throw inUse(path, "there is something else of that name");
  try {
    await probeUnix(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return null;
    if (code === "ECONNREFUSED") return found;
    throw inUse(path, "cannot tell whether a process listens there", error);
  }
  throw inUse(path, "a process listens there already");
}

function inUse(path: string, state: string, cause?: unknown): ConnectionError {
  return cannotListen(path, state, "EADDRINUSE", cause);
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

class SocketListener implements Listener {
  readonly path: string;
  readonly #bind: (path: string) => Promise<Bound>;
  #listening: Bound | null = null;
  #file: Stats | null = null;
  /** The name by which the socket was bound: the runtime may remove that name when the socket is closed. */
  #bound: ShortPaths | null = null;
  #closed: Promise<void> | null = null;

  constructor(path: string, bind: (path: string) => Promise<Bound>) {
    this.path = path;
    this.#bind = bind;
  }

  /**
   * Listens under another name, in a directory of mode 0700, and moves the socket to its path when its mode is right: a
   * umask would apply to the whole process.
   */
  async open(stale: Stats | null): Promise<void> {
    const { path } = this;
    // Not by join(), which would take the dot away.
    const directory = mkdtempSync(`${dirname(path)}/.`);
    const bound = join(directory, "s");
    try {
      // The name within the directory may be longer than the path that the socket is for.
      this.#bound = openShortPaths(directory, "s");
      this.#listening = await this.#bind(this.#bound.path("s"));
      chmodSync(bound, MODE);
      if (stale !== null) takeAway(path, stale, join(directory, "stale"));
      place(bound, path);
      this.#file = lstatSync(path);
    } catch (error) {
      await this.#stop();
      throw error;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const there = statOf(this.path);
    if (there !== null && this.#file !== null && isSame(there, this.#file)) unlinkSync(this.path);
    await this.#stop();
  }

  async #stop(): Promise<void> {
    await this.#listening?.close();
    this.#bound?.close();
  }
}

/**
 * Removes the stale socket that was found at a path. Of two processes that found the same socket, only one succeeds,
 * since only that very file is removed. Its time distinguishes it from a later file with the same number.
 */
function takeAway(path: string, stale: Stats, aside: string): void {
  const there = statOf(path);
  if (there === null) return;
  if (!isSame(there, stale) || there.ctimeMs !== stale.ctimeMs) {
    throw inUse(path, "another process replaced the socket first");
  }
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  if (isSame(lstatSync(aside), stale)) return;
  // Another process has put its own there between the two calls: it gets its name back.
  linkSync(aside, path);
  throw inUse(path, "another process replaced the socket first");
}

/** Gives a socket its name, unless there is something of that name. */
function place(bound: string, path: string): void {
  try {
    linkSync(bound, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw inUse(path, "another process replaced the socket first", error);
    throw error;
  }
}
