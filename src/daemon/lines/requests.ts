// Finds the requests in a stream of bytes that may be cut anywhere, one at a time: between two of them it can stop.

import { checkedHeader } from "../../wire/decoder.ts";
import { type Header, HEADER_SIZE, type Packet, PAYLOAD_MAX } from "../../wire/header.ts";

const empty: Uint8Array = new Uint8Array(0);

/**
 * The requests of one connection. It keeps at most the start of one request and the rest of one chunk: a client that
 * never completes a request costs that much memory, and delays no other client.
 */
export class Requests {
  #chunk = empty;
  #at = 0;
  /** Whether the chunk is a copy, which holds. */
  #kept = false;
  /** A request that was cut: what is there of it. */
  #partial = empty;
  #have = 0;
  /** The header of the next request, as soon as that is there. */
  #header: Header | null = null;

  /** Takes the next bytes. They are looked at until {@linkcode keep} is called. */
  put(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length) {
      const rest = this.#chunk.subarray(this.#at);
      const joined = new Uint8Array(rest.length + chunk.length);
      joined.set(rest);
      joined.set(chunk, rest.length);
      chunk = joined;
      this.#kept = true;
    } else this.#kept = false;
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Copies what is left of the bytes, which do not hold any longer. */
  keep(): void {
    if (this.#at === this.#chunk.length) {
      this.#chunk = empty;
      this.#at = 0;
    } else if (!this.#kept) {
      // A Buffer's own slice() would not copy.
      this.#chunk = new Uint8Array(this.#chunk.subarray(this.#at));
      this.#at = 0;
      this.#kept = true;
    }
  }

  /** Whether a whole request is there. Throws a `FrameError` as soon as one announces more than is allowed. */
  isReady(): boolean {
    if (this.#have > 0) return this.#complete();
    const left = this.#chunk.length - this.#at;
    if (left < HEADER_SIZE) return this.#begin();
    const header = this.#header ??= checkedHeader(this.#chunk, this.#at, PAYLOAD_MAX);
    return left >= HEADER_SIZE + header.length || this.#begin();
  }

  /** Takes the request that is ready. Its payload holds until the next one is asked for. */
  take(): Packet {
    const header = this.#header;
    if (header === null) throw new Error("cannot take a request: none is ready");
    this.#header = null;
    const { type, requestId, transactionId, length } = header;
    const bytes = this.#have > 0 ? this.#partial : this.#chunk;
    const start = this.#have > 0 ? HEADER_SIZE : this.#at + HEADER_SIZE;
    if (this.#have > 0) this.#have = 0;
    else this.#at = start + length;
    return { type, requestId, transactionId, payload: bytes.subarray(start, start + length) };
  }

  #begin(): boolean {
    if (this.#at === this.#chunk.length) return false;
    if (this.#partial.length === 0) this.#partial = new Uint8Array(HEADER_SIZE + PAYLOAD_MAX);
    this.#copy(this.#chunk.length);
    return false;
  }

  #complete(): boolean {
    if (this.#header === null) {
      if (this.#copy(HEADER_SIZE) < HEADER_SIZE) return false;
      this.#header = checkedHeader(this.#partial, 0, PAYLOAD_MAX);
    }
    const size = HEADER_SIZE + this.#header.length;
    return this.#copy(size) === size;
  }

  /**
   * Copies from the chunk until so many bytes of the request are there, or all of the chunk; returns how many are
   * there.
   */
  #copy(size: number): number {
    const end = Math.min(this.#at + size - this.#have, this.#chunk.length);
    this.#partial.set(this.#chunk.subarray(this.#at, end), this.#have);
    this.#have += end - this.#at;
    this.#at = end;
    return this.#have;
  }
}
