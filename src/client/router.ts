// One connection: sends requests, matches replies by id, and delivers watch events.

import { Decoder, FrameError } from "../wire/decoder.ts";
import { Encoder } from "../wire/encoder.ts";
import { errnoError, InvalidPayloadError, XenStoreError } from "../wire/errors.ts";
import type { Packet } from "../wire/header.ts";
import { Feature, Operation, operationName } from "../wire/operations.ts";
import { splitStrings, TextError, toLatin1, withoutNul } from "../wire/text.ts";
import { SharedSignals } from "./abort.ts";
import { afterTime, CleanUps } from "./clean_up.ts";
import { PendingTable, type Waiting } from "./pending.ts";
import { numberReply, PayloadError } from "./replies.ts";
import type { ReplyHandler, Request, RouterOptions, Subscriber } from "./request.ts";
import { lost, unexpected } from "./router_errors.ts";
import type { LongOperation, RequestTrace, Tracer } from "./tracer.ts";
import type { Progress } from "../events/progress.ts";
import { ConnectionError, UnexpectedPacketError } from "../transport/errors.ts";
import { codeOf } from "../wire/system_errors.ts";
import type { Traits, Transport } from "../transport/transport.ts";

/** A request in flight. Its handler changes when the caller stops waiting. */
interface Pending extends Waiting {
  readonly operation: Operation;
  readonly path: string | undefined;
  readonly parse: (payload: Uint8Array) => unknown;
  handler: ReplyHandler<never>;
  /** Removes the signal's listener. */
  release: () => void;
  /** What tells of the request, if anything listens. */
  readonly trace: RequestTrace | null;
}

const nothing = () => {};

const MAX_ID = 0xffffffff;
/** Calls back at the end of a turn, as queueMicrotask() does, which costs Node an object of its own for each call. */
const TURN = Promise.resolve();
const SILENT = "the connection was given up: the store was silent while a monitor or a transaction was closed";
const nudge = { operation: Operation.GET_DOMAIN_PATH, transactionId: 0, parts: ["0"], parse: () => {} };

/**
 * The state of one connection from its start to its end. After the end every request fails immediately, with the reason
 * for the end as its cause.
 */
export class Router {
  readonly #transport: Transport;
  readonly #decoder: Decoder;
  readonly #encoder = new Encoder();
  readonly #pending = new PendingTable<Pending>();
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #onEnd: (error: ConnectionError) => void;
  readonly #tracer: Tracer | null;
  /** The signals of all waits of the client. */
  readonly signals: SharedSignals;
  #nextId: number;
  #nextToken = 0;
  #flushing = false;
  #end: ConnectionError | null = null;
  #watchDepth: Promise<boolean> | null = null;
  #resets = 0;
  readonly #cleanUps: CleanUps;

  /** Starts the transport. `onEnd` is called once, when the connection ends by itself. */
  constructor(
    transport: Transport,
    onEnd: (error: ConnectionError) => void = () => {},
    { signals = new SharedSignals(), firstId = 1, tracer = null, after = afterTime }: RouterOptions = {},
  ) {
    this.#tracer = tracer;
    this.#transport = transport;
    this.#onEnd = onEnd;
    this.signals = signals;
    this.#cleanUps = new CleanUps(signals, after);
    this.#nextId = firstId;
    this.#decoder = new Decoder((packet) => this.#dispatch(packet));
    transport.start({
      receive: (bytes) => this.#receive(bytes),
      ended: (cause) => this.#finish(this.#ended(cause)),
    });
  }

  /** Whether the connection is open. */
  get isConnected(): boolean {
    return this.#end === null;
  }

  /** What the way to the store allows. */
  get traits(): Traits {
    return this.#transport.traits;
  }

