// A buffer that grows at its end: what the log, the snapshots and the migration stream are written into.

import { withRoom } from "../../wire/growth.ts";
import { putBytes } from "./latin1.ts";

const INITIAL_SIZE = 4096;

/** Bytes that grow at their end. */
export class Bytes {
  /** The number of bytes that were appended. */
  length = 0;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;

  /** Starts empty, with room for `size` bytes. */
  constructor(size: number = INITIAL_SIZE) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** The appended bytes, in a view that is valid until the next byte is appended. */
  get taken(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** A view to read and write numbers, valid until the next byte is appended. */
  get view(): DataView {
    return this.#view;
  }

  /** Appends `count` bytes of any content. Returns the index of the first. */
  extend(count: number): number {
    const at = this.length;
    this.length += count;
    const bytes = withRoom(this.#bytes, at, this.length);
    if (bytes === this.#bytes) return at;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    return at;
  }

  /** Appends a text, one byte for each character. */
  text(text: string): void {
    const at = this.extend(text.length);
    putBytes(this.#bytes, at, text);
  }

  /** Removes all bytes, and keeps the room. */
  clear(): void {
    this.length = 0;
  }
}
