// One process for a directory: a socket in it, at which whoever holds the directory listens.

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../wire/system_errors.ts";
import type { LineUser } from "../sockets/line.ts";
import { type Listening, listenUnix, probeUnix } from "../sockets/listen.ts";
import { openShortPaths } from "../sockets/short_path.ts";
import { JournalError } from "./errors.ts";

/*
 * The kernel knows whether the owner is alive: no process listens at the socket of a process that has ended, however it
 * ended. Process ids would mislead: they are reused after a restart, and a container sees only its own.
 *
 * No process takes over the socket of another. Each newcomer first listens at a socket of its own, then probes the
 * others. Of two concurrent newcomers at least one sees the other. If both do, neither gets the directory.
 */
const NAME = /^lock-[0-9a-f]{16}$/;

/**
 * A process that connects only probes whether the directory is in use, and closes the connection itself: Bun reports a
 * connection that is closed immediately as failed.
 */
const probed: LineUser = { receive: () => {}, drained: () => {}, closed: () => {} };

/** A directory that is held. */
export interface Lock {
  /** Lets go of the directory; may be called again. */
  release(): void;
}

/** Takes a directory for this caller alone. Throws a {@linkcode JournalError} where another holds it. */
export async function lockDirectory(directory: string): Promise<Lock> {
  const own = `lock-${randomBytes(8).toString("hex")}`;
  const paths = openShortPaths(directory, own);
  const file = join(directory, own);
  let listening: Listening | null = null;
  const release = (): void => {
    void listening?.close();
    listening = null;
    try {
      rmSync(file, { force: true });
    } finally {
      paths.close();
    }
  };
  try {
    listening = await listenUnix(paths.path(own), () => probed);
    listening.unref();
    for (const name of readdirSync(directory)) {
      if (!NAME.test(name) || name === own) continue;
      if (await isListening(paths.path(name))) throw inUse(directory, name);
      rmSync(join(directory, name), { force: true });
    }
    // Between making its socket and listening at it, a newcomer looks dead to another.
    if (!existsSync(file)) throw inUse(directory, own);
    return { release };
  } catch (error) {
    release();
    throw error;
  }
}

function inUse(directory: string, name: string): JournalError {
  return new JournalError("in-use", `cannot open "${directory}": another daemon that runs keeps its store there`, {
    file: join(directory, name),
  });
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
