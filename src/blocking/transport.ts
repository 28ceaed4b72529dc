// How bytes reach a store without an event loop: the interface of the transports that block.

import type { Traits } from "../transport/transport.ts";

/**
 * The way that a blocking handle speaks to its store: libc's own calls (`"ffi"`), a descriptor and the runtime's file
 * functions (`"descriptor"`), or a worker that does it and shared memory (`"worker"`).
 */
export type BlockingKind = "ffi" | "descriptor" | "worker";

/** An open connection whose calls return when they are done. */
export interface BlockingTransport {
  /** Which way it is. */
  readonly kind: BlockingKind;
  /** What the way to the store allows. */
  readonly traits: Traits;
  /** The connection's own descriptor; `null` where this thread has none. */
  readonly fd: number | null;
  /** Whether {@linkcode receive} can look without waiting. The device as a plain descriptor cannot. */
  readonly canPoll: boolean;
  /** Sends whole messages, all of their bytes. Throws the system's error. */
  send(bytes: Uint8Array): void;
  /**
   * Waits for the next bytes of the stream, at most `timeout` milliseconds (`Infinity` for as long as it takes), puts
   * them behind the first `from` of `into`, where there must be room, and returns how many there are: 0 when the time
   * is over. Throws when the connection is.
   */
  receive(into: Uint8Array, from: number, timeout: number): number;
  /** Makes a descriptor that is readable when bytes of the connection wait, or the one who has it says so. */
  openSignal?(): Signal;
  /** Ends the connection. Closing twice is fine. */
  close(): void;
}

/** A descriptor to poll, and what it is told. */
export interface Signal {
  readonly fd: number;
  /** Whether it is readable whatever the connection has. */
  set(isReady: boolean): void;
  close(): void;
}

/** How a blocking handle is opened. */
export interface BlockingOptions {
  /**
   * The transport to use.
   *
   * @default the fastest that works
   */
  readonly transport?: BlockingKind | undefined;
  /**
   * How long the thread polls for a reply before it sleeps, in microseconds.
   *
   * @default 150 with two or more CPUs, 0 with one
   */
  readonly spin?: number | undefined;
}

/** Looks for bytes until they are there or `microseconds` are over; returns what `look` says, 0 for nothing yet. */
export function spinning(microseconds: number, look: () => number): number {
  const deadline = performance.now() + microseconds / 1000;
  for (;;) {
    const length = look();
    if (length !== 0 || performance.now() >= deadline) return length;
  }
}
