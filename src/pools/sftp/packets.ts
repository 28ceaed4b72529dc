// The packets of SFTP, version 3: how requests are written and replies are read. Source: draft-ietf-secsh-filexfer-02.

/** The types of packets. */
export const Packet = {
  INIT: 1,
  VERSION: 2,
  OPEN: 3,
  CLOSE: 4,
  READ: 5,
  WRITE: 6,
  LSTAT: 7,
  FSETSTAT: 10,
  OPENDIR: 11,
  READDIR: 12,
  REMOVE: 13,
  MKDIR: 14,
  STATUS: 101,
  HANDLE: 102,
  DATA: 103,
  NAME: 104,
  ATTRS: 105,
  EXTENDED: 200,
  EXTENDED_REPLY: 201,
} as const;

/** How a file is opened. */
export const Open = { READ: 1, WRITE: 2, CREATE: 8, EXCLUSIVE: 32 } as const;

/** The codes of a status. */
export const Status = { OK: 0, EOF: 1, NO_SUCH_FILE: 2, PERMISSION_DENIED: 3, FAILURE: 4 } as const;

const ATTR_SIZE = 1;
const ATTR_OWNER = 2;
const ATTR_MODE = 4;
const ATTR_TIMES = 8;
const ATTR_EXTENDED = 0x80000000;
const KIND_MASK = 0o170000;
const KIND_REGULAR = 0o100000;
const KIND_LINK = 0o120000;

/** What a server tells of a file. */
export interface Attributes {
  readonly size: number;
  /** Whether the file is a regular one. */
  readonly isRegular: boolean;
  /** Whether the file is a symbolic link. */
  readonly isLink: boolean;
  /** In milliseconds since 1970, in whole seconds. */
  readonly modified: number;
}

/** A part of a request: a number of 4 or 8 bytes, a byte, or bytes and text with their length. */
export type Field = number | bigint | { readonly byte: number } | string | Uint8Array;

const encoder = new TextEncoder();

/** Returns the bytes of a request, with its length. */
export function packet(...fields: readonly Field[]): Uint8Array {
  const parts = fields.map((field) => typeof field === "string" ? encoder.encode(field) : field);
  const length = parts.reduce<number>((sum, part) => sum + sizeOf(part), 0);
  const bytes = new Uint8Array(4 + length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length);
  let at = 4;
  for (const part of parts) {
    if (typeof part === "number") view.setUint32(at, part);
    else if (typeof part === "bigint") view.setBigUint64(at, part);
    else if (part instanceof Uint8Array) {
      view.setUint32(at, part.length);
      bytes.set(part, at + 4);
    } else bytes[at] = part.byte;
    at += sizeOf(part);
  }
  return bytes;
}

function sizeOf(part: Exclude<Field, string>): number {
  if (typeof part === "number") return 4;
  if (typeof part === "bigint") return 8;
  return part instanceof Uint8Array ? 4 + part.length : 1;
}

/** Returns the fields of attributes with a mode, for a request that makes a file or a directory. */
export function modeFields(mode: number): readonly Field[] {
  return [ATTR_MODE, mode];
}

/** Returns the fields of attributes with a size. */
export function sizeFields(size: number): readonly Field[] {
  return [ATTR_SIZE, BigInt(size)];
}

/** A reply ends too early, or is too long. */
export class PacketError extends Error {
  override name = "PacketError";
}

/** Reads the fields of a reply. Throws a {@linkcode PacketError} if one is cut. */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** Takes the bytes of a reply. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Whether all fields were read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Reads a byte. */
  byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** Reads a number of 4 bytes. */
  number(): number {
    return this.#view.getUint32(this.#advance(4));
  }

  /** Reads a number of 8 bytes. */
  long(): bigint {
    return this.#view.getBigUint64(this.#advance(8));
  }

  /** Reads bytes, which share memory with the reply. */
  bytes(): Uint8Array {
    const length = this.number();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Reads a text. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** Reads attributes. What a server does not tell is zero. */
  attributes(): Attributes {
    const flags = this.number();
    const size = (flags & ATTR_SIZE) === 0 ? 0 : Number(this.long());
    if ((flags & ATTR_OWNER) !== 0) this.#advance(8);
    const mode = (flags & ATTR_MODE) === 0 ? 0 : this.number();
    let modified = 0;
    if ((flags & ATTR_TIMES) !== 0) {
      this.#advance(4);
      modified = this.number() * 1000;
    }
    if ((flags & ATTR_EXTENDED) !== 0) {
      for (let left = this.number(); left > 0; left--) {
        this.bytes();
        this.bytes();
      }
    }
    const kind = mode & KIND_MASK;
    return { size, isRegular: kind === KIND_REGULAR, isLink: kind === KIND_LINK, modified };
  }

  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new PacketError("a reply is cut");
    this.#at = start + length;
    return start;
  }
}

/** The largest packet that a server may send. OpenSSH sends up to 256 KiB. */
const PACKET_MAX = 2 ** 20;

/** Cuts a stream of bytes into packets. */
export class PacketReader {
  #pending: Uint8Array[] = [];
  #size = 0;

  /** Adds bytes, and returns the packets that are whole, without their lengths. Throws a {@linkcode PacketError}. */
  add(bytes: Uint8Array): Uint8Array[] {
    this.#pending.push(bytes);
    this.#size += bytes.length;
    if (this.#size < this.#needed()) return [];
    const all = this.#pending.length === 1 ? bytes : joined(this.#pending, this.#size);
    const found: Uint8Array[] = [];
    let at = 0;
    while (at + 4 <= all.length) {
      const length = lengthAt(all, at);
      if (at + 4 + length > all.length) break;
      found.push(all.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#pending = at === all.length ? [] : [all.subarray(at)];
    this.#size = all.length - at;
    return found;
  }

  /** The bytes that the first packet needs, as far as that can be told without joining pieces. */
  #needed(): number {
    const [first] = this.#pending;
    return first === undefined || first.length < 4 ? 4 : 4 + lengthAt(first, 0);
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
  if (length === 0 || length > PACKET_MAX) throw new PacketError(`a packet has ${length} bytes`);
  return length;
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
