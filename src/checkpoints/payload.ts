// The bytes of a tree's checkpoint: in a storage on disk, or in memory.

import { DumpError } from "./lines.ts";

/** Bytes that are open to be read. */
export interface OpenBytes extends AsyncDisposable {
  /** The number of bytes. */
  readonly size: number;
  /** Yields the bytes in pieces. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Stores the bytes of a tree's checkpoint. {@linkcode CheckpointStorage} is one. */
export interface TreeStorage {
  /** The path of its directory. */
  readonly location: string;
  /**
   * Saves all bytes, or leaves those that were saved before.
   *
   * @param bytes The bytes, in pieces. If they end with an error, nothing is saved.
   * @param options The signal that ends the wait.
   * @returns Anything.
   */
  save(bytes: AsyncIterable<Uint8Array>, options?: { readonly signal?: AbortSignal | undefined }): Promise<unknown>;
  /**
   * Opens what was saved.
   *
   * @param options The signal that ends the wait.
   * @returns The open bytes; `null` if nothing was saved.
   */
  open(options?: { readonly signal?: AbortSignal | undefined }): Promise<OpenBytes | null>;
}

/** The bytes of a checkpoint, which can be read many times. */
export interface Payload {
  /** What messages call the checkpoint. */
  readonly name: string;
  /** The name of the directory in its repository; `null` if the bytes are in memory. */
  readonly directory: string | null;
  /** Opens the bytes. */
  open(signal: AbortSignal | undefined): Promise<OpenBytes>;
}

/** Returns the bytes in a storage. */
export function stored(storage: TreeStorage): Payload {
  const { location } = storage;
  const directory = location.slice(location.lastIndexOf("/") + 1);
  const name = `the checkpoint ${JSON.stringify(directory)}`;
  return {
    name,
    directory,
    async open(signal) {
      const opened = await storage.open({ signal });
      if (opened === null) throw new DumpError(`cannot read ${name}: nothing was saved in it`);
      return opened;
    },
  };
}

/** Returns bytes in memory. */
export function inMemory(pieces: readonly Uint8Array[]): Payload {
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  return {
    name: "the checkpoint",
    directory: null,
    open(signal) {
      const opened: OpenBytes = {
        size,
        async *chunks() {
          for (const piece of pieces) {
            signal?.throwIfAborted();
            yield await Promise.resolve(piece);
          }
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
      return Promise.resolve(opened);
    },
  };
}
