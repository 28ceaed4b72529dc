// Writes the records of a trace as they happen.

import { bytesOf, utf8Of } from "../bytes.ts";
import { OutputError } from "../invocation.ts";
import { type Happening, headLine, recordLine, type TraceRecord } from "./record.ts";
import { headText, recordText } from "./text.ts";

const MILLISECONDS = 1000;

/** The form of the lines. */
export type Form = "text" | "json";

/** Takes bytes and returns when all are written. Throws the system's error. */
export type Write = (bytes: Uint8Array) => void;

/** Writes records. A record that cannot be written is the last one: the connections go on without a trace. */
export class Recorder {
  /** Resolves with the error of the first write that fails. */
  readonly failed: Promise<OutputError>;
  readonly #write: Write;
  readonly #form: Form;
  readonly #started = performance.now();
  #text = "";
  #isBroken = false;
  #onFailed: (error: OutputError) => void = () => {};

  constructor(write: Write, form: Form) {
    this.#write = write;
    this.#form = form;
    this.failed = new Promise((resolve) => this.#onFailed = resolve);
  }

  /** Whether a write has failed. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Writes the first line, with the address of the store. */
  begin(address: string): void {
    const now = new Date();
    this.#text += this.#form === "json" ? headLine(address, now) : headText(utf8Of(address), now);
    this.flush();
  }

  /** Adds the record of what happens on a connection now. */
  add(connection: number, happening: Happening): void {
    if (this.#isBroken) return;
    const record: TraceRecord = {
      ...happening,
      time: (performance.now() - this.#started) / MILLISECONDS,
      connection,
    };
    this.#text += this.#form === "json" ? recordLine(record) : recordText(record);
  }

  /** Writes what was added. */
  flush(): void {
    const bytes = bytesOf(this.#text);
    this.#text = "";
    if (this.#isBroken || bytes.length === 0) return;
    try {
      this.#write(bytes);
    } catch (error) {
      this.#isBroken = true;
      this.#onFailed(new OutputError(error));
    }
  }
}
