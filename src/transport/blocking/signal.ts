// A descriptor to poll for what a connection has received, and for what was received and not taken yet.

import { systemError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import type { Signal } from "./transport.ts";

// Linux's numbers.
const CLOEXEC = 0o2000000;
const EVENTFD_FLAGS = CLOEXEC | 0o4000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLL_EVENT = 16;
const COUNT = 8;

/** An epoll of the connection and of an eventfd: readable when either is. Throws the system's error. */
export function openSignal(libc: Libc, connection: number): Signal {
  const fd = checked(libc, libc.epollCreate(CLOEXEC), "epoll_create1");
  const own = checked(libc, libc.eventfd(0, EVENTFD_FLAGS), "eventfd");
  const event = new Uint8Array(EPOLL_EVENT);
  event[0] = EPOLLIN;
  for (const other of [connection, own]) checked(libc, libc.epollControl(fd, EPOLL_CTL_ADD, other, event), "epoll_ctl");
  const one = new Uint8Array(new BigUint64Array([1n]).buffer);
  const taken = new Uint8Array(COUNT);
  let isSet = false;
  return {
    fd,
    set(isReady) {
      if (isReady === isSet) return;
      isSet = isReady;
      if (isReady) libc.write(own, one, COUNT);
      else libc.read(own, taken, COUNT);
    },
    close() {
      libc.close(own);
      libc.close(fd);
    },
  };
}

function checked(libc: Libc, result: number, call: string): number {
  if (result < 0) throw systemError(libc.errno(), call);
  return result;
}
