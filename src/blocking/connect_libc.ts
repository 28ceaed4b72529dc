// Connects a Unix socket through libc, and waits while the store is busy.

import { BUSY_WAIT_MS } from "../transport/busy.ts";
import { systemError } from "../transport/errors.ts";
import { checkSocketPath } from "../transport/socket_path.ts";
import type { Libc } from "./libc.ts";

// The numbers of Linux, the same on every machine that runs Xen.
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const SOCKADDR_UN = 110;
const SOL_SOCKET = 1;
const SO_SNDTIMEO = 21;
const EINTR = 4, EAGAIN = 11;
/** The longest wait in the kernel for a full backlog, in microseconds. */
const SLICE_US = 100_000n;

/**
 * Connects to the Unix socket at `path`. Waits while its backlog is full, at most {@linkcode BUSY_WAIT_MS}. Returns the
 * descriptor. Throws the system's error.
 */
export function connectByLibc(libc: Libc, path: string): number {
  checkSocketPath(path);
  const fd = libc.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  if (fd < 0) throw systemError(libc.errno(), "socket");
  try {
    connect(libc, fd, path);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** Connects in slices of time: a thread cannot be terminated while it waits in the kernel. */
function connect(libc: Libc, fd: number, path: string): void {
  const address = new Uint8Array(SOCKADDR_UN);
  address[0] = AF_UNIX;
  address.set(new TextEncoder().encode(path), 2);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + BUSY_WAIT_MS;
  setSendTimeout(libc, fd, SLICE_US);
  while (libc.connect(fd, address, SOCKADDR_UN) < 0) {
    const errno = libc.errno();
    if (errno !== EINTR && (errno !== EAGAIN || performance.now() >= deadline)) throw systemError(errno, "connect");
    // Bun's optimized code does not notice by itself that the thread is being terminated.
    Atomics.wait(sleeper, 0, 0, 0);
  }
  setSendTimeout(libc, fd, 0n);
}

/** Sets how long connecting and sending wait in the kernel; 0 stands for without end. */
function setSendTimeout(libc: Libc, fd: number, microseconds: bigint): void {
  const timeval = new Uint8Array(new BigInt64Array([0n, microseconds]).buffer);
  if (libc.setOption(fd, SOL_SOCKET, SO_SNDTIMEO, timeval, timeval.length) < 0) {
    throw systemError(libc.errno(), "setsockopt");
  }
}
