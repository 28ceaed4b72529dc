// The libc functions of a blocking connection, by the foreign-function interface of the runtime.

import { type Library, openLibcWith, type OpenLibrary, type Signature } from "../transport/library.ts";

/** The functions of libc: each returns -1 if it fails. `errno()`, called immediately, returns the reason. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  setOption(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  open(path: Uint8Array, flags: number): number;
  close(fd: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  write(fd: number, bytes: Uint8Array, length: number): number;
  poll(entries: Uint8Array, count: number, milliseconds: number): number;
  epollCreate(flags: number): number;
  epollControl(fd: number, operation: number, other: number, event: Uint8Array): number;
  eventfd(initial: number, flags: number): number;
  errno(): number;
  /** Closes the library. */
  release(): void;
}

const io: Signature = { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" };
const file: Signature = { parameters: ["i32", "buffer", "usize"], result: "i32" };
const signatures = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "i32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  send: io,
  recv: io,
  read: file,
  write: file,
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  eventfd: { parameters: ["i32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "pointer" },
} as const satisfies Record<string, Signature>;

/** The libc of Linux; `null` if it does not exist, or may not be called. */
export function openLibc(openLibrary: OpenLibrary): Libc | null {
  const library = openLibcWith(openLibrary, signatures);
  return library === null ? null : bind(library);
}

function bind({ symbols, close }: Library): Libc {
  const get = <F>(name: keyof typeof signatures): F => {
    const symbol = symbols[name];
    if (symbol === undefined) throw new TypeError(`libc has no ${name}`);
    return symbol as F;
  };
  const location = get<() => unknown>("__errno_location");
  const copy = get<(to: Uint8Array, from: unknown, size: number) => unknown>("memcpy");
  const word = new Int32Array(1);
  const bytes = new Uint8Array(word.buffer);
  return {
    socket: get("socket"),
    connect: get("connect"),
    setOption: get("setsockopt"),
    open: get("open"),
    close: get("close"),
    send: get("send"),
    recv: get("recv"),
    read: get("read"),
    write: get("write"),
    poll: get("poll"),
    epollCreate: get("epoll_create1"),
    epollControl: get("epoll_ctl"),
    eventfd: get("eventfd"),
    // memcpy needs only the permission to call this one library.
    errno: () => {
      copy(bytes, location(), 4);
      return word[0] ?? 0;
    },
    release: close,
  };
}
