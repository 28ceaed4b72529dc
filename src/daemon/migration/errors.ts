// The error of a migration stream: what is wrong, in which record, at which byte.

import { XenStoreError } from "../../wire/errors.ts";

/**
 * A stream that cannot be read, or a state that cannot be written as one.
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
  /** The record's name in the specification, `"HEADER"`, or its number where it has no name. */
  readonly record: string;
  /** The byte of the stream at which what is wrong begins; undefined where the stream was to be written. */
  readonly offset: number | undefined;

  /** Makes the error from the record, what is wrong with it, and where. */
  constructor(record: string, fault: string, offset?: number) {
    const what = offset === undefined ? `cannot write ${record}` : `cannot read ${record} at byte ${offset}`;
    super("EINVAL", `${what} of a migration stream: ${fault}`);
    this.record = record;
    this.offset = offset;
  }
}