  /** Sends a request and resolves with what `parse` makes of its reply. */
  request<T>(request: Request<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => this.send<T>(request, { resolve, reject }));
  }

  /**
   * Sends a request and calls its handler with what `parse` makes of the reply. A promise for each request would cost
   * long work more than the requests themselves. Throws if the request cannot be sent.
   */
  send<T>(request: Request<T>, handler: ReplyHandler<T>): void {
    request.signal?.throwIfAborted();
    const id = this.#freeId();
    const trace = this.#tracer?.isWanted === true ? this.#tracer.started(request, id) : null;
    if (trace === null) return this.#enqueue(id, request, handler, null);
    try {
      this.#enqueue(id, request, handler, trace);
    } catch (error) {
      trace.failed(error);
      throw error;
    }
  }

  /** Starts to report the progress of a long operation; `null` if nothing listens. */
  track(operation: LongOperation): Progress | null {
    return this.#tracer?.track(operation) ?? null;
  }

  /** Tells whether the store knows the depth of watches. The store is asked once. */
  knowsWatchDepth(): Promise<boolean> {
    return this.#watchDepth ??= this.#askWatchDepth();
  }

  /** How many times the store has dropped the transactions of this connection. */
  get resets(): number {
    return this.#resets;
  }

  /** Notes a reset of the connection's watches and transactions. */
  noteReset(): void {
    this.#resets++;
  }

  /** Returns a token that no watch of this connection has. */
  newToken(): string {
    return `${++this.#nextToken}`;
  }

  /** Delivers every event with this token to a subscriber from now on. */
  subscribe(token: string, subscriber: Subscriber): void {
    this.#subscribers.set(token, subscriber);
  }

  /** Drops the events with this token from now on. */
  unsubscribe(token: string): void {
    this.#subscribers.delete(token);
  }

  /** Decides whether the open connection keeps the process alive, as it does at first. */
  hold(isHeld: boolean): void {
    if (this.#end !== null) return;
    if (isHeld) this.#transport.ref?.();
    else this.#transport.unref?.();
  }

  /**
   * Waits for a clean-up that consists of requests. Ends the connection if the store is silent, which fails the
   * requests. A signal ends the wait alone.
   */
  async cleanUp(cleaning: Promise<void>, signal?: AbortSignal): Promise<void> {
    await this.#cleanUps.wait(cleaning, () => this.#finish(new ConnectionError(SILENT, {}, "ETIMEDOUT")), signal);
  }

  /**
   * Closes the connection. Pending requests fail immediately. A transport that waits for a silent store closes later.
   */
  async close(): Promise<void> {
    this.#finish(new ConnectionError("the client was closed"), false);
    let giveUp = nothing;
    const silent = new Promise<void>((resolve) => giveUp = resolve);
    await this.#cleanUps.wait(Promise.race([this.#transport.close(), silent]), giveUp);
  }

  async #askWatchDepth(): Promise<boolean> {
    // The kernel would drop the depth silently.
    if (this.traits.shared) return false;
    try {
      const request = { operation: Operation.GET_FEATURE, transactionId: 0, parts: [], parse: numberReply };
      return (await this.request(request) & Feature.WATCH_DEPTH) !== 0;
    } catch (error) {
      if (error instanceof ConnectionError) throw error;
      return false;
    }
  }

  #enqueue<T>(
    id: number,
    request: Request<T>,
    handler: ReplyHandler<T>,
    trace: RequestTrace | null,
  ): void {
    const { operation, path, parse, signal } = request;
    // A callback that heard of the request may have closed the connection.
    if (this.#end !== null) throw lost(this.#end, operation, path);
    const length = this.#append(id, request);
    const pending: Pending = { id, operation, path, parse, handler, release: nothing, trace };
    this.#pending.add(pending);
    if (signal !== undefined) this.#abortable(pending, request, signal);
    this.#schedule();
    // Oxenstored up to 4.17 leaves a request without payload lying until more bytes come: these are harmless ones.
    if (length === 0) this.request(nudge).catch(() => {});
  }

  #freeId(): number {
    // 0 marks an event, and a request may still wait for its reply when the numbers have gone round.
    let id = this.#nextId;
    while (id === 0 || !this.#pending.isFree(id)) id = (id + 1) % (MAX_ID + 1);
    this.#nextId = (id + 1) % (MAX_ID + 1);
    return id;
  }

  /** Appends the message to those that wait to be sent. */
  #append<T>(id: number, { operation, transactionId, path, parts }: Request<T>): number {
    const before = this.#encoder.length;
    const { payloadMax } = this.#transport.traits;
    let length = Infinity;
    try {
      length = this.#encoder.message(operation, id, transactionId, parts);
    } finally {
      // The other messages of this turn are sent without the invalid one.
      if (length > payloadMax) this.#encoder.truncate(before);
    }
    if (length <= payloadMax) return length;
    const fault = `it is ${length} bytes long, ${payloadMax} are allowed`;
    throw new InvalidPayloadError(fault, { operation: operationName(operation), path }, "E2BIG");
  }

  /** Lets the messages of one turn leave together. */
  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    void TURN.then(this.#flush);
  }

  readonly #flush = (): void => {
    this.#flushing = false;
    if (this.#encoder.length === 0 || this.#end !== null) return;
    try {
      this.#transport.send(this.#encoder.take());
    } catch (error) {
      // The transport threw, and may have sent a part of the bytes.
      this.#finish(this.#ended(error));
    }
  };

  #receive(bytes: Uint8Array): void {
    if (this.#end !== null) return;
    this.#cleanUps.received++;
    try {
      this.#decoder.push(bytes);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#finish(new UnexpectedPacketError(error.message, undefined, { cause: error }));
    }
  }

  #dispatch(packet: Packet): void {
    if (this.#end !== null) return;
    // An event's ids mean nothing: the kernel leaves them as they were.
    if (packet.type === Operation.WATCH_EVENT) return this.#event(packet);
    const pending = this.#pending.get(packet.requestId);
    if (pending === undefined) return this.#finish(unexpected(packet, "no request waits for it"));
    const { operation, path } = pending;
    if (packet.type === operation) return this.#settle(pending, packet);
    if (packet.type !== Operation.ERROR) {
      return this.#finish(unexpected(packet, `the request was ${operationName(operation)}`));
    }
    const code = toLatin1(withoutNul(packet.payload));
    this.#fail(pending, errnoError(code, { operation: operationName(operation), path }));
  }

  #settle(pending: Pending, packet: Packet): void {
    let result;
    try {
      result = pending.parse(packet.payload);
    } catch (error) {
      if (error instanceof PayloadError) return this.#finish(unexpected(packet, error.message));
      if (!(error instanceof TextError)) return this.#fail(pending, error);
      const { operation, path } = pending;
      const context = { operation: operationName(operation), path, cause: error };
      return this.#fail(
        pending,
        new XenStoreError("EILSEQ", `${error.message}: its bytes can be had as they are`, context),
      );
    }
    this.#pending.delete(pending.id);
    pending.release();
    pending.trace?.succeeded(packet.payload);
    pending.handler.resolve(result as never);
  }

  #fail(pending: Pending, error: unknown): void {
    this.#pending.delete(pending.id);
    pending.release();
    pending.trace?.failed(error);
    pending.handler.reject(error);
  }

  /**
   * Lets a signal end the wait. The reply is still awaited, to keep its id from being used again, and undone if need
   * be.
   */
  #abortable<T>(pending: Pending, { undo = nothing }: Request<T>, signal: AbortSignal): void {
    pending.release = this.signals.add(signal, () => {
      const { handler } = pending;
      pending.release = nothing;
      pending.handler = { resolve: undo, reject: nothing };
      handler.reject(signal.reason);
    });
  }

  #event(packet: Packet): void {
    const [path, token] = splitStrings(packet.payload);
    if (path === undefined || token === undefined) {
      return this.#finish(unexpected(packet, "it lacks a path or a token"));
    }
    if (this.#tracer?.isWanted === true) this.#tracer.event(path, token);
    this.#subscribers.get(token)?.deliver(path);
  }

  #ended(cause: unknown): ConnectionError {
    const half = this.#decoder.midMessage ? ", in the middle of a message" : "";
    return new ConnectionError(`the connection to the store is over${half}`, { cause }, codeOf(cause) ?? "EPIPE");
  }

  #finish(error: ConnectionError, byItself = true): void {
    if (this.#end !== null) return;
    this.#end = error;
    this.#subscribers.clear();
    for (const pending of this.#pending.clear()) this.#fail(pending, lost(error, pending.operation, pending.path));
    if (!byItself) return;
    // The connection is over, and the reason is known: an error of closing the transport does not matter.
    this.#transport.close().catch(() => {});
    this.#onEnd(error);
  }
}
