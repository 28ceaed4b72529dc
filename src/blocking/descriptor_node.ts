// The descriptor of a Unix socket on Node: net.Socket connects within the call, and its handle has the descriptor.

import type { Socket } from "node:net";
import { builtin } from "../transport/builtin.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { checkSocketPath } from "../transport/socket_path.ts";
import { SOCKET_TRAITS } from "../transport/transport.ts";
import { DescriptorTransport } from "./descriptor.ts";
import type { BlockingTransport } from "./transport.ts";

/** The part of the socket's handle that is used here. It is internal, and the same in Node 20 to 26. */
interface SocketHandle {
  readonly fd: number;
  setBlocking(blocking: boolean): void;
}

/**
 * The number of attempts to connect while the backlog of the store is full, and the pause before each in milliseconds.
 */
const ATTEMPTS = 50;
const PAUSE_MS = 2;

/** Connects to the Unix socket at `path`. Throws the system's error. Returns `null` if this Node has no such handle. */
export function openSocketByDescriptor(path: string, spin: number): BlockingTransport | null {
  checkSocketPath(path);
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 1;; attempt++) {
    const { socket, handle } = begin(path);
    if (handle === null) {
      socket.destroy();
      return null;
    }
    if (handle.fd < 0) {
      socket.destroy();
      const code = whyNoSocket();
      throw codedError(code, `socket: ${code}`);
    }
    if (isConnected(handle.fd)) {
      handle.setBlocking(true);
      return new DescriptorTransport(handle.fd, SOCKET_TRAITS, spin, {
        setBlocking: (blocking) => handle.setBlocking(blocking),
        close: () => void socket.destroy(),
      });
    }
    socket.destroy();
    const code = whyNot(path);
    // Either the socket refuses, or its backlog is full, for which Node does not wait. Only time distinguishes the two.
    if (code !== "ECONNREFUSED" || attempt === ATTEMPTS) throw codedError(code, `connect ${code} ${path}`);
    Atomics.wait(sleeper, 0, 0, PAUSE_MS);
  }
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

/** Node reports the reason only when its event loop runs. */
function whyNot(path: string): string {
  const { accessSync, constants, statSync } = builtin("node:fs");
  try {
    if (!statSync(path).isSocket()) return "ENOTSOCK";
    accessSync(path, constants.R_OK | constants.W_OK);
    return "ECONNREFUSED";
  } catch (error) {
    return codeOf(error) ?? "ECONNREFUSED";
  }
}
