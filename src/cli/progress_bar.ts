// A progress bar on a terminal, drawn from progress events and kept apart from other output.

import type { TsxsEvent } from "../events/classes.ts";
import { FIRST_AFTER, type ProgressClock } from "../events/progress.ts";
import { barText } from "./bar_text.ts";
import { bytesOf, utf8Of } from "./bytes.ts";
import type { Terminal } from "./invocation.ts";
import { TimeLeft, timeText } from "./time_left.ts";

/** A terminal with fewer columns gets lines with the position and the total. */
const COLUMNS_MIN = 32;
const ERASE = "\r\x1b[K";
const LINE_END = 10;
const SECOND = 1000;

/** What a bar needs to know of its surroundings. */
export interface BarOptions {
  readonly terminal: Terminal;
  /** Whether the terminal takes no control sequences: it gets lines then. */
  readonly isDumb: boolean;
  readonly isUtf8: boolean;
  readonly clock: ProgressClock;
}

/** Draws a bar for the operation that reported last. */
export class ProgressBar {
  readonly #options: BarOptions;
  /** The operation of the bar. */
  #key = "";
  #start = 0;
  #left = new TimeLeft();
  #count = 0;
  #text = "";
  /** Whether other output left the cursor within a line. */
  #isLineOpen = false;

  /** Makes a bar. It draws nothing before the first event. */
  constructor(options: BarOptions) {
    this.#options = options;
  }

  /** Notes the start of an operation, by its number and the number of its run. */
  begin(operationNumber: number, serial: number): void {
    this.#isLineOpen = false;
    this.#restart(`${operationNumber} ${serial}`, this.#options.clock.now());
  }

  /** Draws a progress event. The last event of an operation erases the bar. Other events draw nothing. */
  show(event: TsxsEvent): void {
    if (event.type !== "progress") return;
    const { operationNumber, serial, position, total } = event;
    const { terminal, clock, isUtf8, isDumb } = this.#options;
    const key = `${operationNumber} ${serial}`;
    // The first event of an operation comes so long after its start.
    if (key !== this.#key) this.#restart(key, clock.now() - FIRST_AFTER);
    const columns = terminal.columns();
    if (isDumb || columns === null || columns < COLUMNS_MIN) return this.#write(`${position}/${total}\n`);
    this.erase();
    if (position >= total) return;
    const isPulse = position === 0 && total === 1;
    const left = isPulse ? null : this.#left.add((clock.now() - this.#start) / SECOND, position / total);
    this.#text = barText({ position, total, columns, isUtf8, count: this.#count++, time: timeText(left) });
    if (!this.#isLineOpen) this.#write(this.#text);
  }

  /** Removes the bar from the terminal. */
  erase(): void {
    if (this.#text !== "" && !this.#isLineOpen) this.#write(ERASE);
    this.#text = "";
  }

  /** Writes other output to the same terminal: the bar is erased before it, and drawn again after a whole line. */
  apart(write: (bytes: Uint8Array) => void, bytes: Uint8Array): void {
    const text = this.#text;
    this.erase();
    write(bytes);
    this.#isLineOpen = bytes.at(-1) !== LINE_END;
    this.#text = text;
    if (text !== "" && !this.#isLineOpen) this.#write(text);
  }

  #restart(key: string, start: number): void {
    this.erase();
    this.#key = key;
    this.#start = start;
    this.#left = new TimeLeft();
    this.#count = 0;
  }

  #write(text: string): void {
    try {
      this.#options.terminal.write(bytesOf(utf8Of(text)));
    } catch { /* a terminal that is gone shows nothing */ }
  }
}
