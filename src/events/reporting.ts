// What every long-lived object offers about its events and its private data.

import type { EventCallback } from "./callbacks.ts";
import { checkMask, type EventName, maskOf } from "./classes.ts";
import { PrivateData } from "./private_data.ts";
import { Reporter, type ReporterOptions } from "./reporter.ts";
import { DEFAULT_LIMIT, type EventIterator, type EventStreamOptions } from "./stream.ts";

/** The events and the private data of an object, with the checks of arguments. */
export class Reporting<S> {
  /** Raises the events. */
  readonly reporter: Reporter<S>;
  readonly #private = new PrivateData();

  /** Makes the events of `source`. */
  constructor(source: S, options: ReporterOptions = {}) {
    this.reporter = new Reporter(source, options);
  }

  /** Registers a callback for the classes of a mask. Returns its handle. */
  setEventCallback(callback: EventCallback<S>, mask: number): number {
    if (typeof callback !== "function") {
      throw new TypeError(`setEventCallback: the callback is a function: got ${typeof callback}`);
    }
    checkMask(mask, "setEventCallback");
    return this.reporter.add(callback, mask);
  }

  /** Registers a callback, which the returned object deletes when it is disposed of. */
  on(maskOrName: number | EventName, callback: EventCallback<S>): Disposable {
    const handle = this.setEventCallback(callback, maskOf(maskOrName, "on"));
    return { [Symbol.dispose]: () => this.reporter.delete(handle) };
  }

  /** Iterates over events. */
  events(maskOrName: number | EventName, options: EventStreamOptions = {}): EventIterator {
    const { limit = DEFAULT_LIMIT } = options;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`events: limit is ${limit}: expected a whole number from 1`);
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
}
