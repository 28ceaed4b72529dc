// The line of an accepted connection on Deno, over a Deno.UnixConn.

import type { LineUser } from "./line.ts";
import { type AcceptedLine, ROOM } from "./listening.ts";

/** What of Deno's own API is used here, so that the other runtimes' checkers need none of its types. */
export interface UnixConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
  unref(): void;
}

/** The size of the first buffer, and the size after a read that fills it. */
const INITIAL_SIZE = 4096;
const RECEIVE_SIZE = 65536;

/** A line over a connection. */
export class DenoLine implements AcceptedLine {
  readonly #conn: UnixConn;
  #user: LineUser | null = null;
  #onOver: () => void = () => {};
  #receiving: Promise<void> = Promise.resolve();
  #state: "open" | "ending" | "over" = "open";
  #isPaused = false;
  #wake: () => void = () => {};
  /** Bytes that wait for the write in flight: Deno allows one write at a time. */
  #waiting: Uint8Array[] = [];
  #unsent = 0;
  #isWriting = false;
  #isFull = false;

  /** Takes the connection. */
  constructor(conn: UnixConn) {
    this.#conn = conn;
  }

  start(user: LineUser, onOver: () => void): void {
    if (this.#state === "over") return onOver();
    this.#user = user;
    this.#onOver = onOver;
    this.#receiving = this.#receive(user);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.#waiting.push(new Uint8Array(bytes));
    this.#unsent += bytes.length;
    if (!this.#isWriting) void this.#write();
    this.#isFull ||= this.#unsent >= ROOM;
    return !this.#isFull;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  close(): void {
    this.#user = null;
    this.#endSoon();
  }

  async end(): Promise<void> {
    // The user is not told within the caller's turn.
    await Promise.resolve();
    this.#endSoon();
    await this.#receiving;
  }

  unref(): void {
    this.#conn.unref();
  }

  /** Ends the connection after the waiting bytes were sent. */
  #end(): void {
    if (this.#isWriting) this.#state = "ending";
    else this.#over();
  }

  /** The same, but what the system does not take within a turn is dropped: the client does not read. */
  #endSoon(): void {
    if (this.#state === "over") return;
    this.#end();
    if (this.#isWriting) setTimeout(() => this.#over(), 0);
  }

  #over(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#conn.close();
    this.#wake();
    this.#onOver();
    this.#user?.closed();
  }

  async #receive(user: LineUser): Promise<void> {
    let buffer = new Uint8Array(INITIAL_SIZE);
    while (this.#state === "open") {
      let length: number | null;
      try {
        length = await this.#conn.read(buffer);
      } catch {
        return this.#over();
      }
      while (this.#isPaused && this.#state === "open") await new Promise<void>((resolve) => this.#wake = resolve);
      if (this.#state !== "open") return;
      // A client that has sent all it wants still receives what was written for it.
      if (length === null) return this.#end();
      user.receive(buffer.subarray(0, length));
      if (length === INITIAL_SIZE && length === buffer.length) buffer = new Uint8Array(RECEIVE_SIZE);
    }
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#waiting.length > 0) await this.#writeAll(this.#waiting.splice(0));
    } catch {
      return this.#over();
    }
    this.#isWriting = false;
    if (this.#state === "ending") return this.#over();
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#user?.drained();
  }

  async #writeAll(batch: Uint8Array[]): Promise<void> {
    for (const bytes of batch) {
      // A write may take a part only.
      for (let done = 0; done < bytes.length;) done += await this.#conn.write(bytes.subarray(done));
      this.#unsent -= bytes.length;
    }
  }
}
