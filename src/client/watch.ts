// The options and events of watches, and one watch of a monitor.

import type { OptionNames } from "../wire/checks.ts";
import { levelsBelow } from "../wire/path.ts";
import type { RequestOptions } from "./arguments.ts";
import type { BoundedQueue } from "./queue.ts";
import type { Subscriber } from "./router.ts";

/**
 * A watched node or a node below it changed, or the watch was just set. Stores may send spurious events: read the
 * current state.
 */
export interface ChangeEvent {
  /** The kind of the event. */
  readonly type: "change";
  /** The path that changed: absolute, or relative if the watch is. */
  readonly path: string;
  /** The token of the watch. */
  readonly token: string;
}

/** Events were lost here, since the events before them were not taken in time: read all state again. */
export interface OverflowEvent {
  /** The kind of the event. */
  readonly type: "overflow";
  /** The number of lost events. */
  readonly lost: number;
}

/** The connection was lost and made again. Every watch is set again, which causes a change event that follows. */
export interface ReconnectedEvent {
  /** The kind of the event. */
  readonly type: "reconnected";
}

/** An event of a {@linkcode Monitor}. */
export type MonitorEvent = ChangeEvent | OverflowEvent | ReconnectedEvent;

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
export const WATCH_OPTIONS: OptionNames<WatchOptions> = { depth: true, signal: true };

/** The names of the options of a wait. */
export const WAIT_OPTIONS: OptionNames<WaitOptions> = { unwatched: true, signal: true };

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
  readonly #queue: BoundedQueue<Arrival>;

  constructor(path: string, token: string, depth: number | undefined, queue: BoundedQueue<Arrival>) {
    this.path = path;
    this.token = token;
    this.depth = depth;
    this.#queue = queue;
  }

  deliver(path: string): void {
    if (this.depth !== undefined && !this.path.startsWith("@")) {
      const levels = levelsBelow(this.path, path);
      if (levels !== null && levels > this.depth) return;
    }
    const event: ChangeEvent = { type: "change", path, token: this.token };
    this.#queue.push(`${this.key}\0${path}`, { event, watch: this });
  }
}

/** An event that waits, and the watch that caused it, if one did. */
export interface Arrival {
  readonly event: MonitorEvent;
  readonly watch: Watch | null;
}
