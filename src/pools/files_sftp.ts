// The files of a directory of another host, over SFTP.

import { dirname, join } from "node:path";
import { SharedSignals } from "../client/abort.ts";
import { Fifo } from "../wire/fifo.ts";
import { codedError, codeOf } from "../wire/system_errors.ts";
import type { FileStatus, PartFile, PoolFiles } from "./files.ts";
import type { Reply, SftpConnection } from "./sftp/connection.ts";
import { RemoteError } from "./sftp/errors.ts";
import { type Attributes, modeFields, Open, Packet, sizeFields } from "./sftp/packets.ts";

/** The bytes that are asked for, or sent, before a reply is awaited. */
const WINDOW = 4 * 2 ** 20;
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

  /**
   * Names the location, the host and the directory. `connect` returns the open connection to the host, or opens one;
   * whoever gave it closes it.
   */
  constructor(location: string, host: string, directory: string, connect: () => Promise<SftpConnection>) {
    this.location = location;
    this.#host = host;
    this.#directory = directory;
    this.#connect = connect;
  }

  async list(directory: string): Promise<string[]> {
    const connection = await this.#connect();
    const path = this.#path(directory);
    const opened = await unless("ENOENT", connection.request(Packet.OPENDIR, path, path));
    if (opened === null) return [];
    const handle = this.#handleOf(opened);
    const names: string[] = [];
    try {
      for (;;) {
        const reply = await unless("EOF", connection.request(Packet.READDIR, path, handle));
        if (reply === null) return names.filter((name) => name !== "." && name !== "..");
        for (let left = reply.fields.number(); left > 0; left--) {
          names.push(reply.fields.text());
          reply.fields.bytes();
          reply.fields.attributes();
        }
      }
    } finally {
      await closeHandle(connection, path, handle);
    }
  }

  async status(path: string): Promise<FileStatus | null> {
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
    // The server follows links. One that takes the file's place after this leads to another file of that host alone.
    const found = await this.#attributes(connection, target);
    if (found === null) throw codedError("ENOENT", `${JSON.stringify(target)}: no such file`);
    if (!found.isRegular) throw this.#irregular(path);
    const handle = this.#handleOf(await connection.request(Packet.OPEN, target, target, Open.READ, NO_ATTRIBUTES));
    try {
      yield* readHandle(connection, target, handle, { start, size: found.size, signal });
    } finally {
      await closeHandle(connection, target, handle);
    }
  }

  async openPart(path: string): Promise<PartFile> {
    const connection = await this.#connect();
    const target = this.#path(path);
    await this.#makeDirectories(connection, dirname(target));
    if ((await this.#attributes(connection, target))?.isRegular === false) throw this.#irregular(path);
    const flags = Open.READ | Open.WRITE | Open.CREATE;
    const opened = await connection.request(Packet.OPEN, target, target, flags, ...modeFields(FILE_MODE));
    return new SftpPart(connection, target, this.#handleOf(opened));
  }

  async createPart(path: string): Promise<PartFile | null> {
    const connection = await this.#connect();
    const target = this.#path(path);
    const opened = await this.#openExclusive(connection, target);
    return opened === null ? null : new SftpPart(connection, target, this.#handleOf(opened));
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    const part = await this.createPart(path);
    if (part === null) return false;
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
    await connection.request(Packet.EXTENDED, this.#path(to), RENAME, this.#path(from), this.#path(to));
  }

  async link(from: string, to: string): Promise<boolean> {
    const connection = await this.#connect();
    this.#check(connection, LINK);
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
    return await unless("ENOENT", connection.request(Packet.REMOVE, this.#path(path), this.#path(path))) !== null;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #attributes(connection: SftpConnection, path: string): Promise<Attributes | null> {
    const reply = await unless("ENOENT", connection.request(Packet.LSTAT, path, path));
    return reply?.fields.attributes() ?? null;
  }

  /** Opens a new file, and makes its directories if they are missing. Resolves with `null` if the name is taken. */
  async #openExclusive(connection: SftpConnection, path: string): Promise<Reply | null> {
    const flags = Open.READ | Open.WRITE | Open.CREATE | Open.EXCLUSIVE;
    for (let attempt = 1;; attempt++) {
      try {
        return await connection.request(Packet.OPEN, path, path, flags, ...modeFields(FILE_MODE));
      } catch (error) {
        if (error instanceof RemoteError) throw error;
        // A server tells no reason. If something is there, that is the reason. It may be gone by now.
        if (await this.#attributes(connection, path) !== null) return null;
        if (attempt === EXCLUSIVE_ATTEMPTS) throw error;
        if (codeOf(error) === "ENOENT") await this.#makeDirectories(connection, dirname(path));
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
  /** The end of what was written. */
  #size = 0;
  #fault: { readonly error: unknown } | null = null;
  #isOpen = true;

  constructor(connection: SftpConnection, path: string, handle: Uint8Array) {
    this.#connection = connection;
    this.#path = path;
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    const chunk = this.#connection.writeChunk;
    for (let at = 0; at < bytes.length; at += chunk) {
      while (this.#sent.size * chunk >= WINDOW) await Promise.race(this.#sent);
      if (this.#fault !== null) throw this.#fault.error;
      const end = position + Math.min(at + chunk, bytes.length);
      this.#send(bytes.subarray(at, at + chunk), position + at);
      this.#size = Math.max(this.#size, end);
    }
  }

  async truncate(length: number): Promise<void> {
    await this.#settle();
    await this.#connection.request(Packet.FSETSTAT, this.#path, this.#handle, ...sizeFields(length));
    this.#size = length;
  }

  async sync(): Promise<void> {
    // The server carries out the requests of one file in their order, so this one follows the writes.
    const synced = this.#connection.extensions.has(SYNC)
      ? this.#connection.request(Packet.EXTENDED, this.#path, SYNC, this.#handle)
      : null;
    synced?.catch(() => {});
    await this.#settle();
    await synced;
  }

  read({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterable<Uint8Array> {
    return readHandle(this.#connection, this.#path, this.#handle, { start: 0, size: this.#size, signal });
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const closed = closeHandle(this.#connection, this.#path, this.#handle);
    closed.catch(() => {});
    try {
      await this.#settle();
    } finally {
      await closed;
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

/** Reads an open file. One request goes beyond the size that is expected, because the file may have grown. */
async function* readHandle(
  connection: SftpConnection,
  path: string,
  handle: Uint8Array,
  { start, size, signal }: { readonly start: number; readonly size: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void> {
  const chunk = connection.readChunk;
  const signals = new SharedSignals();
  const ask = (at: number): { readonly at: number; readonly reply: Promise<Reply> } => {
    const reply = connection.request(Packet.READ, path, handle, BigInt(at), chunk);
    reply.catch(() => {});
    return { at, reply };
  };
  const asked = new Fifo<ReturnType<typeof ask>>();
  for (let next = start;;) {
    for (; asked.length === 0 || (asked.length * chunk < WINDOW && next < size); next += chunk) asked.push(ask(next));
    const first = asked.shift();
    const reply = first === undefined ? null : await unless("EOF", signals.wait(first.reply, signal));
    if (first === undefined || reply === null) return;
    const bytes = reply.fields.bytes();
    yield bytes;
    if (bytes.length === chunk) continue;
    next = first.at + bytes.length;
    // A server gives less than was asked for at the end of a regular file alone.
    if (next >= size) return;
    // After a short reply, the other requests are of no use.
    await Promise.allSettled(asked.takeAll().map((one) => one.reply));
  }
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
