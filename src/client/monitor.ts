// The monitor: sets watches, keeps them, and hands out what they bring.

import { errnoError, InvalidPayloadError, XenStoreError } from "../wire/errors.ts";
import { checkedWhole, kindFault } from "../wire/checks.ts";
import { Operation, operationName } from "../wire/operations.ts";
import { toLatin1 } from "../wire/text.ts";
import { ConnectionError } from "../transport/errors.ts";
import { checkedPath, checkedString, type Path, type RequestOptions } from "./arguments.ts";
import { BoundedQueue } from "./queue.ts";
import { okReply } from "./replies.ts";
import type { Router } from "./router.ts";
import {
  type Arrival,
  type MonitorEvent,
  type MonitorOptions,
  type WaitOptions,
  Watch,
  type WatchOptions,
} from "./watch.ts";

const DEFAULT_LIMIT = 4096;

/** What a client does with a monitor of its own. */
export interface MonitorControl {
  /** Notes which watches there are; what is returned makes them forgotten, for the store has dropped them. */
  losing(): () => void;
  /** Sets all watches again, over another connection. */
  resume(router: Router): Promise<void>;
  /** There will be no more events: for a reason, or because the client was closed. */
  end(error?: unknown): void;
}

/** Makes a monitor known to its client; returns what makes it forgotten. */
export type Attach = (control: MonitorControl) => () => void;

