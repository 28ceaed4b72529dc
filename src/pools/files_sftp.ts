// The files of a directory of another host, over SFTP.

import { dirname, join } from "node:path";
import { codedError, codeOf } from "../wire/system_errors.ts";
import { Directories } from "./directories.ts";
import { type FileStatus, type PartFile, type PoolFiles, writeNew } from "./files.ts";
import type { Reply, SftpConnection } from "./sftp/connection.ts";
import { RemoteError } from "./sftp/errors.ts";
import { closeHandle, readHandle, SftpPart, unless } from "./sftp/open_file.ts";
import { type Attributes, modeFields, Open, Packet } from "./sftp/packets.ts";

/** The names of a directory that are read, and their characters. */
const NAMES_MAX = 1_000_000;
const NAMES_BYTES_MAX = 2 ** 26;
/** How often a new file is tried whose name is taken, and then free. */
const EXCLUSIVE_ATTEMPTS = 10;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const RENAME = "posix-rename@openssh.com";
const LINK = "hardlink@openssh.com";
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
    await this.#directories.check(dirname(path));
    await this.#makeDirectories(connection, dirname(target));
    if ((await this.#attributes(connection, target))?.isRegular === false) throw this.#irregular(path);
    const flags = Open.READ | Open.WRITE | Open.CREATE;
    const opened = await connection.request(Packet.OPEN, target, target, flags, ...modeFields(FILE_MODE));
    return new SftpPart(connection, target, this.#handleOf(opened));
  }

  async createPart(path: string): Promise<PartFile | null> {
    const connection = await this.#connect();
    const target = this.#path(path);
    await this.#directories.check(dirname(path));
    const opened = await this.#openExclusive(connection, target);
    return opened === null ? null : new SftpPart(connection, target, this.#handleOf(opened));
  }

  async createExclusive(path: string, content: Uint8Array): Promise<boolean> {
    return await writeNew(await this.createPart(path), content, () => this.remove(path));
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
        if (attempt === EXCLUSIVE_ATTEMPTS || codeOf(error) === "EACCES") throw error;
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
