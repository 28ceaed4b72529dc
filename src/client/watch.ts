// The options of watches, and one watch of a monitor.

import type { OptionNames } from "../wire/checks.ts";
import { levelsBelow } from "../wire/path.ts";
import type { RequestOptions } from "./arguments.ts";
import type { BoundedQueue } from "./queue.ts";
import type { Subscriber } from "./request.ts";
import type { ValueLimit } from "./known_values.ts";
import type { ChangeEvent, MonitorEvent } from "./watch_events.ts";
import { WatchedValues } from "./watched_values.ts";

/** The options of a monitor. */
export interface MonitorOptions {
  /**
   * The largest number of events that wait to be taken, from 1. Identical events count once.
   *
   * @default 4096
   */
  readonly limit?: number;
}

/** The options of a watch. */
export interface WatchOptions extends RequestOptions {
  /**
   * How many levels below the path fire events: 0 for the node alone, 1 for the node and its children.
   *
   * A store that knows depth (Xen 4.22) sends no other events; otherwise the monitor drops them. With a depth of 1, the
   * events of `@introduceDomain` and `@releaseDomain` name the domain; for these the store must know depth.
   *
   * @default all levels
   */
  readonly depth?: number;
  /**
   * Whether the event comes that every store sends when a watch is set, before anything changed.
   *
   * @default true
   */
  readonly initial?: boolean;
  /**
   * Whether to read the node after each event, and to deliver a {@linkcode ValueEvent} in place of a
   * {@linkcode ChangeEvent}.
   *
   * Events of one node that wait are one read. Values are delivered in order; a value that did not change is not
   * delivered, except the first. A node that a guest may not read counts as one that does not exist. The removal of a
   * node whose value the watch has not delivered is `null` after `previous: null`.
   *
   * If a node is removed and made again before it is read, the watch delivers the node if its value is another one, and
   * does not deliver the removal of the nodes below it.
   *
   * The watch remembers the values that it delivered, until it reads that their nodes are gone. It forgets all of them
   * after an {@linkcode OverflowEvent} for lost events of this watch. It also does if the watches of the monitor
   * remember more than 32 MiB, and this watch most of it. The next event of each node then delivers the value also if
   * it has not changed, with `previous: null`.
   *
   * @default false
   */
  readonly values?: boolean;
}

/** The options of a wait for events. */
export interface WaitOptions {
  /**
   * Whether to deliver events whose watch was removed after they came.
   *
   * @default false
   */
  readonly unwatched?: boolean;
  /**
   * Ends the wait, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** The names of the options of a monitor. */
export const MONITOR_OPTIONS: OptionNames<MonitorOptions> = { limit: true };

/** The names of the options of a watch. */
export const WATCH_OPTIONS: OptionNames<WatchOptions> = { depth: true, initial: true, values: true, signal: true };

/** The names of the options of a wait. */
export const WAIT_OPTIONS: OptionNames<WaitOptions> = { unwatched: true, signal: true };

/** What the watches of a monitor share. */
export interface WatchContext {
  /** The events that wait. */
  readonly queue: BoundedQueue<Arrival, Watch | null>;
  /** The limit of the values that the watches remember. */
  readonly valueLimit: ValueLimit;
}

/** A watch as it was requested, and its token on the wire, which is unique within the connection. */
export class Watch implements Subscriber {
  readonly path: string;
  readonly token: string;
  readonly depth: number | undefined;
  /** Empty before the watch is requested. */
  wireToken = "";
  /** Distinguishes the events of this watch from those of an earlier watch, which may have had the same token. */
  key = "";
  live = true;
  /** The values that it remembers, if the watch delivers values. */
  readonly values: WatchedValues | null;
  readonly #queue: BoundedQueue<Arrival, Watch | null>;
  readonly #initial: boolean;
  /** Whether the next event is the one that the store sends for setting the watch, and is not wanted. */
  #skipsNext = false;

  constructor(path: string, token: string, options: WatchOptions, { queue, valueLimit }: WatchContext) {
    this.path = path;
    this.token = token;
    this.depth = options.depth;
    this.values = options.values === true ? new WatchedValues(path, token, valueLimit) : null;
    this.#initial = options.initial ?? true;
    this.#queue = queue;
  }

  /** Notes that the watch is about to be set. */
  expectInitial(): void {
    this.#skipsNext = !this.#initial;
  }

  deliver(path: string): void {
    if (this.#skipsNext) {
      this.#skipsNext = false;
      return;
    }
    if (this.depth !== undefined && !this.path.startsWith("@")) {
      const levels = levelsBelow(this.path, path);
      if (levels !== null && levels > this.depth) return;
    }
    this.redeliver(path);
  }

  /** Adds an event that does not come from the store, and is wanted in any case. */
  redeliver(path: string): void {
    const event: ChangeEvent = { type: "change", path, token: this.token };
    this.#queue.push(`${this.key}\0${path}`, { event, watch: this });
  }

  /** Lets every value be read again that was delivered before the connection was lost. */
  refresh(): void {
    for (const path of this.values?.takeStale() ?? []) this.redeliver(path);
  }

  /** Notes that the watch is removed. */
  end(): void {
    this.live = false;
    this.values?.close();
  }
}

/** An event that waits, and the watch that caused it, if one did. */
export interface Arrival {
  readonly event: MonitorEvent;
  readonly watch: Watch | null;
}
