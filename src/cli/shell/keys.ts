// The keys of the terminal on their way to the line editor, which gets them piece by piece.

import { Buffer } from "node:buffer";
import process from "node:process";
import { Readable } from "node:stream";

/** A key that the shell handles itself. Other keys are for the line editor. */
export type OwnKey = "\x03" | "\x04" | "\t";

const [CANCEL, END, TAB, RETURN, NEWLINE] = [0x03, 0x04, 0x09, 0x0d, 0x0a];
const own: ReadonlyMap<number, OwnKey> = new Map([[CANCEL, "\x03"], [END, "\x04"], [TAB, "\t"]]);

/** Takes keys from the terminal. The line editor listens to the events of this stream, and does not read from it. */
export class Keys extends Readable {
  readonly isTTY = true;
  #waiting: Buffer = Buffer.alloc(0);
  #onKeys: () => void = () => {};

  constructor() {
    super({ read: () => {} });
    process.stdin.on("data", (data: Uint8Array | string) => {
      this.#waiting = Buffer.concat([this.#waiting, typeof data === "string" ? Buffer.from(data) : data]);
      this.#onKeys();
    });
    this.stop();
  }

  /** Switches the terminal to raw mode, in which it neither edits lines nor sends signals for keys, or back. */
  setRawMode(isRaw: boolean): this {
    try {
      process.stdin.setRawMode(isRaw);
    } catch { /* the terminal is gone: the end of the input tells */ }
    return this;
  }

  /** Takes keys. `onKeys` is called when there are more. */
  listen(onKeys: () => void): void {
    this.#onKeys = onKeys;
    this.setRawMode(true);
    process.stdin.resume();
  }

  /** Leaves the terminal to the command that runs. */
  stop(): void {
    this.#onKeys = () => {};
    this.setRawMode(false);
    process.stdin.pause();
  }

  /**
   * Passes keys to the line editor, up to a key of the shell, which is returned, or the end of a line. Returns `null`
   * if no key is left, and `"line"` after a line.
   */
  pass(): OwnKey | "line" | null {
    const { length } = this.#waiting;
    if (length === 0) return null;
    const at = this.#waiting.findIndex((byte) => own.has(byte) || byte === RETURN || byte === NEWLINE);
    const found = own.get(this.#waiting[at] ?? 0);
    const end = at < 0 ? length : found === undefined ? at + 1 : at;
    const piece = this.#waiting.subarray(0, end);
    this.#waiting = this.#waiting.subarray(found === undefined ? end : end + 1);
    if (piece.length > 0) this.emit("data", piece);
    return found ?? (at < 0 ? null : "line");
  }
}
