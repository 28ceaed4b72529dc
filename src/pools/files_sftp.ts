// The files of a directory of another host, over SFTP.

import { dirname, join } from "node:path";
import { SharedSignals } from "../client/abort.ts";
import { Fifo } from "../wire/fifo.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { Directories } from "./directories.ts";
import type { FileStatus, PartFile, PoolFiles } from "./files.ts";
import type { Reply, SftpConnection } from "./sftp/connection.ts";
import { RemoteError } from "./sftp/errors.ts";
import { type Attributes, modeFields, Open, Packet, sizeFields } from "./sftp/packets.ts";

/** What every server reads and writes in one request. */
const CHUNK = 32768;
/** The requests that are sent before a reply is awaited. */
const WINDOW = 64;
/** The names of a directory that are read, and their characters. */
const NAMES_MAX = 1_000_000;
const NAMES_BYTES_MAX = 2 ** 26;
/** How often a new file is tried whose name is taken, and then free. */
const EXCLUSIVE_ATTEMPTS = 10;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const RENAME = "posix-rename@openssh.com";
const LINK = "hardlink@openssh.com";
const SYNC = "fsync@openssh.com";
const SPACE = "statvfs@openssh.com";
const NO_ATTRIBUTES = 0;

/** The files of a directory of another host. The directory need not exist. */
export class SftpFiles implements PoolFiles {
  readonly location: string;
  readonly #directory: string;
  readonly #host: string;
  readonly #connect: () => Promise<SftpConnection>;
  readonly #directories: Directories;

