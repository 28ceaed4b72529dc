// Why a Unix socket cannot be connected to on Bun, which reports ECONNREFUSED for almost every reason.

import { codedError, codeOf } from "../wire/system_errors.ts";
import { builtin } from "./builtin.ts";
import { systemError } from "./errors.ts";
import { LIBC_PATHS } from "./libc_paths.ts";

// The numbers of Linux, the same on every machine that runs Xen.
const AF_UNIX = 1;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 0o2004001;
const SOCKADDR_UN = 110;

const signatures = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
  memcpy: { args: ["ptr", "ptr", "u64"], returns: "ptr" },
} as const;

type Calls = Record<keyof typeof signatures, (...values: readonly unknown[]) => unknown>;

/**
 * Returns the true error of connecting to the socket at `path`, given the error that Bun reported.
 *
 * libc connects once more, without waiting. If that succeeds, the backlog was full before: the error is EAGAIN. Without
 * libc, the look at the file tells the reasons that lie in its path.
 */
export function refusalOf(path: string, reported: unknown): unknown {
  if (codeOf(reported) !== "ECONNREFUSED") return reported;
  const errno = errnoOfConnect(path);
  if (errno === null) return pathError(path) ?? reported;
  return errno === 0 ? codedError("EAGAIN", "connect: the store was busy") : systemError(errno, "connect");
}

/** The number of the error of connecting, 0 if it succeeds; `null` if libc cannot be called. */
function errnoOfConnect(path: string): number | null {
  const library = openLibc();
  if (library === null) return null;
  const calls = library.symbols as Calls;
  const word = new Int32Array(1);
  const errno = (): number => {
    calls.memcpy(new Uint8Array(word.buffer), calls.__errno_location(), 4);
    return word[0] ?? 0;
  };
  const address = new Uint8Array(SOCKADDR_UN);
  address[0] = AF_UNIX;
  address.set(new TextEncoder().encode(path), 2);
  try {
    const fd = calls.socket(AF_UNIX, SOCK_STREAM_NONBLOCK_CLOEXEC, 0) as number;
    if (fd < 0) return errno();
    const result = calls.connect(fd, address, SOCKADDR_UN) as number;
    const reason = result < 0 ? errno() : 0;
    calls.close(fd);
    return reason;
  } finally {
    library.close();
  }
}

function openLibc() {
  for (const path of LIBC_PATHS) {
    try {
      return builtin("bun:ffi").dlopen(path, signatures);
    } catch { /* not this one */ }
  }
  return null;
}

function pathError(path: string): unknown {
  try {
    builtin("node:fs").statSync(path);
    return null;
  } catch (error) {
    return error;
  }
}
