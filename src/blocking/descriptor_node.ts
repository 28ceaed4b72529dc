// The descriptor of a Unix socket on Node: net.Socket connects within the call, and its handle has the descriptor.

import type { Socket } from "node:net";
import { builtin } from "../transport/builtin.ts";
import { busyPauses, isBusy } from "../transport/busy.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { checkSocketPath } from "../transport/socket_path.ts";
import { SOCKET_TRAITS } from "../transport/transport.ts";
import { DescriptorTransport } from "./descriptor.ts";
import { refusalOf } from "./refusal_node.ts";
import type { BlockingTransport } from "./transport.ts";

/** The part of the socket's handle that is used here. It is internal, and the same in Node 20 to 26. */
interface SocketHandle {
  readonly fd: number;
  setBlocking(blocking: boolean): void;
}

/** How long the reason of a refusal holds, in milliseconds: finding it out takes a thread. */
const REASON_HOLDS_MS = 1000;

/**
 * Connects to the Unix socket at `path`. Waits while its backlog is full, at most {@linkcode BUSY_WAIT_MS}. Throws the
 * system's error. Returns `null` if this Node has no such handle.
 */
export function openSocketByDescriptor(path: string, spin: number): BlockingTransport | null {
  checkSocketPath(path);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  let busy: Error | null = null;
  let since = 0;
  for (const pause of busyPauses(() => performance.now())) {
    const opened = connectOnce(path, spin);
    if (opened !== "refused") return opened;
    if (busy === null || performance.now() - since > REASON_HOLDS_MS) {
      busy = refusalOf(path);
      since = performance.now();
    }
    if (!isBusy(busy)) throw busy;
    Atomics.wait(sleeper, 0, 0, pause);
  }
  throw busy ?? refusalOf(path);
}

/** Connects, unless the socket refuses now. Throws if no socket can be made. */
function connectOnce(path: string, spin: number): BlockingTransport | "refused" | null {
  const { socket, handle } = begin(path);
  if (handle !== null && handle.fd >= 0 && isConnected(handle.fd)) {
    handle.setBlocking(true);
    return new DescriptorTransport(handle.fd, SOCKET_TRAITS, spin, {
      setBlocking: (blocking) => handle.setBlocking(blocking),
      close: () => void socket.destroy(),
    });
  }
  // Destroying the socket takes the descriptor from the handle.
  const hadDescriptor = handle !== null && handle.fd >= 0;
  socket.destroy();
  if (handle === null) return null;
  if (hadDescriptor) return "refused";
  const code = whyNoSocket();
  throw codedError(code, `socket: ${code}`);
}

/** A socket that never reads by itself and keeps no process alive: libuv connects a Unix socket within the call. */
function begin(path: string): { socket: Socket; handle: SocketHandle | null } {
  const net = builtin("node:net");
  const socket = new net.Socket({ manualStart: true } as ConstructorParameters<typeof Socket>[0]);
  socket.pause();
  // Later failures are reported by the calls that fail.
  socket.on("error", () => {});
  socket.connect({ path });
  socket.unref();
  const handle: unknown = Reflect.get(socket, "_handle");
  return { socket, handle: isHandle(handle) ? handle : null };
}

function isHandle(value: unknown): value is SocketHandle {
  return typeof value === "object" && value !== null && "fd" in value && typeof value.fd === "number" &&
    "setBlocking" in value && typeof value.setBlocking === "function";
}

/** Writing nothing fails on a socket that is not connected. */
function isConnected(fd: number): boolean {
  try {
    builtin("node:fs").writeSync(fd, new Uint8Array(0));
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOTCONN") return false;
    throw error;
  }
}

/**
 * Node reports the reason only when its event loop runs. Any other file that is opened now fails for the same reason.
 */
function whyNoSocket(): string {
  const { closeSync, openSync } = builtin("node:fs");
  try {
    closeSync(openSync("/dev/null", "r"));
    return "EMFILE";
  } catch (error) {
    return codeOf(error) ?? "EMFILE";
  }
}
