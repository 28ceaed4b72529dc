// Reads the fields of one record, in order.

import { fromBytes } from "../tree/latin1.ts";
import { MigrationError } from "./errors.ts";
import { aligned, ALIGNMENT } from "./format.ts";

/** A place in the body of a record. */
export class Cursor {
  /** The record's name. */
  readonly record: string;
  /** The index of the next field. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  readonly #littleEndian: boolean;

  /** Stands at the start of a body, which ends at `end`. */
  constructor(record: string, bytes: Uint8Array, start: number, end: number, littleEndian: boolean) {
    this.record = record;
    this.at = start;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = end;
    this.#littleEndian = littleEndian;
  }

  /** Throws the error of a fault at a place. */
  fail(fault: string, at: number = this.at): never {
    throw new MigrationError(this.record, fault, at);
  }

  /** A number of 8 bits. */
  uint8(): number {
    return this.#view.getUint8(this.#take(1, "a number"));
  }

  /** A number of 16 bits. */
  uint16(): number {
    return this.#view.getUint16(this.#take(2, "a number"), this.#littleEndian);
  }

  /** A number of 32 bits. */
  uint32(): number {
    return this.#view.getUint32(this.#take(4, "a number"), this.#littleEndian);
  }

  /** A number of 32 bits with a sign. */
  int32(): number {
    return this.#view.getInt32(this.#take(4, "a number"), this.#littleEndian);
  }

  /** A number of 64 bits. */
  uint64(): bigint {
    return this.#view.getBigUint64(this.#take(8, "a number"), this.#littleEndian);
  }

  /** So many bytes. */
  bytes(length: number, what: string): string {
    const start = this.#take(length, what);
    return fromBytes(this.#bytes, start, start + length);
  }

  /** A text of so many bytes, the last of them NUL. */
  text(length: number, what: string): string {
    const start = this.at;
    const text = this.bytes(length, what);
    const end = text.indexOf("\0");
    if (end < 0) this.fail(`${what} does not end with NUL`, start);
    if (end < length - 1) this.fail(`${what} of ${length} bytes ends after ${end + 1}`, start);
    return text.slice(0, -1);
  }

  /** A text up to the next NUL. */
  textToNul(what: string): string {
    const end = this.#bytes.indexOf(0, this.at);
    if (end < 0 || end >= this.#end) this.fail(`${what} does not end with NUL`);
    return this.text(end + 1 - this.at, what);
  }

  /** Goes on at the next place that is aligned, counted from a start. */
  align(start: number): void {
    this.#take(aligned(this.at - start) - (this.at - start), "padding");
  }

  /** Throws if more than padding is left. */
  finish(): void {
    const left = this.#end - this.at;
    if (left >= ALIGNMENT) this.fail(`${left} bytes are left after the last field`);
  }

  #take(length: number, what: string): number {
    const left = this.#end - this.at;
    if (length > left) this.fail(`${what} takes ${length} bytes, ${left} are left`);
    this.at += length;
    return this.at - length;
  }
}