  /**
   * Names the location, the host and the directory. `connect` returns the open connection to the host, or opens one;
   * whoever gave it closes it.
   */
  constructor(location: string, host: string, directory: string, connect: () => Promise<SftpConnection>) {
    this.location = location;
    this.#host = host;
    this.#directory = directory;
    this.#connect = connect;
    this.#directories = new Directories(location, async (path) => {
      const found = await this.#attributes(await connect(), this.#path(path));
      return found === null ? "missing" : found.isLink ? "link" : "other";
    });
  }

  async list(directory: string): Promise<string[]> {
    const connection = await this.#connect();
    const path = this.#path(directory);
    await this.#directories.check(directory);
    const opened = await unless("ENOENT", connection.request(Packet.OPENDIR, path, path));
    if (opened === null) return [];
    const handle = this.#handleOf(opened);
    const names: string[] = [];
    let bytes = 0;
    try {
      for (;;) {
        const reply = await unless("EOF", connection.request(Packet.READDIR, path, handle));
        if (reply === null) return names.filter((name) => name !== "." && name !== "..");
        const count = reply.type === Packet.NAME ? reply.fields.number() : 0;
        if (count === 0) throw new RemoteError(this.#host, "protocol", "it answered with no names");
        for (let left = count; left > 0; left--) {
          const name = reply.fields.text();
          reply.fields.bytes();
          reply.fields.attributes();
          bytes += name.length;
          if (names.push(name) > NAMES_MAX || bytes > NAMES_BYTES_MAX) {
            throw new RemoteError(this.#host, "protocol", `${JSON.stringify(path)} has more names than are read`);
          }
        }
      }
    } finally {
      await closeHandle(connection, path, handle);
    }
  }

  async status(path: string): Promise<FileStatus | null> {
    await this.#directories.check(dirname(path));
    const found = await this.#attributes(await this.#connect(), this.#path(path));
    if (found === null) return null;
    if (!found.isRegular) throw this.#irregular(path);
    return found;
  }

  async *read(
    path: string,
    { start = 0, signal }: { readonly start?: number; readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Uint8Array, void> {
    const connection = await this.#connect();
    const target = this.#path(path);
    await this.#directories.check(dirname(path));
    // The server follows links. One that takes the file's place after this leads to another file of that host alone.
    const found = await this.#attributes(connection, target);
    if (found?.isRegular === false) throw this.#irregular(path);
    const handle = this.#handleOf(await connection.request(Packet.OPEN, target, target, Open.READ, NO_ATTRIBUTES));
    const ask = (at: number): { readonly at: number; readonly reply: Promise<Reply> } => {
      const reply = connection.request(Packet.READ, target, handle, BigInt(at), CHUNK);
      reply.catch(() => {});
      return { at, reply };
    };
    try {
      const size = found?.size ?? 0;
      const signals = new SharedSignals();
      const asked = new Fifo<ReturnType<typeof ask>>();
      for (let next = start;;) {
        // One request goes beyond the size, because the file may have grown.
        for (; asked.length === 0 || (asked.length < WINDOW && next < size); next += CHUNK) asked.push(ask(next));
        const first = asked.shift();
        const reply = first === undefined ? null : await unless("EOF", signals.wait(first.reply, signal));
        if (first === undefined || reply === null) return;
        const bytes = dataOf(reply, this.#host, CHUNK);
        yield bytes;
        if (bytes.length === CHUNK) continue;
        // After a short reply, the other requests are of no use.
        await Promise.allSettled(asked.takeAll().map((one) => one.reply));
        next = first.at + bytes.length;
      }
    } finally {
      await closeHandle(connection, target, handle);
    }
  }

  async openPart(path: string): Promise<PartFile> {
    const connection = await this.#connect();
    const target = this.#path(path);
    await this.#directories.check(dirname(path));
    await this.#makeDirectories(connection, dirname(target));
    if ((await this.#attributes(connection, target))?.isRegular === false) throw this.#irregular(path);
    const flags = Open.WRITE | Open.CREATE;
    const opened = await connection.request(Packet.OPEN, target, target, flags, ...modeFields(FILE_MODE));
    return new SftpPart(connection, target, this.#handleOf(opened));
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    const connection = await this.#connect();
    const target = this.#path(path);
    await this.#directories.check(dirname(path));
    await this.#makeDirectories(connection, dirname(target));
    const opened = await this.#openExclusive(connection, target);
    if (opened === null) return false;
    const part = new SftpPart(connection, target, this.#handleOf(opened));
    try {
      await part.write(content, 0);
    } finally {
      await part.close();
    }
    return true;
  }

  async rename(from: string, to: string): Promise<void> {
    const connection = await this.#connect();
    this.#check(connection, RENAME);
    for (const path of [from, to]) await this.#directories.check(dirname(path));
    await connection.request(Packet.EXTENDED, this.#path(to), RENAME, this.#path(from), this.#path(to));
  }

  async link(from: string, to: string): Promise<boolean> {
    const connection = await this.#connect();
    this.#check(connection, LINK);
    for (const path of [from, to]) await this.#directories.check(dirname(path));
    try {
      await connection.request(Packet.EXTENDED, this.#path(to), LINK, this.#path(from), this.#path(to));
      return true;
    } catch (error) {
      if (error instanceof RemoteError || await this.#attributes(connection, this.#path(to)) === null) throw error;
      return false;
    }
  }

  async remove(path: string): Promise<boolean> {
    const connection = await this.#connect();
    await this.#directories.check(dirname(path));
    return await unless("ENOENT", connection.request(Packet.REMOVE, this.#path(path), this.#path(path))) !== null;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #attributes(connection: SftpConnection, path: string): Promise<Attributes | null> {
    const reply = await unless("ENOENT", connection.request(Packet.LSTAT, path, path));
    return reply?.fields.attributes() ?? null;
  }

  /** Opens a new file. Resolves with `null` if something has its name. */
  async #openExclusive(connection: SftpConnection, path: string): Promise<Reply | null> {
    const flags = Open.WRITE | Open.CREATE | Open.EXCLUSIVE;
    for (let attempt = 1;; attempt++) {
      try {
        return await connection.request(Packet.OPEN, path, path, flags, ...modeFields(FILE_MODE));
      } catch (error) {
        if (error instanceof RemoteError) throw error;
        // A server tells no reason. If something is there, that is the reason. It may be gone by now.
        if (await this.#attributes(connection, path) !== null) return null;
        if (attempt === EXCLUSIVE_ATTEMPTS) throw error;
      }
    }
  }

  async #makeDirectories(connection: SftpConnection, path: string): Promise<void> {
    const missing: string[] = [];
    for (let at = path; at !== "/" && await this.#attributes(connection, at) === null; at = dirname(at)) {
      missing.push(at);
    }
    for (const directory of missing.reverse()) {
      try {
        await connection.request(Packet.MKDIR, directory, directory, ...modeFields(DIRECTORY_MODE));
      } catch (error) {
        // Another client may have made it.
        if (error instanceof RemoteError || await this.#attributes(connection, directory) === null) throw error;
      }
    }
  }

  #check({ extensions }: SftpConnection, extension: string): void {
    if (extensions.has(extension)) return;
    throw new RemoteError(this.#host, "protocol", `its server lacks the extension ${extension}`);
  }

  #handleOf({ type, fields }: Reply): Uint8Array {
    if (type === Packet.HANDLE) return fields.bytes();
    throw new RemoteError(this.#host, "protocol", `it answered with a packet of type ${type} instead of a handle`);
  }

  #path(path: string): string {
    return join(this.#directory, path);
  }

  #irregular(path: string): Error {
    return codedError(
      "EINVAL",
      `${JSON.stringify(this.#path(path))} of ${JSON.stringify(this.#host)} is not a regular file`,
    );
  }
}

/** A file of another host that is written. Writes do not wait for one another. */
class SftpPart implements PartFile {
  readonly #connection: SftpConnection;
  readonly #path: string;
  readonly #handle: Uint8Array;
  readonly #sent = new Set<Promise<void>>();
  #fault: { readonly error: unknown } | null = null;
  #isOpen = true;

  constructor(connection: SftpConnection, path: string, handle: Uint8Array) {
    this.#connection = connection;
    this.#path = path;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      while (this.#sent.size >= WINDOW) await Promise.race(this.#sent);
      if (this.#fault !== null) throw this.#fault.error;
      this.#send(bytes.subarray(at, at + CHUNK), position + at);
    }
  }

  async truncate(length: number): Promise<void> {
    await this.#settle();
    await this.#connection.request(Packet.FSETSTAT, this.#path, this.#handle, ...sizeFields(length));
  }

  async sync(): Promise<void> {
    await this.#settle();
    if (!this.#connection.extensions.has(SYNC)) return;
    await this.#connection.request(Packet.EXTENDED, this.#path, SYNC, this.#handle);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#settle();
    } finally {
      await closeHandle(this.#connection, this.#path, this.#handle);
    }
  }

  #send(bytes: Uint8Array, position: number): void {
    const written = this.#connection.request(Packet.WRITE, this.#path, this.#handle, BigInt(position), bytes);
    const sent = written.then(
      () => void this.#sent.delete(sent),
      (error) => {
        this.#fault ??= { error };
        this.#sent.delete(sent);
      },
    );
    this.#sent.add(sent);
  }

  /** Waits for all writes. Throws the error of the first that failed. */
  async #settle(): Promise<void> {
    await Promise.all(this.#sent);
    if (this.#fault === null) return;
    const { error } = this.#fault;
    // SFTP has no code for a full disk. The free space tells.
    if (codeOf(error) !== "EIO" || !await this.#isFull()) throw error;
    throw codedError("ENOSPC", `${JSON.stringify(this.#path)}: no space left on device`, error);
  }

  async #isFull(): Promise<boolean> {
    if (!this.#connection.extensions.has(SPACE)) return false;
    const { fields } = await this.#connection.request(Packet.EXTENDED, this.#path, SPACE, dirname(this.#path));
    const [, , , , available] = Array.from({ length: 5 }, () => fields.long());
    return available === 0n;
  }
}

/** Returns the bytes that were read. A server without end would answer with none forever. */
function dataOf({ type, fields }: Reply, host: string, max: number): Uint8Array {
  const bytes = type === Packet.DATA ? fields.bytes() : new Uint8Array();
  if (bytes.length > 0 && bytes.length <= max) return bytes;
  throw new RemoteError(host, "protocol", `it answered a request for ${max} bytes with ${bytes.length}`);
}

async function closeHandle(connection: SftpConnection, path: string, handle: Uint8Array): Promise<void> {
  // The handles of a connection end with it.
  if (connection.end === null) await connection.request(Packet.CLOSE, path, handle);
}

async function unless<T>(code: string, result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === code) return null;
    throw error;
  }
}
