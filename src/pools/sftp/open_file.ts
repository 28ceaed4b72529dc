// An open file of another host: it is read and written by requests that do not wait for one another.

import { dirname } from "node:path";
import { SharedSignals } from "../../client/abort.ts";
import { Fifo } from "../../wire/fifo.ts";
import { codedError, codeOf } from "../../wire/system_errors.ts";
import type { PartFile } from "../files.ts";
import type { Reply, SftpConnection } from "./connection.ts";
import { RemoteError } from "./errors.ts";
import { Packet, sizeFields } from "./packets.ts";

/** The bytes that are asked for, or sent, before a reply is awaited. */
const WINDOW = 4 * 2 ** 20;
const SYNC = "fsync@openssh.com";
const SPACE = "statvfs@openssh.com";

/** A file of another host that is written. Writes do not wait for one another. */
export class SftpPart implements PartFile {
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
export async function* readHandle(
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
    const bytes = dataOf(reply, connection.host, chunk);
    yield bytes;
    if (bytes.length === chunk) continue;
    next = first.at + bytes.length;
    // A server gives less than was asked for at the end of a regular file alone.
    if (next >= size) return;
    // After a short reply, the other requests are of no use.
    await Promise.allSettled(asked.takeAll().map((one) => one.reply));
  }
}

/** Returns the bytes that were read. A server without end would answer with none forever. */
function dataOf({ type, fields }: Reply, host: string, max: number): Uint8Array {
  const bytes = type === Packet.DATA ? fields.bytes() : new Uint8Array();
  if (bytes.length > 0 && bytes.length <= max) return bytes;
  throw new RemoteError(host, "protocol", `it answered a request for ${max} bytes with ${bytes.length}`);
}

/** Closes a handle. */
export async function closeHandle(connection: SftpConnection, path: string, handle: Uint8Array): Promise<void> {
  // The handles of a connection end with it.
  if (connection.end === null) await connection.request(Packet.CLOSE, path, handle);
}

/** Resolves with `null` if the result is an error that has this code. */
export async function unless<T>(code: string, result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === code) return null;
    throw error;
  }
}
