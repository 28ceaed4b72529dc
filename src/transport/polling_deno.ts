// Polling on Deno, through libc: the event loop looks at sockets in every 61st turn only, unless it has nothing to do.

import { openLibcWith, type Signature } from "./library.ts";
import { openDenoLibrary } from "./library_deno.ts";
import { type Look, type OpenPolled, Polled } from "./polled.ts";

const signatures = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const satisfies Record<string, Signature>;

interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  getpeername(fd: number, address: Uint8Array, length: Uint8Array): number;
  poll(entries: Uint8Array, count: number, milliseconds: number): number;
  close(fd: number): number;
}

// The numbers of Linux, the same on every machine that runs Xen.
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0o2000001;
const SOCKADDR_UN = 110;
const FAMILY_SIZE = 2;
const POLLIN = 1;
/** How many descriptors from the lowest free one on may be that of a new socket. */
const SEARCHED = 64;
/** How long one look takes if nothing comes, in milliseconds. Timers and other connections wait for it. */
const LOOK_MS = 0.01;

/**
 * Opens a connection that polls. It does not poll without the permission to call libc, or if its descriptor is not
 * found: the connection then has a lower descriptor than those searched, which became free during the connect.
 */
export const openPolled: OpenPolled = async (open, microseconds, clock) => {
  const library = openLibcWith(openDenoLibrary, signatures);
  if (library === null) return await open();
  const calls = library.symbols as unknown as Calls;
  try {
    const searched = descriptors(calls);
    const before = new Set(searched.filter((fd) => isConnected(calls, fd)));
    const transport = await open();
    const opened = searched.filter((fd) => !before.has(fd) && isConnected(calls, fd));
    if (opened.length === 0) {
      library.close();
      return transport;
    }
    return new Polled(transport, microseconds, new PollLook(calls, opened, () => library.close()), clock);
  } catch (error) {
    library.close();
    throw error;
  }
};

/** The descriptors that may be that of the next socket: Linux gives the lowest one that is free. */
function descriptors(calls: Calls): number[] {
  const lowest = calls.socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  if (lowest < 0) return [];
  calls.close(lowest);
  return Array.from({ length: SEARCHED }, (_, i) => lowest + i);
}

/** Whether a descriptor is a Unix socket that is connected to one with a name, as a client's is. */
function isConnected(calls: Calls, fd: number): boolean {
  const address = new Uint16Array(SOCKADDR_UN / 2);
  const length = new Uint32Array([SOCKADDR_UN]);
  const result = calls.getpeername(fd, new Uint8Array(address.buffer), new Uint8Array(length.buffer));
  return result === 0 && address[0] === AF_UNIX && (length[0] ?? 0) > FAMILY_SIZE;
}

/**
 * Polls the descriptors that were connected while the transport was opened, and receives nothing itself: Deno does not
 * tell the descriptor of a connection. If there are more than one, or another is polled, the event loop sleeps as
 * without polling.
 */
class PollLook implements Look {
  readonly close: () => void;
  readonly #calls: Calls;
  readonly #entries: Uint8Array;
  readonly #count: number;

  constructor(calls: Calls, fds: readonly number[], close: () => void) {
    this.#calls = calls;
    this.#count = fds.length;
    this.#entries = new Uint8Array(new Int32Array(fds.flatMap((fd) => [fd, POLLIN])).buffer);
    this.close = close;
  }

  hasCome(): boolean {
    const end = performance.now() + LOOK_MS;
    do if (this.#calls.poll(this.#entries, this.#count, 0) > 0) return true; while (performance.now() < end);
    return false;
  }
}
