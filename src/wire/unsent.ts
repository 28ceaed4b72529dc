// Bytes in order for a sink that takes a part of them at a time.

import { Fifo } from "./fifo.ts";

/** The bytes that a sink did not take yet. */
export class Unsent {
  readonly #chunks = new Fifo<Uint8Array>();
  /** The rest of the oldest chunk, after the sink took a part of it. */
  #rest: Uint8Array | null = null;
  #length = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds bytes, which must stay as they are. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
  }

  /** Gives the bytes to a sink, which returns how many it took, until it does not take all that it is given. */
  drain(sink: (bytes: Uint8Array) => number): void {
    for (let bytes = this.#next(); bytes !== undefined; bytes = this.#next()) {
      const taken = sink(bytes);
      this.#length -= taken;
      this.#rest = taken < bytes.length ? bytes.subarray(taken) : null;
      if (this.#rest !== null) return;
    }
  }

  /** Drops all bytes. */
  clear(): void {
    this.#chunks.takeAll();
    this.#rest = null;
    this.#length = 0;
  }

  #next(): Uint8Array | undefined {
    return this.#rest ?? this.#chunks.shift();
  }
}
