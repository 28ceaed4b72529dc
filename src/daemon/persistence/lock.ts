// One process for a directory: a socket in it, at which whoever holds the directory listens.

import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { codeOf } from "../../wire/system_errors.ts";
import type { LineUser } from "../lines/line.ts";
import { type Listening, listenUnix, probeUnix } from "../lines/listen.ts";
import { JournalError } from "./errors.ts";

/*
 * Whether a holder is alive, the kernel knows: nobody listens any more at the socket of a process that has ended,
 * however it ended. That holds where numbers of processes mislead: they come again after a restart, and a container
 * sees only its own.
 *
 * Nobody takes over another's socket: each newcomer listens at one of its own first, then looks at the others. Of two
 * that come at once, at least one sees the other; it may happen that both do, and neither gets the directory.
 */
const NAME = /^lock-[0-9a-f]{16}$/;
/** sun_path holds 108 bytes on Linux, 104 elsewhere, the last of them 0. */
const SOCKET_PATH_MAX = 103;

/**
 * Whoever connects only wants to know that somebody listens. Closing is left to that side: Bun takes a connection that
 * is closed at once for one that failed.
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
  const way = openWay(directory, own);
  const file = join(directory, own);
  let listening: Listening | null = null;
  const release = (): void => {
    void listening?.close();
    listening = null;
    try {
      rmSync(file, { force: true });
    } finally {
      way.close();
    }
  };
  try {
    listening = await listenUnix(way.path(own), () => probed);
    listening.unref();
    for (const name of readdirSync(directory)) {
      if (!NAME.test(name) || name === own) continue;
      if (await isListening(way.path(name))) throw inUse(directory, name);
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

/** How to name a socket of the directory, for a path that is too long as well. */
function openWay(directory: string, name: string): { path: (name: string) => string; close: () => void } {
  if (new TextEncoder().encode(join(directory, name)).length <= SOCKET_PATH_MAX) {
    return { path: (name) => join(directory, name), close: () => {} };
  }
  if (!existsSync("/proc/self/fd")) throw new RangeError(`cannot open "${directory}": its path is too long`);
  let descriptor = openSync(directory, "r");
  return {
    path: (name) => `/proc/self/fd/${descriptor}/${name}`,
    close: () => {
      if (descriptor >= 0) closeSync(descriptor);
      descriptor = -1;
    },
  };
}

/** Whether anybody listens at a socket. What cannot be told is taken for yes. */
async function isListening(path: string): Promise<boolean> {
  try {
    await probeUnix(path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    return code !== "ECONNREFUSED" && code !== "ENOENT";
  }
}
