// How bytes reach a store: the one interface that every adapter has.

import { HEADER_SIZE, PAYLOAD_MAX } from "../wire/header.ts";

/** What a client has to know of the way to its store. */
export interface Traits {
  /** The most bytes of payload that one message may carry. */
  readonly payloadMax: number;
  /**
   * Whether somebody else, the kernel, speaks to the store over the same connection and keeps its watches: then WATCH
   * takes no depth, and RESET_WATCHES would take the kernel's own.
   */
  readonly shared: boolean;
}

/** A Unix socket's traits, and those of everything that behaves like one. */
export const SOCKET_TRAITS: Traits = { payloadMax: PAYLOAD_MAX, shared: false };

/** The XenBus device's: the kernel takes 4096 bytes for a message, its header included. */
export const DEVICE_TRAITS: Traits = { payloadMax: PAYLOAD_MAX - HEADER_SIZE, shared: true };

/** Where a transport puts what it receives. */
export interface Receiver {
  /** The next bytes of the stream, cut anywhere. They hold only during the call. */
  receive(bytes: Uint8Array): void;
  /** The connection is over, and nobody here closed it. Called once at the most. */
  ended(cause?: unknown): void;
}

/**
 * An open connection to a store.
 *
 * An adapter, or your own code, hands one to a client; the client starts it, sends, and closes it.
 */
export interface Transport {
  /** What the way to the store allows. */
  readonly traits: Traits;
  /** Starts to receive. Called once; nothing that came before is lost. */
  start(receiver: Receiver): void;
  /**
   * Sends whole messages, one or more. The bytes are the transport's only during the call. What cannot leave at once is
   * kept and sent in order; a connection that breaks is told by `ended`.
   */
  send(bytes: Uint8Array): void;
  /** Ends the connection; nothing is received afterwards. Closing twice is fine. */
  close(): Promise<void>;
}

/** What opens a transport takes. */
export interface OpenOptions {
  /** Gives up the attempt. */
  readonly signal?: AbortSignal | undefined;
}