/**
 * Sets watches and brings their events, over its client's connection. Tokens are the monitor's own affair: two monitors
 * may use the same one. A consumer that is slow delays nobody; events that it does not take in time are merged and then
 * counted.
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
  readonly #queue: BoundedQueue<Arrival>;
  readonly #detach: () => void;
  #router: Router;
  #watches: Watch[] = [];
  #generated = 0;
  #established = 0;
  #closed = false;
  /** Why there will be no more events, where it was not this side's wish. */
  #reason: unknown;

  /** For the client: {@linkcode Client.monitor} makes one. @internal */
  constructor(router: Router, { limit = DEFAULT_LIMIT }: MonitorOptions, attach: Attach) {
    checkedWhole("limit", limit, 1);
    this.#router = router;
    this.#queue = new BoundedQueue(limit, ({ watch }) => watch !== null && !watch.live, router.signals);
    this.#detach = attach({
      losing: () => this.#losing(),
      resume: (router) => this.#resume(router),
      end: (error) => this.#end(error),
    });
  }

  /** The paths that are watched. */
  get watched(): ReadonlySet<string> {
    return new Set(this.#watches.map(({ path }) => path));
  }

  /**
   * Watches a path: a node, which need not exist, and all below it, or `@introduceDomain` or `@releaseDomain`. One
   * event comes at once. Resolves with the token that the events carry, one of the monitor's own where none is given.
   * Rejects with EEXIST where this monitor watches the path with that token, with ENOSPC or E2BIG where a guest's quota
   * says so, and with ENOSYS where the store would have to know depth.
   */
  async watch(path: Path, token?: string | Uint8Array, options: WatchOptions = {}): Promise<string> {
    const checked = checkedPath(path, Operation.WATCH);
    const label = token === undefined ? this.#newToken() : tokenText(token, Operation.WATCH, checked);
    const { depth, signal } = options;
    if (depth !== undefined) checkedWhole("depth", depth, 0);
    if (this.#closed) throw closedError(this.#reason, "WATCH", checked);
    if (this.#find(checked, label) !== undefined) throw errnoError("EEXIST", { operation: "WATCH", path: checked });
    const watch = new Watch(checked, label, depth, this.#queue);
    this.#watches.push(watch);
    try {
      await this.#establish(watch, signal);
    } catch (error) {
      this.#forget(watch);
      throw error;
    }
    return label;
  }

  /**
   * Removes a watch. Its events that nobody took yet are dropped, unless {@linkcode wait} is told otherwise. Rejects
   * with ENOENT where this monitor does not watch the path with that token; one that the store has lost meanwhile is
   * fine.
   */
  async unwatch(path: Path, token: string | Uint8Array, { signal }: RequestOptions = {}): Promise<void> {
    const checked = checkedPath(path, Operation.UNWATCH);
    const watch = this.#find(checked, tokenText(token, Operation.UNWATCH, checked));
    if (watch === undefined) throw errnoError("ENOENT", { operation: "UNWATCH", path: checked });
    this.#forget(watch);
    // Whatever the signal says: it ends the wait alone, and not the store's part of it.
    await this.#router.signals.wait(this.#remove(this.#router, watch), signal);
  }

  /**
   * The events as they come; waits for each. Ends when the monitor or its client is closed, and fails with a
   * {@linkcode ConnectionError} when the connection is lost for good, both after the events that came before. Leaving a
   * loop leaves the monitor as it is; two loops share the events between them.
   */
  wait({ unwatched = false, signal }: WaitOptions = {}): AsyncIterableIterator<MonitorEvent> {
    const accepts = ({ watch }: Arrival) => watch === null || watch.live || unwatched;
    let done = false;
    const iterator: AsyncIterableIterator<MonitorEvent> = {
      next: async () => {
        const taken = done ? null : await this.#queue.take(accepts, signal, iterator);
        if (taken === null) return { done: true, value: undefined };
        return { done: false, value: "lost" in taken ? { type: "overflow", lost: taken.lost } : taken.item.event };
      },
      return: () => {
        done = true;
        this.#queue.leave(iterator);
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** The events as {@linkcode wait} gives them. */
  [Symbol.asyncIterator](): AsyncIterableIterator<MonitorEvent> {
    return this.wait();
  }

  /** The events as {@linkcode wait} gives them, as a stream that takes one only when it is asked for one. */
  stream(options: WaitOptions = {}): ReadableStream<MonitorEvent> {
    const cancelled = new AbortController();
    const signal = options.signal === undefined
      ? cancelled.signal
      : AbortSignal.any([options.signal, cancelled.signal]);
    const events = this.wait({ ...options, signal });
    return new ReadableStream({
      async pull(controller) {
        const { done, value } = await events.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => cancelled.abort(reason),
    }, { highWaterMark: 0 });
  }

  /** Removes all watches and ends every wait. Closing twice is fine, and so is a connection that is over. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#detach();
    const watches = this.#watches;
    this.#losing()();
    this.#queue.end();
    const removals = await Promise.allSettled(watches.map((watch) => this.#remove(this.#router, watch)));
    for (const removal of removals) {
      if (removal.status === "rejected" && !(removal.reason instanceof ConnectionError)) throw removal.reason;
    }
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #losing(): () => void {
    const watches = [...this.#watches];
    return () => watches.forEach((watch) => this.#forget(watch));
  }

  async #resume(router: Router): Promise<void> {
    this.#router = router;
    this.#queue.push("reconnected", { event: { type: "reconnected" }, watch: null });
    await Promise.all(this.#watches.map(async (watch) => {
      try {
        await this.#establish(watch);
      } catch (error) {
        if (watch.live) throw error;
      }
    }));
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
    if (!watch.live) throw new XenStoreError("ENOENT", "the watch was removed meanwhile", { operation: "WATCH", path });
    const token = router.newToken();
    watch.wireToken = token;
    watch.key = `${++this.#established}`;
    // Before the request: the first event may come before its reply.
    router.subscribe(token, watch);
    const request = { operation: Operation.WATCH, transactionId: 0, path, parts: [path, token, ...parts], signal };
    const undo = () => void this.#remove(router, watch).catch(() => {});
    try {
      await router.request({ ...request, parse: okReply, undo });
    } catch (error) {
      if (!signal?.aborted) router.unsubscribe(token);
      throw error;
    }
  }

  async #storeKnowsDepth(router: Router, { path }: Watch): Promise<boolean> {
    if (await router.knowsWatchDepth()) return true;
    if (!path.startsWith("@")) return false;
    throw new XenStoreError("ENOSYS", "the store knows no depth of watches", { operation: "WATCH", path });
  }

  async #remove(router: Router, { path, wireToken }: Watch): Promise<void> {
    // Not asked for yet, and as it is not live, it will not be.
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

  #find(path: string, token: string): Watch | undefined {
    return this.#watches.find((watch) => watch.path === path && watch.token === token);
  }

  #forget(watch: Watch): void {
    watch.live = false;
    this.#queue.age();
    this.#watches = this.#watches.filter((other) => other !== watch);
  }

  #newToken(): string {
    for (;;) {
      const token = `watch-${++this.#generated}`;
      if (!this.#watches.some((watch) => watch.token === token)) return token;
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
