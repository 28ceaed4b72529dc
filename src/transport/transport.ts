// How bytes reach a store: the one interface that every adapter has.

import { HEADER_SIZE, PAYLOAD_MAX } from "../wire/header.ts";

/** What a client has to know of the connection to its store. */
export interface Traits {
  /** The largest payload of one message, in bytes. */
  readonly payloadMax: number;
  /**
   * Whether the kernel uses the same connection and keeps its watches. Then WATCH takes no depth, and RESET_WATCHES
   * would drop the kernel's watches.
   */
  readonly shared: boolean;
}

/** The traits of a Unix socket, and of everything that behaves like one. */
export const SOCKET_TRAITS: Traits = { payloadMax: PAYLOAD_MAX, shared: false };

/** The traits of the XenBus device: the kernel takes 4096 bytes for a message, including the header. */
export const DEVICE_TRAITS: Traits = { payloadMax: PAYLOAD_MAX - HEADER_SIZE, shared: true };

/** Takes what a transport receives. */
export interface Receiver {
  /**
   * Takes the next bytes of the stream, cut anywhere.
   *
   * @param bytes The bytes, which are valid only during the call.
   */
  receive(bytes: Uint8Array): void;
  /**
   * Called at most once, when the peer or an error ends the connection.
   *
   * @param cause The error, if there is one.
   */
  ended(cause?: unknown): void;
}

/**
 * An open connection to a store.
 *
 * An adapter, or your own code, hands one to a client; the client starts it, sends, and closes it.
 */
export interface Transport {
  /** The traits of the connection. */
  readonly traits: Traits;
  /**
   * Starts to receive. Called once; no byte that came before is lost.
   *
   * @param receiver Takes the bytes, and the end of the connection.
   */
  start(receiver: Receiver): void;
  /**
   * Sends one or more whole messages, in order. Bytes that cannot be sent immediately are kept. `ended` reports a
   * connection that breaks.
   *
   * @param bytes The messages, which are valid only during the call.
   */
  send(bytes: Uint8Array): void;
  /** Closes the connection. Nothing is received after that. Closing twice is fine. */
  close(): Promise<void>;
  /** Lets the connection keep the process alive, as it does at first. A transport that never does so lacks this. */
  ref?(): void;
  /** Lets the process exit although the connection is open. A transport that never keeps it alive lacks this. */
  unref?(): void;
}

/** The options of opening a transport. */
export interface OpenOptions {
  /**
   * Gives up the attempt.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long the event loop polls for a reply before it sleeps, in microseconds.
   *
   * @default 0
   */
  readonly poll?: number | undefined;
}
