// pyxs's monitor: watches, and the events that they bring.

import { levelsBelow } from "../../src/wire/path.ts";
import type { Client } from "./client.ts";
import { type Event, eventOf } from "./connection.ts";
import { ConnectionError } from "./exceptions.ts";
import { type Bytes, check_watch_path, text } from "./helpers.ts";
import { Op } from "./packet.ts";
import type { Subscriber } from "./router.ts";

interface Watch {
  readonly path: string;
  readonly token: string;
  readonly wire: string;
}

/**
 * Watches nodes. Made by {@linkcode Client.monitor}; works over the device as well, and monitors never get each other's events.
 *
 * @example
 * ```ts
 * import { Client } from "tsxs/pyxs";
 *
 * using c = new Client();
 * using m = c.monitor();
 * m.watch("/tool/example", "a token");
 * for (const { path, token } of m.wait()) {
 *   console.log(path, token); // /tool/example a token
 *   break;
 * }
 * ```
 */
export class Monitor implements Subscriber {
  /** A copy of the client that made it. */
  readonly client: Client;
  readonly #watches: Watch[] = [];
  readonly #ended = new Map<string, string>();
  #events: Event[] = [];
  #onClose: () => void;
  /** Which of the router's connections has the watches, 0 as long as there are none. */
  #generation = 0;

  /** Makes a monitor of a client; `on_close` is called when it is closed. */
  constructor(client: Client, on_close: () => void = () => {}) {
    this.client = client;
    this.#onClose = on_close;
  }

  /** The paths that are watched. */
  get watched(): Set<string> {
    return new Set(this.#watches.map(({ path }) => path));
  }

  /** Watches a node and all below it, or a special path. Throws {@linkcode InvalidPath}, and what the store says. */
  watch(wpath: Bytes, token: Bytes): void {
    const path = check_watch_path(wpath);
    this.#checkConnection();
    const same = this.#watches.find((watch) => watch.token === text(token));
    const wire = same?.wire ?? this.client.router.new_token();
    const { router } = this.client;
    // Before the request: the first event may come before its answer.
    if (same === undefined) router.subscribe(wire, this);
    try {
      this.client.ack(Op.WATCH, `${path}\0`, `${wire}\0`);
    } catch (error) {
      if (same === undefined) router.unsubscribe(wire, this);
      throw error;
    }
    this.#watches.push({ path, token: text(token), wire });
    this.#generation = router.connection.generation;
  }

  /** Ends a watch. Throws what the store says, where there is none. */
  unwatch(wpath: Bytes, token: Bytes): void {
    const path = check_watch_path(wpath);
    const at = this.#watches.findIndex((watch) => watch.path === path && watch.token === text(token));
    const wire = this.#watches[at]?.wire ?? "0";
    this.#checkConnection();
    this.client.ack(Op.UNWATCH, `${path}\0`, `${wire}\0`);
    this.#watches.splice(at, 1);
    this.#ended.set(wire, text(token));
    if (!this.#watches.some((watch) => watch.wire === wire)) this.client.router.unsubscribe(wire, this);
  }

  /**
   * Gives events for ever, and waits for each. Those whose watch was ended meanwhile are left out, unless `unwatched` is
   * true. Throws {@linkcode ConnectionError} when the connection is over, even where the client has connected again: that
   * one has none of the watches.
   */
  *wait(unwatched = false): Generator<Event, void, undefined> {
    for (;;) {
      const event = this.#take();
      if (event === undefined) {
        this.#checkConnection();
        this.client.router.wait_event(Infinity);
        continue;
      }
      const { path, token: wire } = event;
      const watch = this.#watches.find((watch) => watch.wire === wire && isAtOrBelow(path, watch.path));
      const token = watch?.token ?? (unwatched ? this.#ended.get(wire) : undefined);
      if (token !== undefined) yield eventOf(path, token);
    }
  }

  /** Ends all watches. Throws {@linkcode ConnectionError} where they ended with their connection. */
  close(): void {
    const onClose = this.#onClose;
    this.#onClose = () => {};
    try {
      for (const { path, token } of [...this.#watches]) this.unwatch(path, token);
    } finally {
      onClose();
    }
  }

  /** Takes an event from the router. */
  deliver(event: Event): void {
    this.#events.push(event);
  }

  /** Python's way into a `with`: the monitor itself. */
  __enter__(): this {
    return this;
  }

  /** Python's way out of a `with`: closes it. */
  __exit__(): void {
    this.close();
  }

  /** Closes it, if the connection is still there: for `using`. */
  [Symbol.dispose](): void {
    if (this.#isLost || !this.client.router.is_connected) this.#forget();
    this.close();
  }

  get #isLost(): boolean {
    return this.#generation !== 0 && this.#generation !== this.client.router.connection.generation;
  }

  #checkConnection(): void {
    if (!this.#isLost) return;
    this.#forget();
    throw new ConnectionError("the connection that had the watches is over");
  }

  #forget(): void {
    for (const { wire } of this.#watches.splice(0)) this.client.router.unsubscribe(wire, this);
  }

  #take(): Event | undefined {
    return this.#events.shift();
  }
}

/** An event of a relative watch has a relative path; a special path has nothing below it. */
function isAtOrBelow(path: string, watched: string): boolean {
  return levelsBelow(watched, path) !== null;
}
