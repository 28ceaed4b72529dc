// Watches the lives of all domains: lists them again at each event of the store, and delivers what happened.

import { SharedSignals } from "../client/abort.ts";
import type { Client } from "../client/client.ts";
import type { Monitor } from "../client/monitor.ts";
import { BoundedQueue } from "../client/queue.ts";
import { ConnectionError } from "../transport/errors.ts";
import { checkedWhole, checkOptions, type OptionNames } from "../wire/checks.ts";
import { XenStoreError } from "../wire/errors.ts";
import { Changes, type Named } from "./changes.ts";
import type { Domain } from "./domain.ts";
import type { DomainEvent, LifecycleEvent } from "./lifecycle.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import type { DomainSource } from "./sources.ts";

/** The options of {@linkcode watchDomains}. */
export interface WatchDomainsOptions {
  /**
   * The sources of what the store cannot tell. Each is read at every list.
   *
   * @default []
   */
  readonly sources?: readonly DomainSource[] | undefined;
  /**
   * The time after which the domains are listed again without an event of the store, in milliseconds from 1. Neither a
   * pause nor a definition causes an event.
   *
   * @default undefined, which lists at events of the store only
   */
  readonly interval?: number | undefined;
  /**
   * The largest number of events that wait to be taken, from 1.
   *
   * @default 4096
   */
  readonly limit?: number | undefined;
  /**
   * Ends the watch, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const WATCH_OPTIONS: OptionNames<WatchDomainsOptions> = { sources: true, interval: true, limit: true, signal: true };
const DEFAULT_LIMIT = 4096;
const INTERVAL_MAX = 2 ** 31 - 1;
const INTRODUCE = "@introduceDomain";
const RELEASE = "@releaseDomain";
/** The pause after a list that no attempt completed, since domains came and went. */
const RETRY_MS = 20;

/**
 * Watches the lives of all domains, with libvirt's types of events.
 *
 * The watch begins immediately. It watches the store before it lists the domains for the first time, so that no event
 * is lost in between. It lists them again after each introduction and each release of a domain. Only what differs
 * between two lists is an event. If the store numbers its events (Xen 4.22), a domain that came and went between two
 * lists is reported as well.
 *
 * @param client A client of domain 0.
 * @param options The sources, an interval, and the signal that ends the watch.
 * @returns The events, as an async iterator that must be closed or taken to its end.
 * @throws {TypeError} If an option is unknown.
 * @throws {RangeError} If `interval` or `limit` is invalid.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { watchDomains } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await using events = watchDomains(store);
 * await events.ready;
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * for await (const event of events) {
 *   if (event.type === "started") console.log(event.id, event.name, event.detail); // 5 web booted
 *   break;
 * }
 * ```
 */
export function watchDomains(client: Client, options: WatchDomainsOptions = {}): DomainWatch {
  checkOptions("watchDomains", options, WATCH_OPTIONS);
  if (options.interval !== undefined) checkedWhole("interval", options.interval, 1, INTERVAL_MAX);
  if (options.limit !== undefined) checkedWhole("limit", options.limit, 1);
  return new DomainWatch(client, options);
}

/**
 * The events of the lives of all domains.
 *
 * The iterator fails with the signal's reason, with the error of a list that failed, or with a
 * {@linkcode ConnectionError} if the connection is lost for good. The events that came before are delivered first.
 */
export class DomainWatch implements AsyncIterableIterator<DomainEvent>, AsyncDisposable {
  /** The domains of the first list, after which every change is an event. The promise fails if the list fails. */
  readonly ready: Promise<readonly Domain[]>;
  readonly #client: Client;
  readonly #options: WatchDomainsOptions;
  readonly #queue: BoundedQueue<LifecycleEvent, null>;
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;
  #pushed = 0;
  #introduced = new Set<number>();
  #released = new Set<number>();
  #isDue = true;
  #wake: () => void = () => {};

