// What can be watched, what comes of it, and one watch.

import { levelsBelow } from "../wire/path.ts";
import type { RequestOptions } from "./arguments.ts";
import type { BoundedQueue } from "./queue.ts";
import type { Subscriber } from "./router.ts";

/**
 * A watched node, or one below it, changed; or the watch was just set. Spurious ones may come: read what is there now.
 */
export interface ChangeEvent {
  /** What kind of event this is. */
  readonly type: "change";
  /** The path that changed: absolute, or relative where the watch is. */
  readonly path: string;
  /** The token of the watch. */
  readonly token: string;
}

/** Events were lost here, because nobody took those before them: read again all that matters. */
export interface OverflowEvent {
  /** What kind of event this is. */
  readonly type: "overflow";
  /** How many were lost. */
  readonly lost: number;
}

/** The connection was lost and made again; all watches are set again, each with a change event that follows. */
export interface ReconnectedEvent {
  /** What kind of event this is. */
  readonly type: "reconnected";
}

/** What a {@linkcode Monitor} brings. */
export type MonitorEvent = ChangeEvent | OverflowEvent | ReconnectedEvent;

/** How to monitor. */
export interface MonitorOptions {
  /** How many events may wait to be taken; 4096 by default. Identical ones that wait count once. */
  readonly limit?: number;
}

/** How to watch. */
export interface WatchOptions extends RequestOptions {
  /**
   * How many levels below the path matter: 0 for the node alone, 1 for its children as well; all by default. A store
   * that knows depth (Xen 4.22) sends no others; elsewhere the monitor drops them. For `@introduceDomain` and
   * `@releaseDomain` a depth of 1 makes the events name the domain, and the store must know it.
   */
  readonly depth?: number;
}

/** How to wait for events. */
export interface WaitOptions {
  /** Whether events that came before their watch was removed, and were not taken by then, still count. */
  readonly unwatched?: boolean;
  /** Ends the wait, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A watch: what was asked for, and the token it has on the wire, which no other watch of the connection has. */
export class Watch implements Subscriber {
  readonly path: string;
  readonly token: string;
  readonly depth: number | undefined;
  /** Empty while it is not asked for. */
  wireToken = "";
  /**
   * Tells its events from those that wait of a watch before it, which may have had the same token on another
   * connection.
   */
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

/** An event that waits, and the watch that brought it, if one did. */
export interface Arrival {
  readonly event: MonitorEvent;
  readonly watch: Watch | null;
}
