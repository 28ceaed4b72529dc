// What a client offers about its events, its private data, and what is printed of them.

import type { EventCallback } from "../events/callbacks.ts";
import type { EventName } from "../events/classes.ts";
import type { Reporter } from "../events/reporter.ts";
import { Reporting } from "../events/reporting.ts";
import type { EventIterator, EventStreamOptions } from "../events/stream.ts";
import { grantedVariable } from "../transport/address.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { DomainOperations } from "./domains.ts";
import type { NodeContext } from "./node_context.ts";

const STREAM_OPTIONS: OptionNames<EventStreamOptions> = { signal: true, limit: true };

/** The events and the private data of a client. */
export abstract class ReportingClient extends DomainOperations {
  readonly #reporting: Reporting;

  /**
   * For the client, which knows how its requests are sent.
   *
   * @internal
   */
  constructor(context: NodeContext) {
    super(context);
    const check = (options: EventStreamOptions) => checkOptions("events", options, STREAM_OPTIONS);
    this.#reporting = new Reporting({ variable: grantedVariable, check });
  }

  /**
   * Raises the events of the client.
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
   * Callbacks are called synchronously and in the order of registration, until they are deleted or the client
   * closes. A callback that throws causes a `warning` event, and stops neither the other callbacks nor the
   * operation.
   * A callback that is added during an event is first called for the next event.
   *
   * @param callback The function to call, with the event, the handle and the client.
   * @param mask The sum of the bits of {@linkcode EventClass}, from 0 to {@linkcode EVENT_ALL}.
   * @returns The handle, a whole number from 1. No handle is used twice.
   * @throws {RangeError} If the mask has a bit of no class.
   * @throws {TypeError} If the callback is not a function.
   *
   * @example
   * ```ts
   * import { Client, EventClass } from "tsxs";
   *
   * const store = new Client("embedded:");
   * store.setEventCallback((event) => console.log(event.type), EventClass.LAUNCH_DONE | EventClass.CLOSE);
   * await store.connect(); // launch_done
   * await store.close(); // close
   * ```
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
   *
   * @example
   * ```ts
   * import { connect } from "tsxs";
   *
   * await using store = await connect("embedded:");
   * {
   *   using _traces = store.on("trace", (event) => console.log(event.type));
   *   await store.exists("/tool");
   * }
   * await store.exists("/not/traced");
   * ```
   */
  on(maskOrName: number | EventName, callback: EventCallback<this>): Disposable {
    return this.#reporting.on(maskOrName, callback, this);
  }

  /**
   * Iterates over events from now on, and waits for each.
   *
   * The iterator ends when the client closes, after the events that wait. Leaving the loop ends the iterator. A slow
   * reader receives one overflow event with the number of lost events.
   *
   * @param maskOrName The mask of the classes, or the name of one class.
   * @param options How many events may wait, and the signal that ends the wait.
   * @returns An async iterator of the events.
   * @throws {RangeError} If the mask or the name is not of a class, or `limit` is not a whole number from 1.
   * @throws {TypeError} If an option is unknown.
   *
   * @example
   * ```ts
   * import { connect, EventClass } from "tsxs";
   *
   * const store = await connect("embedded:");
   * const events = store.events(EventClass.TRACE | EventClass.CLOSE);
   * await store.exists("/tool");
   * await store.close();
   * for await (const event of events) console.log(event.type); // trace, trace, close
   * ```
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
   * Attaches a value to the client until the client closes. The value is never disposed of.
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
