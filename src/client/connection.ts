// A client's connection over its life: opened, lost, opened again, closed.

import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { XenStoreError } from "../wire/errors.ts";
import { operationName } from "../wire/operations.ts";
import { ConnectionError } from "../transport/errors.ts";
import type { SharedSignals } from "./abort.ts";
import { type Backoff, checkAttempts, pause, pauseBefore } from "./backoff.ts";
import type { MonitorControl } from "./monitor.ts";
import type { ReplyHandler, Request } from "./request.ts";
import { Router } from "./router.ts";
import type { Status } from "./status.ts";
import type { Connector } from "./store_address.ts";
import type { Tracer } from "./tracer.ts";

/** How a client connects again after the connection is lost. */
export interface ReconnectOptions {
  /**
   * The number of attempts before the client gives up, from 1.
   *
   * @default 10
   */
  readonly attempts?: number;
  /**
   * The random pauses before the attempts.
   *
   * @default up to 50 ms before the first attempt, doubling up to 5 s
   */
  readonly backoff?: Backoff;
}

const NOT_CONNECTED = "the client is not connected: call connect() first";
const RECONNECT_OPTIONS: OptionNames<ReconnectOptions> = { attempts: true, backoff: true };
const DEFAULTS = { attempts: 10, backoff: { initial: 50, max: 5000 } };

/** What a connection gets from its client. */
export interface ConnectionOptions {
  /** How to reconnect; `null` not to. */
  readonly policy: ReconnectOptions | null;
  /** Called asynchronously whenever the status changes. */
  readonly onStatus: (status: Status) => void;
  /** The signals of all waits of the client. */
  readonly signals: SharedSignals;
  /** Tells of the requests and of the connection. */
  readonly tracer: Tracer;
}

/** A connection that is being opened, and the number of callers that wait for it. */
interface Opening {
  readonly done: Promise<void>;
  readonly abort: AbortController;
  waiting: number;
}

/** Owns the transport and its router, and replaces both on reconnect. */
export class Connection {
  #connector: Connector;
  readonly #policy: ReconnectOptions | null;
  readonly #onStatus: (status: Status) => void;
  readonly #signals: SharedSignals;
  readonly #tracer: Tracer;
  readonly #monitors = new Set<MonitorControl>();
  #router: Router | null = null;
  #opening: Opening | null = null;
  #isHeld = true;
  /** Aborted by close(): ends every attempt. */
  #life = new AbortController();
  #address: string | undefined;
  /** Connecting again after a loss: resolves with why it was given up, if it was. */
  #recovery: Promise<XenStoreError | null> | null = null;

  /** Makes a connection that is not open. */
  constructor(connector: Connector, { policy, onStatus, signals, tracer }: ConnectionOptions) {
    if (policy !== null) {
      checkOptions("reconnect", policy, RECONNECT_OPTIONS);
      const { attempts = DEFAULTS.attempts, backoff = {} } = policy;
      checkAttempts(attempts, backoff);
    }
    this.#connector = connector;
    this.#policy = policy;
    this.#onStatus = onStatus;
    this.#signals = signals;
    this.#tracer = tracer;
  }

  /** Replaces what opens the transport. Throws a `RangeError` if the connection is open or being opened. */
  setConnector(connector: Connector): void {
    if (this.isConnected || this.#opening !== null || this.#recovery !== null) {
      throw new RangeError("cannot set the backend: the client is connected, or connects");
    }
    this.#connector = connector;
  }

  /** Whether the connection is open. */
  get isConnected(): boolean {
    return this.#router?.isConnected ?? false;
  }

  /** The address of the connection. */
  get address(): string | undefined {
    return this.#address;
  }

