// The error of a migration stream: the fault, its record and its byte.

import { XenStoreError } from "../../wire/errors.ts";

/**
 * The stream is invalid, or the state cannot be written as a stream.
 *
 * @example
 * ```ts
 * import { Daemon, MigrationError } from "tsxs/daemon";
 *
 * await using daemon = new Daemon();
 * try {
 *   daemon.importStream(new Uint8Array(100));
 * } catch (error) {
 *   console.log(error instanceof MigrationError); // true
 * }
 * ```
 */
export class MigrationError extends XenStoreError {
  /** `"MigrationError"`. */
  override name = "MigrationError";
  /** The name of the record in the specification, such as `"HEADER"`, or its number if it has no name. */
  readonly record: string;
  /** The index of the byte at which the fault begins; `undefined` if the stream was being written. */
  readonly offset: number | undefined;

  /**
   * Makes the error.
   *
   * @param record The name or number of the record.
   * @param fault What is wrong with the record.
   * @param offset The index of the byte at which the fault begins.
   */
  constructor(record: string, fault: string, offset?: number) {
    const what = offset === undefined ? `cannot write ${record}` : `cannot read ${record} at byte ${offset}`;
    super("EINVAL", `${what} of a migration stream: ${fault}`);
    this.record = record;
    this.offset = offset;
  }
}
