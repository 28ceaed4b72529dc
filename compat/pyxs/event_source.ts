// How pyxs's monitor gives its events: in a loop that blocks, in one that does not, and one at a time.

import { untilReady } from "../../src/blocking/readiness.ts";
import type { Event } from "./connection.ts";

/** The ways to wait for the events of a {@linkcode Monitor}. */
export abstract class EventSource {
  /**
   * Iterates over the events forever, and waits for each.
   *
   * Handlers of SIGHUP, SIGINT and SIGTERM run during the wait, except on Deno without `--allow-ffi` and over the
   * XenBus device by the transport `"descriptor"`.
   *
   * Events whose watch has ended are skipped, unless `unwatched` is true. The iteration fails with a {@linkcode
   * ConnectionError} when the connection is over, even if the client has connected again: the new connection has none
   * of the watches.
   *
   * @param unwatched Whether to deliver events of ended watches.
   * @returns A generator of the events.
   */
  *wait(unwatched = false): Generator<Event, void, undefined> {
    for (;;) {
      const event = this.take(unwatched);
      if (event === null) this.receive(Infinity);
      else yield event;
    }
  }

  /**
   * Waits until `wait()` would give an event without waiting. Not in pyxs.
   *
   * @param seconds The longest wait in seconds; without it, the wait has no end.
   * @returns Whether an event waits.
   * @throws {ConnectionError} If the connection is over.
   *
   * @example
   * ```ts
   * import { monitor } from "tsxs/pyxs";
   *
   * using m = monitor();
   * m.watch("/tool/example", "token");
   * if (m.wait_event(0.5)) console.log(m.wait().next().value?.path); // /tool/example
   * ```
   */
  wait_event(seconds: number = Infinity): boolean {
    const deadline = performance.now() + seconds * 1000;
    while (!this.has_event()) {
      const rest = deadline - performance.now();
      if (!this.receive(Math.max(0, rest)) && !(rest > 0)) return this.has_event();
    }
    return true;
  }

  /**
   * Waits as `wait_event()` does, but does not block: the event loop runs during the wait. Not in pyxs.
   *
   * @param seconds The longest wait in seconds; without it, the wait has no end.
   * @returns Whether an event waits.
   * @throws {ConnectionError} If the connection is over.
   *
   * @example
   * ```ts
   * import { monitor } from "tsxs/pyxs";
   *
   * using m = monitor();
   * m.watch("/tool/example", "token");
   * if (await m.event_ready(0.5)) console.log(m.wait().next().value?.path); // /tool/example
   * ```
   */
  async event_ready(seconds: number = Infinity): Promise<boolean> {
    return await this.#untilReady(() => this.wait_event(0), seconds);
  }

  /**
   * Iterates over the events without blocking. The iteration ends when the monitor is closed. Not in pyxs.
   *
   * @returns A generator of the events.
   * @throws {ConnectionError} If the connection is over.
   *
   * @example
   * ```ts
   * import { monitor } from "tsxs/pyxs";
   *
   * using m = monitor();
   * m.watch("/tool/example", "token");
   * for await (const { path } of m) {
   *   console.log(path); // /tool/example
   *   break;
   * }
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, undefined> {
    for (;;) {
      await this.#untilReady(() => this.is_closed || this.wait_event(0), Infinity);
      if (this.is_closed) return;
      const event = this.take(false);
      if (event !== null) yield event;
    }
  }

  /**
   * Whether the monitor was closed.
   *
   * @internal
   */
  protected abstract readonly is_closed: boolean;
  /**
   * Takes the oldest event to deliver; `null` if none waits.
   *
   * @internal
   */
  protected abstract take(unwatched: boolean): Event | null;
  /**
   * Tells whether an event of a watch that has not ended waits. Events of ended watches before it are dropped.
   *
   * @internal
   */
  protected abstract has_event(): boolean;
  /**
   * Waits at most `timeout` milliseconds for an event of any monitor. Returns whether one came.
   *
   * @internal
   */
  protected abstract receive(timeout: number): boolean;
  /**
   * Resolves if an event may have come, as the `changed()` of a transport.
   *
   * @internal
   */
  protected abstract changed(pause: number, rest: number): Promise<void>;

  #untilReady(isReady: () => boolean, seconds: number): Promise<boolean> {
    return untilReady(isReady, (pause, rest) => this.changed(pause, rest), seconds * 1000);
  }
}
