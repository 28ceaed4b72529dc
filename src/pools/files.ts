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
  /** Writes bytes at a position. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Cuts or extends the file to a length. What is between is zero. */
  truncate(length: number): Promise<void>;
  /** Resolves when the content is on the disk. */
  sync(): Promise<void>;
  /** Closes the file. May be called again. */
  close(): Promise<void>;
}

/**
 * The files of a location. Each path is relative to the location, such as `guest/disk/clean.qcow2`.
 *
 * No operation follows a symbolic link, unless it says so: a location may be written by others. Errors of the system
 * have a `code` such as `"ENOENT"`.
 */
export interface PoolFiles {
  /** The location, for messages. */
  readonly location: string;
  /** Lists the names in a directory. The list is empty if the directory does not exist. */
  list(directory: string): Promise<string[]>;
  /** Returns the status of a regular file, or `null` if it does not exist. */
  status(path: string): Promise<FileStatus | null>;
  /** Reads a regular file from a position to its end. */
  read(path: string, options?: { readonly start?: number; readonly signal?: AbortSignal | undefined }): AsyncIterable<
    Uint8Array
  >;
  /** Opens a file for writing, and makes it and its directories if they do not exist. */
  openPart(path: string): Promise<PartFile>;
  /** Makes a file with this content. Resolves with false if the path exists, whatever it is. */
  createExclusive(path: string, content: Uint8Array): Promise<boolean>;
  /** Gives a file another name, in place of one that has it. Resolves when the name is on the disk, if known. */
  rename(from: string, to: string): Promise<void>;
  /** Gives a file a second name. Resolves with false if the second name exists. */
  link(from: string, to: string): Promise<boolean>;
  /** Removes a file. Resolves with false if it does not exist. */
  remove(path: string): Promise<boolean>;
  /** Closes what is open. May be called again. */
  close(): Promise<void>;
}
