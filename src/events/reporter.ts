// Reports the events of one object: to its callbacks, or to standard error if a class has none.

import { Callbacks, type Listener } from "./callbacks.ts";
import { EventClass, type TsxsEvent } from "./classes.ts";
import { escaped } from "./escape.ts";
import { EventStream, type EventStreamOptions } from "./stream.ts";

const { APPLIANCE, LIBRARY, TRACE, WARNING } = EventClass;

/** What a reporter gets from its surroundings. */
export interface ReporterOptions {
  /** Reads a variable of the environment; `undefined` if it is not set, or may not be read. */
  readonly variable?: (name: string) => string | undefined;
  /** Writes a line to standard error. */
  readonly write?: (line: string) => void;
  /** Throws if the options of a stream have an unknown key. */
  readonly check?: (options: EventStreamOptions) => void;
}

/** Reports the events of one object. `wanted` says which events are worth making. */
export class Reporter {
  readonly #callbacks = new Callbacks();
  readonly #streams = new Set<EventStream>();
  readonly #write: (line: string) => void;
  #verbose: boolean;
  #trace: boolean;
  #wanted = 0;

  /** Makes a reporter, with the toggles of the environment. */
  constructor({ variable = () => undefined, write = writeError }: ReporterOptions = {}) {
    this.#write = write;
    const warnings: string[] = [];
    const toggle = (name: string): boolean => {
      const text = variable(name);
      const value = text === undefined ? false : parseToggle(text);
      if (value === null) {
        warnings.push(`${name} is ${JSON.stringify(text)}: expected 1, true, t, yes, y, on or 0, false, f, no, n, off`);
      }
      return value ?? false;
    };
    this.#verbose = toggle("TSXS_DEBUG");
    this.#trace = toggle("TSXS_TRACE");
    this.#refresh();
    for (const text of warnings) this.warn(text);
  }

  /** The classes that a callback or standard error takes now. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Whether library and daemon messages without a callback go to standard error. */
  get verbose(): boolean {
    return this.#verbose;
  }

  set verbose(on: boolean) {
    this.#verbose = on;
    this.#refresh();
  }

  /** Whether traces without a callback go to standard error. */
  get trace(): boolean {
    return this.#trace;
  }

  set trace(on: boolean) {
    this.#trace = on;
    this.#refresh();
  }

  /** Adds a callback for the classes of a mask. Returns its handle. */
  add(callback: Listener, mask: number): number {
    const handle = this.#callbacks.add(callback, mask);
    this.#refresh();
    return handle;
  }

  /** Deletes a callback. An unknown handle is ignored. */
  delete(handle: number): void {
    this.#callbacks.delete(handle);
    this.#refresh();
  }

  /** Starts a stream of the events of a mask, which ends with the object. */
  stream(mask: number, options: EventStreamOptions): EventStream {
    let handle = 0;
    const stream = new EventStream(() => {
      this.delete(handle);
      this.#streams.delete(stream);
    }, options);
    if (options.signal?.aborted) return stream;
    handle = this.add((event) => stream.push(event), mask);
    this.#streams.add(stream);
    return stream;
  }

  /** Raises the event of closing, then deletes all callbacks and ends all streams. */
  close(): void {
    this.report({ type: "close", class: EventClass.CLOSE });
    for (const stream of [...this.#streams]) stream.end();
    this.#callbacks.clear();
    this.#refresh();
  }

  /** Works out which classes are wanted. */
  #refresh(): void {
    const printed = WARNING | (this.#trace ? TRACE : 0) | (this.#verbose ? LIBRARY | APPLIANCE : 0);
    this.#wanted = this.#callbacks.mask | printed;
  }

  /** Tells whether a class is wanted. */
  wants(bit: number): boolean {
    return (this.#wanted & bit) !== 0;
  }

  /** Raises an event. */
  report(event: TsxsEvent): void {
    if ((this.#wanted & event.class) === 0) return;
    if (!this.#callbacks.has(event.class)) return this.#print(event);
    this.#callbacks.deliver(event, (error, handle) => {
      const text = `a callback for ${event.type} events threw (handle ${handle}): ${messageOf(error)}`;
      // A callback for warnings that throws would be called for its own warning, without end.
      if (event.class === WARNING) this.#write(`tsxs: warning: ${escaped(text)}`);
      else this.warn(text, error);
    });
  }

  /** Raises a warning. */
  warn(text: string, cause?: unknown): void {
    this.report({ type: "warning", class: WARNING, text, cause });
  }

  /** Raises a message of the library. The text is made only if the event is wanted. */
  log(text: () => string): void {
    if (this.wants(LIBRARY)) this.report({ type: "library", class: LIBRARY, text: text() });
  }

  #print(event: TsxsEvent): void {
    // A daemon's message keeps its own line ends.
    if (event.class === APPLIANCE) this.#write(escaped(event.text.replace(/\n$/, ""), "\n\r"));
    else if (event.class === LIBRARY) this.#write(`tsxs: ${escaped(event.text)}`);
    else if (event.class === TRACE) this.#write(`tsxs: trace: ${escaped(event.text)}`);
    else if (event.class === WARNING) this.#write(`tsxs: warning: ${escaped(event.text)}`);
  }
}

function writeError(line: string): void {
  console.error(line);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

const ON = /^(?:1|true|t|yes|y|on)$/i;
const OFF = /^(?:0|false|f|no|n|off)?$/i;

/** Returns whether a text of the environment means on; `null` if it means neither on nor off. Empty means off. */
export function parseToggle(text: string): boolean | null {
  if (ON.test(text)) return true;
  return OFF.test(text) ? false : null;
}
