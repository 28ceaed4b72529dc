// A connection for the differential tests: it sends many requests in one write, and collects all messages.

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import type { Transport } from "../../../src/transport/transport.ts";

const HEADER_SIZE = 16;
const WATCH_EVENT = 15;

/** A message. Each character of its payload is a byte. */
export interface Message {
  readonly type: number;
  readonly id: number;
  readonly tx: number;
  readonly text: string;
}

/** Appends messages to a growing buffer. */
export class Sheet {
  #bytes = Buffer.alloc(65536);
  #length = 0;

  /** Appends a message. `length` replaces the true length of its payload. */
  add({ type, id, tx, text }: Message, length: number = text.length): void {
    const end = this.#length + HEADER_SIZE + text.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(end * 2);
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    for (const word of [type, id, tx, length]) this.#length = this.#bytes.writeUInt32LE(word >>> 0, this.#length);
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  /** Returns all appended messages. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }
}

/** A connection to a store under test. */
export class Link implements AsyncDisposable {
  readonly #send: (bytes: Uint8Array) => void;
  readonly #close: () => void;
  #received: Message[] = [];
  #partial: Buffer = Buffer.alloc(0);
  #wanted = 0;
  #replies = 0;
  #settle: ((messages: Message[]) => void) | null = null;
  #onClosed: () => void = () => {};
  /** Resolves when the connection has ended. */
  readonly over: Promise<void>;
  /** Whether the connection has ended. */
  closed = false;

  private constructor(send: (bytes: Uint8Array) => void, close: () => void) {
    this.#send = send;
    this.#close = close;
    this.over = new Promise((resolve) => this.#onClosed = resolve);
  }

  /** Connects to a Unix socket. */
  static socket(path: string): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      const link = new Link((bytes) => void socket.write(bytes), () => void socket.destroy());
      socket.on("data", (chunk: Buffer) => link.#receive(chunk));
      socket.on("close", () => link.#ended());
      socket.on("error", (error) => {
        reject(error);
        link.#ended();
      });
      socket.on("connect", () => resolve(link));
    });
  }

  /** Uses a transport. */
  static transport(transport: Transport): Link {
    const close = (): void => {
      void transport.close();
      link.#ended();
    };
    const link = new Link((bytes) => transport.send(bytes), close);
    transport.start({
      receive: (bytes) => link.#receive(Buffer.from(bytes)),
      ended: () => link.#ended(),
    });
    return link;
  }

  /** Sends bytes. Resolves with all messages up to so many replies, or fewer if the other side closes. */
  exchange(bytes: Uint8Array, replies: number): Promise<Message[]> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#wanted = replies;
      if (!this.closed) this.#send(bytes);
      this.#check();
    });
  }

  /** Closes the connection, and resolves afterwards. */
  close(): Promise<void> {
    if (!this.closed) this.#close();
    return this.over;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_SIZE) {
      const end = at + HEADER_SIZE + bytes.readUInt32LE(at + 12);
      if (end > bytes.length) break;
      const type = bytes.readUInt32LE(at);
      if (type !== WATCH_EVENT) this.#replies++;
      const text = bytes.toString("latin1", at + HEADER_SIZE, end);
      this.#received.push({ type, id: bytes.readUInt32LE(at + 4), tx: bytes.readUInt32LE(at + 8), text });
      at = end;
    }
    this.#partial = bytes.subarray(at);
    this.#check();
  }

  #ended(): void {
    this.closed = true;
    this.#onClosed();
    this.#check();
  }

  #check(): void {
    if (this.#settle === null || (this.#replies < this.#wanted && !this.closed)) return;
    const settle = this.#settle;
    const received = this.#received;
    this.#settle = null;
    this.#received = [];
    this.#replies = 0;
    settle(received);
  }
}
