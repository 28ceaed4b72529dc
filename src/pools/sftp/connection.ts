// A connection that speaks SFTP: requests go out without waiting for one another, and replies find their requests.

import { codedError } from "../../wire/system_errors.ts";
import { faultOf, lastLine, RemoteError, type RemoteFault } from "./errors.ts";
import { type Field, Fields, Packet, packet, PacketReader, Status } from "./packets.ts";
import type { Duplex } from "./process.ts";
import { Silence } from "./silence.ts";

const VERSION = 3;
/** How long a server may be silent while it owes replies. A large file may take long to sync. */
export const SILENCE_MS = 300_000;
const LIMITS = "limits@openssh.com";
/** The bytes that every server reads or writes in one request. */
const CHUNK = 32768;
/** The most bytes of one request. A packet with them is smaller than 256 KiB. */
const CHUNK_MAX = 261_120;

/** A reply: its type, and the fields after its number. */
export interface Reply {
  readonly type: number;
  readonly fields: Fields;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** A connection that speaks SFTP. */
export class SftpConnection {
  /** The name of the host, for messages. */
  readonly host: string;
  /** The names of the extensions that the server has. */
  readonly extensions: ReadonlySet<string>;
  /** The bytes that the server reads in one request. */
  readChunk: number = CHUNK;
  /** The bytes that the server writes in one request. */
  writeChunk: number = CHUNK;
  readonly #duplex: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  readonly #silence: Silence;
  #next = 0;
  #end: RemoteError | null = null;
  #closing: Promise<void> | null = null;

  /**
   * Shakes hands with the server. Rejects with a {@linkcode RemoteError}. The connection ends if the server owes
   * replies and is silent for `silence` milliseconds.
   */
  static async open(duplex: Duplex, host: string, silence: number = SILENCE_MS): Promise<SftpConnection> {
    const batches = batchesOf(duplex, host);
    try {
      await duplex.send(packet({ byte: Packet.INIT }, VERSION));
      const first = await batches.next();
      const [version] = first.value ?? [];
      if (version === undefined) throw await ended(duplex, host, "unreachable");
      const fields = new Fields(version);
      if (fields.byte() !== Packet.VERSION || fields.number() !== VERSION) {
        throw new RemoteError(host, "protocol", `expected version ${VERSION}`);
      }
      const extensions = new Set<string>();
      while (!fields.isAtEnd) {
        extensions.add(fields.text());
        fields.bytes();
      }
      const connection = new SftpConnection(duplex, host, extensions, batches, silence);
      if (extensions.has(LIMITS)) await connection.#askLimits();
      return connection;
    } catch (error) {
      await duplex.close();
      throw error instanceof RemoteError ? error : new RemoteError(host, "protocol", "", { cause: error });
    }
  }

  private constructor(
    duplex: Duplex,
    host: string,
    extensions: ReadonlySet<string>,
    batches: AsyncIterator<readonly Uint8Array[]>,
    silence: number,
  ) {
    this.#silence = new Silence(silence, () => this.#waiting.size > 0, () => {
      this.#finish(new RemoteError(host, "lost", `it did not answer for ${silence / 1000} s`));
      this.#closing ??= duplex.close();
    });
    this.#duplex = duplex;
    this.host = host;
    this.extensions = extensions;
    void this.#receive(batches);
  }

  /** The end of the connection; `null` if it is usable. */
  get end(): RemoteError | null {
    return this.#end;
  }

  /**
   * Sends a request. Resolves with the reply, once more may be sent. Rejects with the system's error that a status
   * stands for, and with a {@linkcode RemoteError} if the connection ends.
   */
  async request(type: number, path: string, ...fields: readonly Field[]): Promise<Reply> {
    if (this.#end !== null) throw this.#end;
    const id = this.#next++ >>> 0;
    const reply = new Promise<Reply>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    // The end of the connection may reject it before it is awaited.
    reply.catch(() => {});
    this.#silence.asked();
    await this.#duplex.send(packet({ byte: type }, id, ...fields));
    const { type: replied, fields: found } = await reply;
    if (replied !== Packet.STATUS) return { type: replied, fields: found };
    const status = found.number();
    if (status === Status.OK) return { type: replied, fields: found };
    throw statusError(status, path, found);
  }

  /** Closes the connection. Requests that wait are rejected. */
  close(): Promise<void> {
    this.#finish(new RemoteError(this.host, "lost", "the connection was closed"));
    return this.#closing ??= this.#duplex.close();
  }

  /** Asks how much the server reads and writes in one request. Zero stands for a limit that it does not tell. */
  async #askLimits(): Promise<void> {
    const reply = await this.request(Packet.EXTENDED, LIMITS, LIMITS).catch((error: unknown) => {
      if (error instanceof RemoteError) throw error;
      return null;
    });
    if (reply?.type !== Packet.EXTENDED_REPLY) return;
    const { fields } = reply;
    fields.long();
    const [read, write] = [Number(fields.long()), Number(fields.long())];
    if (read > CHUNK) this.readChunk = Math.min(read, CHUNK_MAX);
    if (write > CHUNK) this.writeChunk = Math.min(write, CHUNK_MAX);
  }

  async #receive(batches: AsyncIterator<readonly Uint8Array[]>): Promise<void> {
    try {
      for (let next = await batches.next(); next.done !== true; next = await batches.next()) {
        for (const bytes of next.value) {
          const fields = new Fields(bytes);
          const [type, id] = [fields.byte(), fields.number()];
          this.#waiting.get(id)?.resolve({ type, fields });
          this.#waiting.delete(id);
        }
        this.#silence.heard();
      }
      this.#finish(await ended(this.#duplex, this.host, "lost"));
    } catch (error) {
      this.#finish(
        error instanceof RemoteError ? error : new RemoteError(this.host, "protocol", "", { cause: error }),
      );
    }
    this.#closing ??= this.#duplex.close();
  }

  #finish(end: RemoteError): void {
    this.#end ??= end;
    this.#silence.stop();
    for (const { reject } of this.#waiting.values()) reject(this.#end);
    this.#waiting.clear();
  }
}

/** Returns the packets that arrive, those of one piece together. */
async function* batchesOf({ received }: Duplex, host: string): AsyncGenerator<readonly Uint8Array[], void> {
  const reader = new PacketReader();
  try {
    for await (const bytes of received) {
      const packets = reader.add(bytes);
      if (packets.length > 0) yield packets;
    }
  } catch (error) {
    throw new RemoteError(host, "protocol", error instanceof Error ? error.message : "", { cause: error });
  }
}

async function ended(duplex: Duplex, host: string, otherwise: RemoteFault): Promise<RemoteError> {
  const messages = await duplex.lastMessages();
  return new RemoteError(host, otherwise === "lost" ? "lost" : faultOf(messages, otherwise), lastLine(messages));
}

/** Returns the system's error that a status stands for. SFTP has no codes for most errors. */
function statusError(status: number, path: string, fields: Fields): Error {
  const code = status === Status.NO_SUCH_FILE
    ? "ENOENT"
    : status === Status.PERMISSION_DENIED
    ? "EACCES"
    : status === Status.EOF
    ? "EOF"
    : "EIO";
  const message = lastLine(fields.isAtEnd ? "" : fields.text());
  return codedError(code, `${JSON.stringify(path)}: ${message === "" ? `status ${status}` : message}`);
}
