// An open file of a save, by the number of its descriptor.

import { type BigIntStats, close, fdatasync, fstat, fsync, type NoParamCallback, open, write } from "node:fs";
import { codedError } from "../../wire/system_errors.ts";

type Callback<T> = (error: NodeJS.ErrnoException | null, result: T) => void;

/**
 * An open file. Every method throws what the system throws.
 *
 * Nothing may lead to a save that waits for a silent source. Node and Bun end a process in which a `FileHandle` is
 * collected as garbage; a number is not.
 */
export class Descriptor {
  #number: number | null;

  private constructor(number: number) {
    this.#number = number;
  }

  /** Opens a file. */
  static async open(path: string, flags: number, mode?: number): Promise<Descriptor> {
    return new Descriptor(await result<number>((callback) => open(path, flags, mode, callback)));
  }

  /** Returns what is known of the file. */
  stat(): Promise<BigIntStats> {
    return result((callback) => fstat(this.#opened, { bigint: true }, callback));
  }

  /** Writes bytes from an index on. Returns the number of bytes that the system took. */
  write(bytes: Uint8Array, from: number, position: number): Promise<number> {
    return result((callback) => write(this.#opened, bytes, from, bytes.length - from, position, callback));
  }

  /** Waits until the content is on the disk. */
  datasync(): Promise<void> {
    return done((callback) => fdatasync(this.#opened, callback));
  }

  /** Waits until the content and its attributes are on the disk. */
  sync(): Promise<void> {
    return done((callback) => fsync(this.#opened, callback));
  }

  /** Closes the file. May be called again. */
  async close(): Promise<void> {
    const number = this.#number;
    this.#number = null;
    if (number !== null) await done((callback) => close(number, callback));
  }

  get #opened(): number {
    if (this.#number === null) throw codedError("EBADF", "the file is closed");
    return this.#number;
  }
}

async function result<T>(call: (callback: Callback<T>) => void): Promise<T> {
  return await new Promise((resolve, reject) => {
    call((error, value) => error ? reject(error) : resolve(value));
  });
}

async function done(call: (callback: NoParamCallback) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    call((error) => error ? reject(error) : resolve());
  });
}
