// A pair of transports that lead to each other, for a store in the same process and for tests.

import { Pace } from "./pace.ts";
import { codedError } from "../wire/system_errors.ts";
import { type Receiver, SOCKET_TRAITS, type Traits, type Transport } from "./transport.ts";

class MemoryTransport implements Transport {
  readonly traits: Traits;
  readonly #pace: Pace;
  #peer: MemoryTransport | null = null;
  #receiver: Receiver | null = null;
  #inbox: Uint8Array[] = [];
  #scheduled = false;
  #closed = false;
  #ending: { cause: unknown } | null = null;

  constructor(traits: Traits, pace: Pace) {
    this.traits = traits;
    this.#pace = pace;
  }

  pair(peer: MemoryTransport): void {
    this.#peer = peer;
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#schedule();
  }

  send(bytes: Uint8Array): void {
    if (this.#closed || this.#peer === null) return;
    this.#peer.#inbox.push(bytes.slice());
    this.#peer.#schedule();
  }

  close(): Promise<void> {
    this.#end();
    return new Promise((resolve) => this.#pace.soon(resolve));
  }

  /** Ends both sides; the other one is told, after what it has yet to receive. */
  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox = [];
    const peer = this.#peer;
    if (peer === null || peer.#closed) return;
    peer.#ending = { cause: codedError("ECONNRESET", "the other side closed") };
    peer.#schedule();
  }

  // Never in the caller's own turn: a socket would not call back from within send() either.
  #schedule(): void {
    if (this.#scheduled || this.#receiver === null) return;
    if (this.#inbox.length === 0 && this.#ending === null) return;
    this.#scheduled = true;
    this.#pace.soon(this.#deliver);
  }

  readonly #deliver = (): void => {
    this.#scheduled = false;
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const bytes of inbox) {
      if (this.#closed) return;
      this.#receiver?.receive(bytes);
    }
    if (this.#closed || this.#ending === null) return;
    if (this.#inbox.length > 0) return this.#schedule();
    this.#closed = true;
    this.#receiver?.ended(this.#ending.cause);
  };
}

/**
 * Makes two transports: each receives what the other one sends, in order and always asynchronously.
 *
 * @param traits The traits of both.
 * @returns The two transports.
 *
 * @example
 * ```ts
 * import { connect, memoryPair } from "tsxs";
 *
 * const [near, far] = memoryPair();
 * // A store that answers every request with its own number and no payload.
 * const answer = (bytes: Uint8Array) => Uint8Array.from(bytes.subarray(0, 16), (byte, i) => i < 12 ? byte : 0);
 * far.start({ receive: (bytes) => far.send(answer(bytes)), ended() {} });
 * await using store = await connect(near);
 * console.log((await store.read("/anything")).length); // 0
 * ```
 */
export function memoryPair(traits: Traits = SOCKET_TRAITS): [Transport, Transport] {
  const pace = new Pace();
  const near = new MemoryTransport(traits, pace);
  const far = new MemoryTransport(traits, pace);
  near.pair(far);
  far.pair(near);
  return [near, far];
}
