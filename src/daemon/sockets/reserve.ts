// A descriptor in reserve, for a runtime that accepts again and again if the process has no descriptor left.

import { closeSync, openSync } from "node:fs";

/** How often to look for free descriptors, in milliseconds: other code may take the last one at any time. */
const LOOK_MS = 500;

/**
 * Holds a descriptor that it releases if no other one is free. Until one is free again, a connection can be accepted
 * with it, to be closed immediately: otherwise the connection would stay in the queue of the socket, and wake the
 * process without end. libuv does the same for Node.
 */
export class Reserve {
  #spare: number | null = take();
  readonly #timer = setInterval(() => this.#look(), LOOK_MS);

  /** Keeps no process alive. */
  constructor() {
    this.#timer.unref();
  }

  /** Returns whether a connection that was accepted just now may be kept. */
  admits(): boolean {
    const isSpent = this.#spare === null;
    this.#look();
    return !isSpent || this.#spare !== null;
  }

  /** Closes the descriptor. */
  close(): void {
    clearInterval(this.#timer);
    this.#release();
  }

  #look(): void {
    if (this.#spare === null) this.#spare = take();
    else if (!isFree()) this.#release();
  }

  #release(): void {
    if (this.#spare !== null) closeSync(this.#spare);
    this.#spare = null;
  }
}

/** Opens a descriptor; null if no second one is free. */
function take(): number | null {
  if (shortage() !== null) return null;
  const descriptor = openSync("/dev/null", "r");
  if (isFree()) return descriptor;
  closeSync(descriptor);
  return null;
}

function isFree(): boolean {
  return shortage() === null;
}

/** Returns the error of the system if no descriptor is free, and null otherwise. */
export function shortage(): unknown {
  try {
    closeSync(openSync("/dev/null", "r"));
    return null;
  } catch (error) {
    return error;
  }
}
