// What a connection has yet to receive: replies and events, in the order in which they came up.

import { encodeHeader, HEADER_SIZE, PAYLOAD_MAX } from "../../wire/header.ts";
import { withRoom } from "../../wire/growth.ts";
import { Operation } from "../../wire/operations.ts";
import { putBytes } from "../tree/latin1.ts";

const INITIAL_SIZE = 1024;
const KEPT_SIZE = 65536;
/** 64 KiB, as a power of two. */
const LARGE_BITS = 16;

/** Encoded messages that wait to be sent. */
export class Outbox {
  /** Called when the first message comes into an empty outbox, so that the link takes it. */
  onMessage: () => void = () => {};
  /** Called whenever another 64 KiB have come together. */
  onLarge: () => void = () => {};
  /**
   * Whether the line is full, so that new messages stay here. The link of the connection sets it. A guest whose
   * requests fill such an outbox has to wait.
   */
  blocked = false;
  /** Bytes that were taken, and that the way, which is full, has not taken up. The link sets it as well. */
  held = 0;
  #bytes = new Uint8Array(INITIAL_SIZE);
  #length = 0;
  /** Events that wait, by their payloads. */
  readonly #events = new Set<string>();
  #onTaken: (() => void)[] = [];

  /** Bytes that wait here. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that wait here, and on the way. */
  get unsent(): number {
    return this.#length + this.held;
  }

  /** Appends a reply. */
  reply(type: number, requestId: number, transactionId: number, payload: string): void {
    this.#append(type, requestId, transactionId, payload);
  }

  /**
   * Appends an event. Returns false if the event is dropped, because it does not fit a message (XSA-324), or because
   * the same event waits already (XSA-326). Special events are not merged.
   */
  event(path: string, token: string): boolean {
    const payload = `${path}\0${token}\0`;
    if (payload.length > PAYLOAD_MAX) return false;
    if (!path.startsWith("@")) {
      if (this.#events.has(payload)) return false;
      this.#events.add(payload);
    }
    this.#append(Operation.WATCH_EVENT, 0, 0, payload);
    return true;
  }

  /** Calls back once, when the messages that wait now have been taken or dropped. */
  whenTaken(callback: () => void): void {
    this.#onTaken.push(callback);
  }

  /** Takes all that waits, in a view that holds until the next message comes. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#reset();
    return taken;
  }

  /** Drops all that waits. */
  clear(): void {
    this.#reset();
  }

  #reset(): void {
    this.#length = 0;
    if (this.#events.size > 0) this.#events.clear();
    if (this.#bytes.length > KEPT_SIZE) this.#bytes = new Uint8Array(INITIAL_SIZE);
    if (this.#onTaken.length === 0) return;
    const callbacks = this.#onTaken;
    this.#onTaken = [];
    for (const callback of callbacks) callback();
  }

  #append(type: number, requestId: number, transactionId: number, payload: string): void {
    const start = this.#length;
    const end = start + HEADER_SIZE + payload.length;
    this.#bytes = withRoom(this.#bytes, start, end);
    encodeHeader(this.#bytes, start, type, requestId, transactionId, payload.length);
    putBytes(this.#bytes, start + HEADER_SIZE, payload);
    this.#length = end;
    if (start === 0) this.onMessage();
    if (start >> LARGE_BITS !== end >> LARGE_BITS) this.onLarge();
  }
}
