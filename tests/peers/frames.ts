// XenStore messages without the client under test, to check the real daemons independently.

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

export const OP = {
  DIRECTORY: 1,
  READ: 2,
  WATCH: 4,
  TRANSACTION_START: 6,
  INTRODUCE: 8,
  RELEASE: 9,
  WRITE: 11,
  MKDIR: 12,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
} as const;

export interface Frame {
  readonly op: number;
  readonly id: number;
  /** The payload, with each NUL shown as "|". */
  readonly text: string;
}

/** A message. Each "|" of `text` stands for a NUL. `length` replaces the true length. */
export function frame(op: number, id: number, text: string, length?: number): Buffer {
  const payload = Buffer.from(text.replaceAll("|", "\0"), "latin1");
  const header = Buffer.alloc(16);
  for (const [at, word] of [op, id, 0, length ?? payload.length].entries()) header.writeUInt32LE(word, at * 4);
  return Buffer.concat([header, payload]);
}

/** Splits `bytes` into whole frames and the rest. */
export function takeFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length >= 16) {
    const end = 16 + rest.readUInt32LE(12);
    if (rest.length < end) break;
    const text = rest.toString("latin1", 16, end).replaceAll("\0", "|");
    frames.push({ op: rest.readUInt32LE(0), id: rest.readUInt32LE(4), text });
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

/** A connection that sends and receives frames. */
export class Wire implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #received: Frame[] = [];
  readonly #waiting: ((frame: Frame | null) => void)[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #closed = false;
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const { frames, rest } = takeFrames(Buffer.concat([this.#rest, chunk]));
      this.#rest = rest;
      for (const frame of frames) {
        const waiter = this.#waiting.shift();
        if (waiter === undefined) this.#received.push(frame);
        else waiter(frame);
      }
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      for (const waiter of this.#waiting.splice(0)) waiter(null);
    });
  }

  static open(path: string): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new Wire(socket));
      });
    });
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next frame, or null after the other side has closed. */
  next(): Promise<Frame | null> {
    const frame = this.#received.shift();
    if (frame !== undefined || this.#closed) return Promise.resolve(frame ?? null);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Sends a request, and returns the text of its reply. An error begins with "!". Skips events. */
  async call(op: number, text: string): Promise<string> {
    const id = ++this.#lastId;
    this.send(frame(op, id, text));
    for (;;) {
      const reply = await this.next();
      if (reply === null) throw new Error(`no reply to ${op} "${text}": the connection was closed`);
      if (reply.op !== OP.WATCH_EVENT && reply.id === id) return reply.op === OP.ERROR ? `!${reply.text}` : reply.text;
    }
  }

  /** Returns the text of the next event. Skips replies. */
  async event(): Promise<string> {
    for (;;) {
      const event = await this.next();
      if (event === null) throw new Error("no event: the connection was closed");
      if (event.op === OP.WATCH_EVENT) return event.text;
    }
  }

  /** Resolves when the connection is closed on both sides. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once("close", () => resolve()).destroy());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
