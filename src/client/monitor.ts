// The monitor: sets watches, keeps them over reconnections, and delivers their events.

import { refuseClones } from "../transport/uncloneable.ts";
import { errnoError, InvalidPayloadError, XenStoreError } from "../wire/errors.ts";
import { checkedWhole, checkOptions, kindFault } from "../wire/checks.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { toLatin1 } from "../wire/text.ts";
import { ConnectionError } from "../transport/errors.ts";
import {
  checkedPath,
  checkedString,
  NO_OPTIONS,
  type Path,
  REQUEST_OPTIONS,
  type RequestOptions,
  signalOf,
} from "./arguments.ts";
import { ValueLimit } from "./known_values.ts";
import { BoundedQueue } from "./queue.ts";
import { Deliveries } from "./deliveries.ts";
import { bytesReply, okReply } from "./replies.ts";
import type { Router } from "./router.ts";
import {
  type Arrival,
  MONITOR_OPTIONS,
  type MonitorOptions,
  WAIT_OPTIONS,
  type WaitOptions,
  Watch,
  WATCH_OPTIONS,
  type WatchOptions,
} from "./watch.ts";
import type { MonitorEvent } from "./watch_events.ts";
import { Watches } from "./watches.ts";

const DEFAULT_LIMIT = 4096;
/** The bytes of the values that the watches of a monitor remember. */
const VALUES_MAX = 32 << 20;

/** How a client controls a monitor of its own. */
export interface MonitorControl {
  /** Notes the watches that exist now. The returned function forgets them, after the store has dropped them. */
  losing(): () => void;
  /** Sets all watches again over another connection. */
  resume(router: Router): Promise<void>;
  /** Ends the events: with an error, or because the client was closed. */
  end(error?: unknown): void;
}

/** Makes a monitor known to its client. The returned function makes the client forget it. */
export type Attach = (control: MonitorControl) => () => void;

/**
 * Sets watches and delivers their events, over the connection of its client.
 *
 * Tokens belong to the monitor: two monitors may use the same token. A slow consumer delays neither other monitors nor
 * replies. Identical events that wait are merged; events beyond the limit are counted.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 *
 * await using store = await connect();
 * await using monitor = store.monitor();
 * await monitor.watch("/tool/example", "my token");
 * for await (const event of monitor) {
 *   if (event.type === "change") console.log(event.path, event.token); // /tool/example my token
 *   break;
 * }
 * ```
 */
export class Monitor implements AsyncDisposable, AsyncIterable<MonitorEvent> {
  readonly #queue: BoundedQueue<Arrival, Watch | null>;
  readonly #valueLimit = new ValueLimit(VALUES_MAX);
  readonly #detach: () => void;
  #router: Router;
  readonly #watches = new Watches();
  #generated = 0;
  #established = 0;
  #closed = false;
  #closing: Promise<void> | null = null;
  /** Why the events ended, if neither the monitor nor the client was closed by the caller. */
  #reason: unknown;

