// Writes the fields of a migration stream, in order.

import { wholeFault } from "../../wire/checks.ts";
import { Bytes } from "../tree/bytes.ts";
import { MigrationError } from "./errors.ts";
import { aligned, BIG_ENDIAN, IDENT, RECORD_HEADER_SIZE, type RecordName, RecordType } from "./format.ts";

/** Appends fields, and makes records of them. */
export class StreamWriter {
  readonly #bytes = new Bytes();
  readonly #littleEndian: boolean;
  #record: RecordName = "END";

  /** Starts an empty stream. */
  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  /** The header. */
  header(version: number, bigEndian: boolean): void {
    this.bytes(IDENT);
    const at = this.#bytes.extend(8);
    this.#bytes.view.setUint32(at, version);
    this.#bytes.view.setUint32(at + 4, bigEndian ? BIG_ENDIAN : 0);
  }

  /** A record's length counts its padding: the C daemon goes from one to the next by nothing else. */
  record(name: RecordName, write: (start: number) => void): void {
    this.#record = name;
    const at = this.#bytes.extend(RECORD_HEADER_SIZE);
    const start = this.#bytes.length;
    write(start);
    this.align(start);
    const { view } = this.#bytes;
    view.setUint32(at, RecordType[name], this.#littleEndian);
    view.setUint32(at + 4, this.#bytes.length - start, this.#littleEndian);
  }

  /** Zeros up to the next place that is aligned, counted from a start. */
  align(start: number): void {
    const length = this.#bytes.length - start;
    this.bytes("\0".repeat(aligned(length) - length));
  }

  /** A number of 8 bits. */
  uint8(value: number): void {
    const at = this.#bytes.extend(1);
    this.#bytes.view.setUint8(at, value);
  }

  /** Writes a number of 16 bits. Throws if the number has more bits, as the methods below do. */
  uint16(what: string, value: number): void {
    this.#check(what, value, 0, 0xffff);
    const at = this.#bytes.extend(2);
    this.#bytes.view.setUint16(at, value, this.#littleEndian);
  }

  /** A number of 32 bits. */
  uint32(what: string, value: number): void {
    this.#check(what, value, 0, 0xffffffff);
    const at = this.#bytes.extend(4);
    this.#bytes.view.setUint32(at, value, this.#littleEndian);
  }

  /** A number of 32 bits with a sign. */
  int32(what: string, value: number): void {
    this.#check(what, value, -0x80000000, 0x7fffffff);
    const at = this.#bytes.extend(4);
    this.#bytes.view.setInt32(at, value, this.#littleEndian);
  }

  /** A number of 64 bits. */
  uint64(value: bigint): void {
    const at = this.#bytes.extend(8);
    this.#bytes.view.setBigUint64(at, value, this.#littleEndian);
  }

  /** Bytes. */
  bytes(text: string): void {
    this.#bytes.text(text);
  }

  /** A text that ends with NUL, and must hold no other one. */
  text(what: string, text: string): void {
    if (text.includes("\0")) throw new MigrationError(this.#record, `${what} ${JSON.stringify(text)} contains a NUL`);
    this.#bytes.text(text);
    this.#bytes.text("\0");
  }

  /** The stream. */
  finish(): Uint8Array {
    return this.#bytes.taken.slice();
  }

  #check(what: string, value: number, least: number, most: number): void {
    const fault = wholeFault(what, value, least, most);
    if (fault !== null) throw new MigrationError(this.#record, fault);
  }
}
