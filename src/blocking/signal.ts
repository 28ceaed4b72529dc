// A descriptor to poll for received bytes of a connection, and for events that were received and not taken yet.

import { systemError } from "../transport/errors.ts";
import type { Libc } from "./libc.ts";
import type { Signal } from "./transport.ts";

// The numbers of Linux.
const CLOEXEC = 0o2000000;
const EVENTFD_FLAGS = CLOEXEC | 0o4000;
const EPOLL_CTL_ADD = 1;
const EPOLLIN = 1;
const EPOLL_EVENT = 16;
const COUNT = 8;

/** An epoll of the connection and of an eventfd, readable if either is. Throws the system's error. */
export function openSignal(libc: Libc, connection: number): Signal {
  const opened: number[] = [];
  const open = (result: number, call: string): number => {
    if (result >= 0) opened.push(result);
    return checked(libc, result, call);
  };
  const close = (): void => {
    for (const fd of opened.splice(0)) libc.close(fd);
  };
  try {
    const fd = open(libc.epollCreate(CLOEXEC), "epoll_create1");
    const own = open(libc.eventfd(0, EVENTFD_FLAGS), "eventfd");
    const event = new Uint8Array(EPOLL_EVENT);
    event[0] = EPOLLIN;
    for (const other of [connection, own]) {
      checked(libc, libc.epollControl(fd, EPOLL_CTL_ADD, other, event), "epoll_ctl");
    }
    return { fd, set: setter(libc, own), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Makes an eventfd readable, or not. */
function setter(libc: Libc, own: number): (isReady: boolean) => void {
  const one = new Uint8Array(new BigUint64Array([1n]).buffer);
  const taken = new Uint8Array(COUNT);
  let isSet = false;
  return (isReady) => {
    if (isReady === isSet) return;
    isSet = isReady;
    if (isReady) libc.write(own, one, COUNT);
    else libc.read(own, taken, COUNT);
  };
}

function checked(libc: Libc, result: number, call: string): number {
  if (result < 0) throw systemError(libc.errno(), call);
  return result;
}
