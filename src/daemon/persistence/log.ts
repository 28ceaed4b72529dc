// A log: batches of changes, appended in order.

import type { Change } from "../tree/changes.ts";
import { Bytes } from "../tree/bytes.ts";
import { encodeChange } from "./changes.ts";
import type { Files, OpenFile } from "./files.ts";
import { beginRecord, encodeFileHeader, endRecord, FILE_HEADER_SIZE, type FileHeader } from "./records.ts";
import { fileName, type LogEnd } from "./restore.ts";

/** Room is reserved in such steps. */
const STEP = 64 * 1024;
const zeros: Uint8Array = new Uint8Array(STEP);
/** What is kept of the memory that a large batch took. */
const KEPT_SIZE = 1024 * 1024;

/** The log that is written to. Every method throws what the system throws. */
export class Log {
  /** Its number among the logs. */
  readonly generation: number;
  /** Bytes of the batches in the file, and of its header. */
  length: number;
  readonly #file: OpenFile;
  readonly #secret: number;
  /** The size of the file: zeros follow the batches, as room for the next writes. */
  #reserved: number;
  /** Batches that are not in the file yet. */
  #pending = new Bytes();

  private constructor(file: OpenFile, { generation, secret }: LogEnd | FileHeader, length: number) {
    this.#file = file;
    this.generation = generation;
    this.#secret = secret;
    this.length = this.#reserved = length;
  }

  /** Makes a log; when it returns, it is on the disk, and so is its name. */
  static create(files: Files, generation: number, base: number): Log {
    const header: FileHeader = { kind: "log", generation, base, secret: newSecret() };
    const file = files.create(fileName(generation, "log"));
    try {
      file.write(encodeFileHeader(header), 0);
      file.sync();
      files.syncDirectory();
    } catch (error) {
      file.close();
      throw error;
    }
    return new Log(file, header, FILE_HEADER_SIZE);
  }

  /** Goes on with a log, without what a crash left at its end. */
  static open(files: Files, end: LogEnd): Log {
    const file = files.open(fileName(end.generation, "log"));
    try {
      // Synced before the next append: otherwise the truncated bytes might follow the new ones after a crash.
      if (end.size > end.length) file.truncate(end.length);
      file.sync();
    } catch (error) {
      file.close();
      throw error;
    }
    return new Log(file, end, end.length);
  }

  /** Whether batches wait that are not in the file yet. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Whether the file still has its name: false if it was removed or replaced. */
  get isThere(): boolean {
    return this.#file.isThere();
  }

  /**
   * Encodes a batch, and reserves its room in the file. If that fails the batch is dropped, and nothing has changed.
   */
  append(changes: readonly Change[], sequence: number, unsynced: number): void {
    const at = beginRecord(this.#pending);
    try {
      for (const change of changes) encodeChange(this.#pending, change);
      endRecord(this.#pending, at, sequence, unsynced, this.#secret);
      this.#reserve(this.length + this.#pending.length);
    } catch (error) {
      this.#pending.length = at;
      throw error;
    }
  }

  /** Writes the batches that wait. */
  write(): void {
    const bytes = this.#pending.taken;
    this.#file.write(bytes, this.length);
    this.length += bytes.length;
    if (bytes.length > KEPT_SIZE) this.#pending = new Bytes();
    else this.#pending.clear();
  }

  /** Returns when what was written is on the disk. */
  sync(): void {
    this.#file.sync();
  }

  /** Gives back the room that is not used, and brings the rest to the disk. */
  finish(): void {
    if (this.#reserved > this.length) {
      this.#file.truncate(this.length);
      this.#reserved = this.length;
    }
    this.#file.sync();
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #reserve(size: number): void {
    while (this.#reserved < size) {
      const end = Math.floor(this.#reserved / STEP + 1) * STEP;
      this.#file.write(zeros.subarray(0, end - this.#reserved), this.#reserved);
      this.#reserved = end;
    }
  }
}

/** What the checksums of a new file begin with. */
export function newSecret(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