  /**
   * For the client: {@linkcode Client.monitor} makes a monitor.
   *
   * @internal
   */
  constructor(router: Router, options: MonitorOptions, attach: Attach) {
    checkOptions("monitor", options, MONITOR_OPTIONS);
    const { limit = DEFAULT_LIMIT } = options;
    checkedWhole("limit", limit, 1);
    this.#router = router;
    const isGone = (watch: Watch | null) => watch !== null && !watch.live;
    this.#queue = new BoundedQueue({ limit, originOf: ({ watch }: Arrival) => watch, isGone }, router.signals);
    this.#detach = attach({
      losing: () => this.#losing(),
      resume: (router) => this.#resume(router),
      end: (error) => this.#end(error),
    });
    refuseClones(this);
  }

  /** The paths that are watched. */
  get watched(): ReadonlySet<string> {
    return new Set(this.#watches.all().map(({ path }) => path));
  }

  /**
   * Watches a node and everything below it. The first event comes immediately.
   *
   * @param path The node, which need not exist, or `@introduceDomain` or `@releaseDomain`.
   * @param token The token that the events carry. Without it, the monitor makes one.
   * @param options How deep the watch goes, and the signal that ends the wait.
   * @returns The token.
   * @throws {XenStoreError} If this monitor watches the path with that token already: EEXIST. If a guest exceeds a
   *   quota: ENOSPC or E2BIG. If the depth needs a store that knows depth: ENOSYS.
   * @throws {RangeError} If `depth` is not a whole number from 0, or values are wanted of a special node.
   */
  async watch(path: Path, token?: string | Uint8Array, options: WatchOptions = {}): Promise<string> {
    const checked = checkedPath(path, Operation.WATCH);
    const label = token === undefined ? this.#newToken() : tokenText(token, Operation.WATCH, checked);
    const signal = signalOf(Operation.WATCH, options, WATCH_OPTIONS);
    const { depth, values } = options;
    if (depth !== undefined) checkedWhole("depth", depth, 0);
    if (values === true && checked.startsWith("@")) throw new RangeError(`WATCH "${checked}": this node has no value`);
    if (this.#closed) throw closedError(this.#reason, "WATCH", checked);
    if (this.#watches.find(checked, label) !== undefined) {
      throw errnoError("EEXIST", { operation: "WATCH", path: checked });
    }
    const watch = new Watch(checked, label, options, { queue: this.#queue, valueLimit: this.#valueLimit });
    this.#watches.add(watch);
    try {
      await this.#establish(watch, signal);
    } catch (error) {
      this.#forget(watch);
      throw error;
    }
    return label;
  }

  /**
   * Removes a watch. Its events that were not taken yet are dropped, unless {@linkcode wait} asks for them.
   *
   * @param path The path of the watch.
   * @param token The token of the watch.
   * @param options The signal that ends the wait, but not the removal.
   * @throws {XenStoreError} If this monitor does not watch the path with that token: ENOENT. A watch that only the
   *   store has lost is fine.
   */
  async unwatch(path: Path, token: string | Uint8Array, options: RequestOptions = NO_OPTIONS): Promise<void> {
    const checked = checkedPath(path, Operation.UNWATCH);
    const signal = signalOf(Operation.UNWATCH, options);
    const watch = this.#watches.find(checked, tokenText(token, Operation.UNWATCH, checked));
    if (watch === undefined) throw errnoError("ENOENT", { operation: "UNWATCH", path: checked });
    this.#forget(watch);
    // The signal ends the wait alone: the store removes the watch in any case.
    await this.#router.signals.wait(this.#remove(this.#router, watch), signal);
  }

  /**
   * Iterates over the events, and waits for each.
   *
   * The iterator ends when the monitor or its client is closed. It fails with a {@linkcode ConnectionError} when the
   * connection is lost for good. The events that came before are delivered first in both cases. The monitor stays as it
   * is when a loop is left. Two loops share the events between them.
   *
   * @param options Whether events of removed watches count, and the signal that ends the wait.
   * @returns An async iterator of the events.
   */
  wait(options: WaitOptions = {}): AsyncIterableIterator<MonitorEvent> {
    checkOptions("wait", options, WAIT_OPTIONS);
    return new Deliveries({
      queue: this.#queue,
      watches: () => this.#watches.all(),
      wait: (promise, signal) => this.#router.signals.wait(promise, signal),
      read: (path, signal) => this.#read(path, signal),
    }, options);
  }

  /** Iterates as {@linkcode wait} does. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MonitorEvent> {
    return this.wait();
  }

  /**
   * Makes a stream of the events, which takes an event only when its reader asks for one.
   *
   * @param options Whether events of removed watches count, and the signal that ends the wait.
   * @returns The stream.
   */
  stream(options: WaitOptions = {}): ReadableStream<MonitorEvent> {
    checkOptions("stream", options, WAIT_OPTIONS);
    const { signal } = options;
    const end = new AbortController();
    const events = this.wait({ ...options, signal: end.signal });
    return new ReadableStream({
      pull: async (controller) => {
        const release = signal && this.#router.signals.add(signal, () => end.abort(signal.reason));
        const { done, value } = await events.next().finally(release);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => end.abort(reason),
    }, { highWaterMark: 0 });
  }

  /**
   * Removes all watches and ends every wait. Closing twice is fine, also after the end of the connection.
   *
   * If the store sends nothing for 5 seconds, the connection of the client is given up, and the monitor is closed.
   *
   * @param options The signal that ends the wait, but not the removal.
   */
  async close(options: RequestOptions = NO_OPTIONS): Promise<void> {
    checkOptions("close", options, REQUEST_OPTIONS);
    const closing = this.#closing ??= this.#close();
    await this.#router.cleanUp(closing, options.signal);
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#detach();
    const watches = this.#watches.all();
    this.#losing()();
    this.#queue.end();
    const removals = await Promise.allSettled(watches.map((watch) => this.#remove(this.#router, watch)));
    for (const removal of removals) {
      if (removal.status === "rejected" && !(removal.reason instanceof ConnectionError)) throw removal.reason;
    }
  }

  #losing(): () => void {
    const watches = this.#watches.all();
    return () => watches.forEach((watch) => this.#forget(watch));
  }

  async #resume(router: Router): Promise<void> {
    this.#router = router;
    this.#queue.push("reconnected", { event: { type: "reconnected" }, watch: null });
    await Promise.all(
      this.#watches.all().map(async (watch) => {
        try {
          await this.#establish(watch);
          watch.refresh();
        } catch (error) {
          if (watch.live) throw error;
        }
      }),
    );
  }

  #end(error?: unknown): void {
    this.#closed = true;
    this.#reason = error;
    this.#queue.end(error);
  }

  async #establish(watch: Watch, signal?: AbortSignal): Promise<void> {
    const router = this.#router;
    const { path, depth } = watch;
    watch.wireToken = "";
    const parts: string[] = [];
    if (depth !== undefined && await router.signals.wait(this.#storeKnowsDepth(router, watch), signal)) {
      parts.push(`${depth}`);
    }
    signal?.throwIfAborted();
    if (!watch.live) {
      throw new XenStoreError("ENOENT", "the watch was removed before it was set", { operation: "WATCH", path });
    }
    const token = router.newToken();
    watch.wireToken = token;
    watch.key = `${++this.#established}`;
    // Subscribed before the request is sent: the first event may precede the reply.
    watch.expectInitial();
    router.subscribe(token, watch);
    const request = { operation: Operation.WATCH, transactionId: 0, path, parts: [path, token, ...parts], signal };
    const undo = () => void this.#remove(router, watch).catch(() => {});
    try {
      await router.request({ ...request, parse: okReply, undo });
    } catch (error) {
      router.unsubscribe(token);
      throw error;
    }
  }

  async #storeKnowsDepth(router: Router, { path }: Watch): Promise<boolean> {
    if (await router.knowsWatchDepth()) return true;
    if (!path.startsWith("@")) return false;
    throw new XenStoreError("ENOSYS", "the store does not know the depth of watches", { operation: "WATCH", path });
  }

  async #remove(router: Router, { path, wireToken }: Watch): Promise<void> {
    // The watch was never requested. It is not live, so it will not be requested either.
    if (wireToken === "") return;
    try {
      const operation = Operation.UNWATCH;
      await router.request({ operation, transactionId: 0, path, parts: [path, wireToken], parse: okReply });
    } catch (error) {
      const gone = error instanceof XenStoreError && error.code === "ENOENT" && !(error instanceof ConnectionError);
      if (!gone) throw error;
    } finally {
      router.unsubscribe(wireToken);
    }
  }

  async #read(path: string, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
    const request = { operation: Operation.READ, transactionId: 0, path, parts: [path], parse: bytesReply, signal };
    try {
      return await this.#router.request(request);
    } catch (error) {
      // The C daemon tells a guest EACCES of a node that does not exist, too.
      const isAbsent = error instanceof XenStoreError && (error.code === "ENOENT" || error.code === "EACCES");
      if (isAbsent && !(error instanceof ConnectionError)) return null;
      throw error;
    }
  }

  #forget(watch: Watch): void {
    watch.end();
    this.#queue.forget(watch);
    this.#watches.delete(watch);
  }

  #newToken(): string {
    for (;;) {
      const token = `watch-${++this.#generated}`;
      if (!this.#watches.hasToken(token)) return token;
    }
  }
}

function tokenText(token: string | Uint8Array, operation: Operation, path: string): string {
  if (typeof token === "string") return checkedString(token, operation, path);
  if (token instanceof Uint8Array) return checkedString(toLatin1(token), operation, path);
  throw new InvalidPayloadError(kindFault("a token", token), { operation: operationName(operation), path });
}

function closedError(cause: unknown, operation: string, path: string): ConnectionError {
  const reason = cause instanceof XenStoreError ? cause.message : "the monitor was closed";
  return new ConnectionError(reason, { operation, path, cause });
}
