// What transfers do with the files of a location, on this host or on another one.

/** What a location tells of a file. */
export interface FileStatus {
  /** The size in bytes. */
  readonly size: number;
  /** When the content was last modified, in milliseconds since 1970 by the clock of the location. */
  readonly modified: number;
}

/** A file that is written. */
export interface PartFile {
  /**
   * Writes bytes at a position.
   *
   * @param bytes The bytes.
   * @param position The position in bytes.
   */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /**
   * Cuts or extends the file to a length. What is between is zero.
   *
   * @param length The length in bytes.
   */
  truncate(length: number): Promise<void>;
  /** Resolves when what was written is on the disk. Later calls need not wait for it. */
  sync(): Promise<void>;
  /**
   * Reads the file from its start to its end, with what was written before.
   *
   * @param options The signal that ends the reading.
   * @returns The bytes, piece by piece.
   */
  read(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<Uint8Array>;
  /** Closes the file. May be called again. */
  close(): Promise<void>;
}

/**
 * The files of a location. Each path is relative to the location, such as `guest/disk/clean.qcow2`.
 *
 * No operation follows a symbolic link below the location, unless it says so: a location may be written by others. A
 * link in the place of a directory is a {@linkcode LinkError}. Errors of the system have a `code` such as `"ENOENT"`.
 */
export interface PoolFiles {
  /** The location, for messages. */
  readonly location: string;
  /**
   * Lists the names in a directory.
   *
   * @param directory The path of the directory.
   * @returns The names, in no order. The array is empty if the directory does not exist.
   */
  list(directory: string): Promise<string[]>;
  /**
   * Returns the status of a regular file.
   *
   * @param path The path.
   * @returns The status, or `null` if the file does not exist.
   */
  status(path: string): Promise<FileStatus | null>;
  /**
   * Reads a regular file from a position to its end.
   *
   * @param path The path.
   * @param options The position in bytes, and the signal that ends the reading.
   * @returns The bytes, piece by piece.
   */
  read(path: string, options?: { readonly start?: number; readonly signal?: AbortSignal | undefined }): AsyncIterable<
    Uint8Array
  >;
  /**
   * Opens a file for writing, and makes it and its directories if they do not exist.
   *
   * @param path The path.
   * @returns The open file.
   */
  openPart(path: string): Promise<PartFile>;
  /**
   * Makes a file for writing, and makes its directories if they do not exist.
   *
   * @param path The path.
   * @returns The open file; `null` if the path exists, whatever it is.
   */
  createPart(path: string): Promise<PartFile | null>;
  /**
   * Makes a file with this content.
   *
   * @param path The path.
   * @param content The bytes.
   * @returns False if the path exists, whatever it is.
   */
  createExclusive(path: string, content: Uint8Array): Promise<boolean>;
  /**
   * Gives a file another name, in place of one that has it. Resolves when the name is on the disk, if known.
   *
   * @param from The path.
   * @param to The new path.
   */
  rename(from: string, to: string): Promise<void>;
  /**
   * Gives a file a second name.
   *
   * @param from The path.
   * @param to The second path.
   * @returns False if the second path exists.
   */
  link(from: string, to: string): Promise<boolean>;
  /**
   * Removes a file.
   *
   * @param path The path.
   * @returns False if it does not exist.
   */
  remove(path: string): Promise<boolean>;
  /** Closes what is open. May be called again. */
  close(): Promise<void>;
}

/**
 * Writes a new file and closes it. A file that could not be written is removed by `remove`. Returns false for `null`:
 * the path of the file existed already.
 */
export async function writeNew(
  part: PartFile | null,
  content: Uint8Array,
  remove: () => Promise<unknown>,
): Promise<boolean> {
  if (part === null) return false;
  try {
    try {
      await part.write(content, 0);
    } finally {
      await part.close();
    }
    return true;
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
}