  /**
   * For {@linkcode watchDomains}.
   *
   * @internal
   */
  constructor(client: Client, options: WatchDomainsOptions, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#options = options;
    const { limit = DEFAULT_LIMIT, signal } = options;
    this.#queue = new BoundedQueue({ limit, originOf: () => null, isGone: () => false }, new SharedSignals());
    const abort = () => this.#ending.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    let onReady: (domains: readonly Domain[]) => void = () => {};
    let onFailure: (error: unknown) => void = () => {};
    this.ready = new Promise((resolve, reject) => [onReady, onFailure] = [resolve, reject]);
    // A caller that takes events only learns of the failure from them.
    this.ready.catch(() => {});
    this.#ended = this.#run(now, onReady).then(() => undefined, (error: unknown) => error).then((error) => {
      signal?.removeEventListener("abort", abort);
      onFailure(error ?? new ConnectionError("the watch was closed before the first list"));
      this.#queue.end(error);
    });
  }

  /**
   * Waits for the next event.
   *
   * @returns The event, or the end after {@linkcode close}.
   */
  async next(): Promise<IteratorResult<DomainEvent, undefined>> {
    const taken = await this.#queue.take(true, undefined, this);
    if (taken === null) return { done: true, value: undefined };
    return { done: false, value: "lost" in taken ? { type: "overflow", lost: taken.lost } : taken.item };
  }

  /**
   * Closes the watch, as a loop does that is left.
   *
   * @returns The end.
   */
  async return(): Promise<IteratorResult<DomainEvent, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Returns the iterator itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends the events, and removes the watches of the store. Closing twice is fine. */
  async close(): Promise<void> {
    this.#ending.abort(CLOSED);
    this.#queue.end();
    this.#queue.leave(this);
    await this.#ended;
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(now: () => number, onReady: (domains: readonly Domain[]) => void): Promise<void> {
    const { signal } = this.#ending;
    const monitor = this.#client.monitor();
    try {
      // The watches come before the first list: what happens between them is a change of the second list.
      await Promise.all([INTRODUCE, RELEASE].map((path) => watchNumbered(monitor, path, signal)));
      await Promise.race([this.#gather(monitor, signal), this.#list(now, onReady, signal)]);
    } catch (error) {
      if (signal.aborted && signal.reason === CLOSED) return;
      throw error;
    } finally {
      this.#ending.abort(CLOSED);
      this.#wake();
      // After an abort nothing waits for the store, which may be silent.
      if (this.#options.signal?.aborted) monitor.close({ signal: this.#options.signal }).catch(() => {});
      else await monitor.close();
    }
  }

  /** Notes the events of the store, and the numbers in them. Ends with the connection. */
  async #gather(monitor: Monitor, signal: AbortSignal): Promise<never> {
    for await (const event of monitor.wait({ signal })) {
      if (event.type === "change") {
        const [special, number = ""] = event.path.split("/");
        if (/^\d+$/.test(number)) (special === INTRODUCE ? this.#introduced : this.#released).add(Number(number));
      }
      this.#look();
    }
    throw new ConnectionError("the client was closed");
  }

  /** Lists the domains whenever an event has come since the last list began. */
  async #list(
    now: () => number,
    onReady: (domains: readonly Domain[]) => void,
    signal: AbortSignal,
  ): Promise<never> {
    let changes: Changes | null = null;
    for (;;) {
      await this.#due(signal);
      const named: Named = { introduced: this.#introduced, released: this.#released };
      [this.#introduced, this.#released] = [new Set(), new Set()];
      const snapshot = await this.#snapshot(signal);
      if (snapshot === null) {
        // The numbers count for the next list.
        for (const id of named.introduced) this.#introduced.add(id);
        for (const id of named.released) this.#released.add(id);
      } else if (changes === null) {
        changes = new Changes(snapshot, now);
        onReady(snapshot.domains);
      } else for (const event of changes.next(snapshot, named)) this.#queue.push(`${++this.#pushed}`, event);
    }
  }

  /** Takes a list. Returns `null` if another attempt must follow. */
  async #snapshot(signal: AbortSignal): Promise<Snapshot | null> {
    try {
      return await takeSnapshot(this.#client, this.#options.sources ?? [], signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // An event follows a reconnection, and the end of the events the end of the connection.
      if (error instanceof ConnectionError) return null;
      if (!(error instanceof XenStoreError) || error.code !== "EAGAIN") throw error;
      setTimeout(() => this.#look(), RETRY_MS);
      return null;
    }
  }

  /** Waits until a list is due. */
  async #due(signal: AbortSignal): Promise<void> {
    const { interval } = this.#options;
    if (!this.#isDue) {
      const timer = interval === undefined ? undefined : setTimeout(() => this.#look(), interval);
      await new Promise<void>((resolve) => this.#wake = resolve);
      clearTimeout(timer);
    }
    signal.throwIfAborted();
    this.#isDue = false;
  }

  #look(): void {
    this.#isDue = true;
    this.#wake();
  }
}

/** The reason of an end by the caller. */
const CLOSED = Symbol("closed");

/** Watches a special node, with the numbers of the domains if the store tells them. */
async function watchNumbered(monitor: Monitor, path: string, signal: AbortSignal): Promise<void> {
  try {
    await monitor.watch(path, undefined, { depth: 1, signal });
  } catch (error) {
    if (!(error instanceof XenStoreError) || error.code !== "ENOSYS") throw error;
    await monitor.watch(path, undefined, { signal });
  }
}
