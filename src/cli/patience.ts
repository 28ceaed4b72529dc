// How long the command waits for the store, as `--timeout` says.

import { Failure, type Invocation } from "./invocation.ts";

/** The exit status after a time limit: that of timeout(1). */
export const TIMEOUT_STATUS = 124;

/** Limits the time of connecting and of each reply. */
export class Patience {
  /** Rejects with a {@linkcode Failure} when a limit has passed. */
  readonly expired: Promise<never>;
  readonly #milliseconds: number;
  #isOver = false;
  #expire: (failure: Failure) => void = () => {};

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.expired = new Promise((_, reject) => this.#expire = reject);
  }

  /** Whether a limit has passed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Limits the time of one operation. The operation itself goes on after the limit. */
  async limit<T>(operation: string, result: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#isOver = true;
      const seconds = this.#milliseconds / 1000;
      this.#expire(new Failure(`${operation}: the store did not answer within ${seconds} s`, TIMEOUT_STATUS));
    }, this.#milliseconds);
    try {
      return await result;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns an invocation that writes nothing after a limit has passed, because the subcommand is given up then. */
  guarded(invocation: Invocation): Invocation {
    return {
      ...invocation,
      writeOutput: (bytes) => this.#isOver || invocation.writeOutput(bytes),
      writeError: (bytes) => this.#isOver || invocation.writeError(bytes),
    };
  }
}
