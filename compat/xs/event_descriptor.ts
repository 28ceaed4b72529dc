// A descriptor that says whether an event waits.

import type { Exchange } from "../../src/blocking/exchange.ts";

/** What `fileno()` gives, for as long as the handle is open. */
export class EventDescriptor {
  /** The descriptor; `null` if the transport has none. */
  readonly fd: number | null;
  readonly #signal: { set(isReady: boolean): void; close(): void } | null;

  /** Makes the descriptor of an exchange, readable if events wait. Throws the system's error. */
  constructor(exchange: Exchange) {
    const made = exchange.transport.openSignal?.() ?? null;
    this.#signal = made;
    this.fd = made?.fd ?? exchange.transport.fd;
    if (made === null) return;
    made.set(exchange.isReady);
    exchange.onReady = (isReady) => made.set(isReady);
  }

  /** Lets go of it. */
  close(): void {
    this.#signal?.close();
  }
}