  /**
   * The router that requests go through. Throws if the connection was never opened; a lost connection fails each
   * request.
   */
  get router(): Router {
    if (this.#router === null) throw new ConnectionError(NOT_CONNECTED);
    return this.#router;
  }

  /** Sends a request. */
  request<T>(request: Request<T>): Promise<T> {
    return this.#router?.request(request) ?? Promise.reject(notConnected(request));
  }

  /** Sends a request and calls its handler with the result. Throws if the request cannot be sent. */
  send<T>(request: Request<T>, handler: ReplyHandler<T>): void {
    if (this.#router === null) throw notConnected(request);
    this.#router.send(request, handler);
  }

  /** Opens the connection, unless it is open or being opened. */
  async open(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    // The connection may be lost again immediately after it was opened.
    while (this.#recovery !== null && !this.isConnected) {
      const failure = await this.#signals.wait(this.#recovery, signal);
      if (failure !== null) throw failure;
    }
    if (this.isConnected) return;
    const opening = this.#opening ??= this.#start();
    opening.waiting++;
    try {
      await this.#signals.wait(opening.done, signal);
    } finally {
      // The last caller gave up. The connection may be open already.
      if (--opening.waiting === 0) opening.abort.abort(signal?.reason);
    }
  }

  /** Decides whether the connection keeps the process alive, as do those that follow it. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#router?.hold(isHeld);
  }

  /** Closes the connection, until it is opened again. */
  async close(): Promise<void> {
    this.#life.abort(new ConnectionError("the client was closed"));
    this.#life = new AbortController();
    this.#opening = null;
    const router = this.#router;
    if (router === null) return;
    const wasOpen = router.isConnected || this.#recovery !== null;
    this.#recovery = null;
    const closing = router.close();
    this.#endMonitors();
    if (wasOpen) this.#report({ type: "closed" });
    await closing;
  }

  /**
   * Adds a monitor, which hears of every change of the connection until the returned function is called. Throws if the
   * connection will not open again.
   */
  attach(monitor: MonitorControl): () => void {
    if (!this.isConnected && this.#recovery === null) throw new ConnectionError("the client is not connected");
    this.#monitors.add(monitor);
    return () => void this.#monitors.delete(monitor);
  }

  /** Notes the watches that exist now. The returned function forgets them, after the store has dropped them. */
  losingWatches(): () => void {
    const losses = [...this.#monitors].map((monitor) => monitor.losing());
    return () => losses.forEach((lose) => lose());
  }

  #start(): Opening {
    const abort = new AbortController();
    const life = this.#life.signal;
    const release = this.#signals.add(life, () => abort.abort(life.reason));
    const done = this.#open(abort.signal).finally(() => {
      release();
      if (this.#opening === opening) this.#opening = null;
    });
    const opening: Opening = { done, abort, waiting: 0 };
    return opening;
  }

  async #open(signal: AbortSignal): Promise<void> {
    this.#router = await this.#newRouter(signal);
    this.#report({ type: "connected", address: this.#address ?? "" });
  }

  async #newRouter(signal: AbortSignal): Promise<Router> {
    const opened = this.#connector(signal);
    try {
      const { transport, address } = await this.#signals.wait(opened, signal);
      signal.throwIfAborted();
      this.#address = address;
      const options = { signals: this.#signals, tracer: this.#tracer };
      const router = new Router(transport, (error) => this.#lost(error), options);
      if (!this.#isHeld) router.hold(false);
      return router;
    } catch (error) {
      // The transport opened after close(): it is not needed.
      if (signal.aborted) opened.then(({ transport }) => transport.close()).catch(() => {});
      throw error;
    }
  }

  #lost(error: ConnectionError): void {
    this.#report({ type: "disconnected", error });
    if (this.#policy === null) return this.#giveUp(error);
    const recovery = this.#reconnect(error, this.#policy, this.#life.signal);
    this.#recovery = recovery;
    // Another loss, or close(), may have put something else in its place by then.
    void recovery.then(() => {
      if (this.#recovery === recovery) this.#recovery = null;
    });
  }

  async #reconnect(
    error: ConnectionError,
    policy: ReconnectOptions,
    life: AbortSignal,
  ): Promise<XenStoreError | null> {
    const { attempts = DEFAULTS.attempts, backoff = {} } = policy;
    const progress = this.#tracer.progress("reconnect");
    let last: XenStoreError = error;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      progress.advance(attempt - 1, attempts);
      try {
        const length = pauseBefore(attempt, { ...DEFAULTS.backoff, ...backoff });
        await pause(length, this.#signals, life, this.#isHeld);
        const router = await this.#newRouter(life);
        this.#router = router;
        await this.#resume(router, attempt);
        progress.done();
        return null;
      } catch (failure) {
        this.#tracer.log(() => `attempt ${attempt} of ${attempts} to connect again failed: ${messageOf(failure)}`);
        if (life.aborted) {
          progress.fail();
          return life.reason;
        }
        last = failure instanceof XenStoreError
          ? failure
          : new ConnectionError("cannot connect again", { cause: failure });
      }
    }
    progress.fail();
    this.#giveUp(last);
    return last;
  }

  async #resume(router: Router, attempts: number): Promise<void> {
    this.#report({ type: "reconnected", address: this.#address ?? "", attempts });
    await Promise.all([...this.#monitors].map(async (monitor) => {
      try {
        await monitor.resume(router);
      } catch (error) {
        // A connection that was lost again is looked after by itself; a store that refuses the watch is final.
        if (!(error instanceof ConnectionError)) monitor.end(error);
      }
    }));
  }

  #giveUp(error: XenStoreError): void {
    this.#endMonitors(error);
    this.#report({ type: "closed", error });
  }

  #endMonitors(error?: XenStoreError): void {
    for (const monitor of this.#monitors) monitor.end(error);
    this.#monitors.clear();
  }

  /** Reports asynchronously, so that an error of the listener does not reach the connection. */
  #report(status: Status): void {
    queueMicrotask(() => this.#onStatus(status));
    this.#tracer.status(status);
  }
}

function notConnected<T>({ operation, path }: Request<T>): ConnectionError {
  return new ConnectionError(NOT_CONNECTED, { operation: operationName(operation), path });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
