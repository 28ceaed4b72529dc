// Streams of bytes in both directions, each with an end of its own and with backpressure, for the proxy of `trace`.

import type { Bound } from "./listening.ts";

/** A connection. */
export interface ByteStream {
  /**
   * Waits for the next bytes, which are valid until the next call. Resolves with `null` if the peer sends no more.
   * Rejects with the system's error, or if the stream was closed.
   */
  read(): Promise<Uint8Array | null>;
  /** Sends all bytes, which must stay as they are until then. Resolves when the system has taken them. */
  write(bytes: Uint8Array): Promise<void>;
  /** Tells the peer that no more bytes follow. The stream can still be read. */
  end(): Promise<void>;
  /** Closes both directions. Closing twice is fine. */
  close(): void;
}

/** The API of a runtime for streams on Unix sockets. */
export interface StreamAdapter {
  /** Connects to the socket at a path. Rejects with the system's error. */
  connect(path: string): Promise<ByteStream>;
  /** Binds a new socket at a path, and calls `onStream` for each connection. Closing it leaves the connections. */
  bind(path: string, onStream: (stream: ByteStream) => void): Promise<Bound>;
}

/** A stream to a store, and the address of the store. */
export interface OpenedStream {
  readonly stream: ByteStream;
  readonly address: string;
}
