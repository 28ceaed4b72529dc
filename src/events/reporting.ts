// What every long-lived object offers about its events and its private data.

import type { EventCallback } from "./callbacks.ts";
import { checkMask, type EventName, maskOf, valueText } from "./classes.ts";
import { PrivateData } from "./private_data.ts";
import { Reporter, type ReporterOptions } from "./reporter.ts";
import { DEFAULT_LIMIT, type EventIterator, type EventStreamOptions } from "./stream.ts";

/** The events and the private data of an object, with the checks of arguments. */
export class Reporting {
  /** Raises the events. */
  readonly reporter: Reporter;
  readonly #private = new PrivateData();
  readonly #check: (options: EventStreamOptions) => void;

  /** Makes the events of an object. */
  constructor(options: ReporterOptions = {}) {
    this.reporter = new Reporter(options);
    this.#check = options.check ?? (() => {});
  }

  /** Registers a callback of `source` for the classes of a mask. Returns its handle. */
  setEventCallback<S>(callback: EventCallback<S>, mask: number, source: S): number {
    return this.#register(callback, mask, source, "setEventCallback");
  }

  /** Registers a callback of `source`, which the returned object deletes when it is disposed of. */
  on<S>(maskOrName: number | EventName, callback: EventCallback<S>, source: S): Disposable {
    const handle = this.#register(callback, maskOf(maskOrName, "on"), source, "on");
    return { [Symbol.dispose]: () => this.reporter.delete(handle) };
  }

  /** Iterates over events. */
  events(maskOrName: number | EventName, options: EventStreamOptions = {}): EventIterator {
    this.#check(options);
    const { limit = DEFAULT_LIMIT } = options;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`events: limit is ${valueText(limit)}: expected a whole number from 1`);
    }
    return this.reporter.stream(maskOf(maskOrName, "events"), options);
  }

  /** The private data. */
  get privateData(): PrivateData {
    return this.#private;
  }

  /** Raises the event of closing, then drops callbacks, streams and private data. */
  close(): void {
    this.reporter.close();
    this.#private.clear();
  }

  #register<S>(callback: EventCallback<S>, mask: number, source: S, operation: string): number {
    if (typeof callback !== "function") {
      throw new TypeError(`${operation}: the callback is a function: got ${typeof callback}`);
    }
    checkMask(mask, operation);
    return this.reporter.add((event, handle) => callback(event, handle, source), mask);
  }
}
