// The base class of long-lived objects with events and private data.

import type { EventCallback } from "./callbacks.ts";
import type { EventName } from "./classes.ts";
import type { Reporter, ReporterOptions } from "./reporter.ts";
import { Reporting } from "./reporting.ts";
import type { EventIterator, EventStreamOptions } from "./stream.ts";

/** An object with events and private data. */
export abstract class Reported {
  readonly #reporting: Reporting;

  /**
   * For the classes of such objects.
   *
   * @internal
   */
  constructor(options: ReporterOptions = {}) {
    this.#reporting = new Reporting(options);
  }

  /**
   * Raises the events of the object.
   *
   * @internal
   */
  protected get reporter(): Reporter {
    return this.#reporting.reporter;
  }

  /**
   * Raises the event of closing, then drops callbacks, streams and private data.
   *
   * @internal
   */
  protected closeReporting(): void {
    this.#reporting.close();
  }

  /**
   * Registers a callback for classes of events.
   *
   * Callbacks are called synchronously and in the order of registration, until they are deleted or the object
   * closes. A callback that throws causes a `warning` event, and stops neither the other callbacks nor the
   * operation.
   * A callback that is added during an event is first called for the next event.
   *
   * @param callback The function to call, with the event, the handle and the object.
   * @param mask The sum of the bits of {@linkcode EventClass}, from 0 to {@linkcode EVENT_ALL}.
   * @returns The handle, a whole number from 1. No handle is used twice.
   * @throws {RangeError} If the mask has a bit of no class.
   * @throws {TypeError} If the callback is not a function.
   */
  setEventCallback(callback: EventCallback<this>, mask: number): number {
    return this.#reporting.setEventCallback(callback, mask, this);
  }

  /**
   * Deletes a callback.
   *
   * @param handle The handle of the callback. An unknown handle is ignored.
   */
  deleteEventCallback(handle: number): void {
    this.#reporting.reporter.delete(handle);
  }

  /**
   * Registers a callback that is deleted by disposing of the result.
   *
   * @param maskOrName The mask of the classes, or the name of one class.
   * @param callback The function to call, as in {@linkcode setEventCallback}.
   * @returns An object whose disposal deletes the callback.
   * @throws {RangeError} If the mask or the name is not of a class.
   * @throws {TypeError} If the callback is not a function.
   */
  on(maskOrName: number | EventName, callback: EventCallback<this>): Disposable {
    return this.#reporting.on(maskOrName, callback, this);
  }

  /**
   * Iterates over events from now on, and waits for each.
   *
   * The iterator ends when the object closes, after the events that wait. Leaving the loop ends the iterator. A slow
   * reader receives one overflow event with the number of lost events.
   *
   * @param maskOrName The mask of the classes, or the name of one class.
   * @param options How many events may wait, and the signal that ends the wait.
   * @returns An async iterator of the events.
   * @throws {RangeError} If the mask or the name is not of a class, or `limit` is not a whole number from 1.
   * @throws {TypeError} If an option is unknown.
   */
  events(maskOrName: number | EventName, options: EventStreamOptions = {}): EventIterator {
    return this.#reporting.events(maskOrName, options);
  }

  /**
   * Lets messages of the library go to standard error if no callback takes them.
   *
   * @param on Whether they do. Before the first call, `TSXS_DEBUG` decides.
   */
  setVerbose(on: boolean): void {
    this.#reporting.reporter.verbose = on;
  }

  /**
   * Tells whether messages of the library go to standard error.
   *
   * @returns Whether they do.
   */
  getVerbose(): boolean {
    return this.#reporting.reporter.verbose;
  }

  /**
   * Lets traces of requests and replies go to standard error if no callback takes them. Values are cut at 256 bytes.
   *
   * @param on Whether they do. Before the first call, `TSXS_TRACE` decides.
   */
  setTrace(on: boolean): void {
    this.#reporting.reporter.trace = on;
  }

  /**
   * Tells whether traces go to standard error.
   *
   * @returns Whether they do.
   */
  getTrace(): boolean {
    return this.#reporting.reporter.trace;
  }

  /**
   * Attaches a value to the object until the object closes. The value is never disposed of.
   *
   * @param key The name of the value. Names that begin with `_` belong to the library.
   * @param value The value. `null` and `undefined` remove the value that the key has.
   * @throws {RangeError} If the key begins with `_`.
   * @throws {TypeError} If the key is not a string.
   */
  setPrivate(key: string, value: unknown): void {
    this.#reporting.privateData.set(key, value);
  }

  /**
   * Returns an attached value.
   *
   * @param key The name of the value.
   * @returns The value; `undefined` if the key has none.
   */
  getPrivate(key: string): unknown {
    return this.#reporting.privateData.get(key);
  }

  /**
   * Removes an attached value, as setting it to `null` does.
   *
   * @param key The name of the value, which need not exist.
   */
  deletePrivate(key: string): void {
    this.#reporting.privateData.set(key, null);
  }

  /**
   * Returns all attached values.
   *
   * @returns A copy of the entries, in the order in which the keys were set first.
   */
  privateEntries(): [key: string, value: unknown][] {
    return this.#reporting.privateData.entries();
  }

  /**
   * Starts a walk over the attached values, as programs for libguestfs do it. {@linkcode privateEntries} is simpler.
   *
   * @returns The first entry, or `null` if there are no entries.
   */
  firstPrivate(): [key: string, value: unknown] | null {
    return this.#reporting.privateData.first();
  }

  /**
   * Continues the walk of {@linkcode firstPrivate}. A change of an attached value ends the walk.
   *
   * @returns The next entry, or `null` at the end.
   */
  nextPrivate(): [key: string, value: unknown] | null {
    return this.#reporting.privateData.next();
  }
}
