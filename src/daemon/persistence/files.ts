// What a journal does with files, and the files of a directory: the only place here that touches a disk.

import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { syncDirectory } from "../../files/sync.ts";
import { codeOf } from "../../wire/system_errors.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** A file that is open for writing. */
export interface OpenFile {
  /** Writes all of the bytes at a place, as far as the system's cache. */
  write(bytes: Uint8Array, position: number): void;
  /** Cuts the file off at a length. */
  truncate(length: number): void;
  /** Returns when what was written, and what is needed to find it, is on the disk. */
  sync(): void;
  /** Syncs without blocking the process. The file stays open until then. */
  syncLater(): Promise<void>;
  /** Tells whether the file has the name by which it was opened: false if it was removed or replaced. */
  isThere(): boolean;
  /** Closes the file. */
  close(): void;
}

/** The files of one directory, by their names. All of it throws what the system throws. */
export interface Files {
  /** The names of those that are there. */
  list(): string[];
  /** All bytes of a file. */
  read(name: string): Uint8Array;
  /** Makes a new file, in place of one that is there; readable by its owner alone. */
  create(name: string): OpenFile;
  /** Opens a file that is there. */
  open(name: string): OpenFile;
  /** Gives a file another name, in place of one that has it. */
  rename(from: string, to: string): void;
  /** Removes a file. */
  remove(name: string): void;
  /** Returns when the names of the files are on the disk. */
  syncDirectory(): void;
  /** The path of a file, for messages. */
  path(name: string): string;
}

/** The files of a directory of this machine, which is there. */
export function filesOf(directory: string): Files {
  const path = (name: string): string => join(directory, name);
  return {
    list: () => readdirSync(directory),
    // A Buffer's memory may be shared; these bytes are kept.
    read: (name) => new Uint8Array(readFile(path(name))),
    create: (name) => fileOf(create(path(name)), path(name)),
    open: (name) => fileOf(openSync(path(name), O_RDWR | O_NOFOLLOW), path(name)),
    rename: (from, to) => renameSync(path(from), path(to)),
    remove: (name) => rmSync(path(name)),
    syncDirectory: () => syncDirectory(directory),
    path,
  };
}

function readFile(path: string): Uint8Array {
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Never opens a file that is there: the name might be a link to another file. */
function create(path: string): number {
  const open = (): number => openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    return open();
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    rmSync(path);
    return open();
  }
}

function fileOf(descriptor: number, path: string): OpenFile {
  const { ino, dev } = fstatSync(descriptor);
  return {
    write(bytes, position) {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
      }
    },
    truncate: (length) => ftruncateSync(descriptor, length),
    sync: () => fdatasyncSync(descriptor),
    syncLater: () =>
      new Promise((resolve, reject) => fdatasync(descriptor, (error) => error ? reject(error) : resolve())),
    isThere: () => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found?.ino === ino && found.dev === dev;
    },
    close: () => closeSync(descriptor),
  };
}
