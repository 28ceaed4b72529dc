// How bytes reach a store without an event loop: the interface of the transports that block.

import type { OptionNames } from "../wire/checks.ts";
import type { Traits } from "../transport/transport.ts";

/**
 * The transport of a blocking handle: calls of libc (`"ffi"`), a descriptor with the runtime's file functions
 * (`"descriptor"`), or a worker with shared memory (`"worker"`).
 */
export type BlockingKind = "ffi" | "descriptor" | "worker";

/** An open connection whose calls return when they are done. */
export interface BlockingTransport {
  /** The kind of the transport. */
  readonly kind: BlockingKind;
  /** The traits of the connection. */
  readonly traits: Traits;
  /** The descriptor of the connection; `null` if this thread has none. */
  readonly fd: number | null;
  /** Whether {@linkcode receive} can poll without waiting. The device as a plain descriptor cannot. */
  readonly canPoll: boolean;
  /** Sends whole messages, all of their bytes. Throws the system's error. */
  send(bytes: Uint8Array): void;
  /**
   * Waits for the next bytes of the stream, at most `timeout` milliseconds, or without end if it is `Infinity`. Puts
   * the bytes into `into` from index `from` on, which must have room. Returns their number: 0 after the timeout. Throws
   * if the connection is over.
   */
  receive(into: Uint8Array, from: number, timeout: number): number;
  /**
   * Resolves if bytes may have come since the last {@linkcode receive}, or the connection may be over: at most after
   * `rest` milliseconds. A transport that is not told of bytes resolves after `pause` milliseconds. The process stays
   * alive until then.
   */
  changed(pause: number, rest: number): Promise<void>;
  /** Makes a descriptor that is readable if bytes of the connection wait, or if its owner says so. */
  openSignal?(): Signal;
  /** Ends the connection. Closing twice is fine. */
  close(): void;
}

/** A descriptor to poll, and its switch. */
export interface Signal {
  readonly fd: number;
  /** Whether the descriptor is readable whatever the connection has. */
  set(isReady: boolean): void;
  close(): void;
}

/** The options of opening a blocking handle. */
export interface BlockingOptions {
  /**
   * The transport to use.
   *
   * @default the fastest that works
   */
  readonly transport?: BlockingKind | undefined;
  /**
   * How long the thread polls for a reply before it sleeps, in microseconds from 0.
   *
   * @default 150 with two or more CPUs, 0 with one
   */
  readonly spin?: number | undefined;
}

/** The names of the options of opening a blocking handle. */
export const BLOCKING_OPTIONS: OptionNames<BlockingOptions> = { transport: true, spin: true };

/** Polls until bytes are there or `microseconds` have passed. Returns the result of `look`, 0 for none. */
export function spinning(microseconds: number, look: () => number): number {
  const deadline = performance.now() + microseconds / 1000;
  for (;;) {
    const length = look();
    if (length !== 0 || performance.now() >= deadline) return length;
  }
}
