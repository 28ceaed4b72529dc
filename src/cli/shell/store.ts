// The connection that the commands of the shell share: opened on demand, and again after it was lost.

import type { Reporter } from "../../events/reporter.ts";
import type { Connection } from "../connection.ts";
import type { Invocation } from "../invocation.ts";
import type { Runner } from "../context.ts";

/** What a store needs of the shell. */
export interface StoreOptions {
  readonly invocation: Invocation;
  readonly runner: Runner;
  readonly reporter: Reporter;
  /** Prints a message. */
  readonly say: (message: string) => void;
}

/** The connection of the shell to the store. */
export class Store {
  readonly #options: StoreOptions;
  #opening: Promise<Connection> | null = null;
  #connection: Connection | null = null;
  #wasLost = false;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Returns the connection, after opening it if necessary. */
  connection(): Promise<Connection> {
    const opening = this.#opening ??= this.#open();
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = null;
    });
    return opening;
  }

  /** Lists the children of a node. Rejects if the store does not answer within a time in milliseconds. */
  async children(path: string, limit: number): Promise<readonly string[]> {
    let timer;
    const silent = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("the store does not answer")), limit);
    });
    const listed = this.connection().then(async (connection) => {
      const session = await this.#options.runner.session(connection);
      return await session.list(path);
    });
    try {
      return await Promise.race([listed, silent]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connection. */
  async close(): Promise<void> {
    // A connection that is not open yet may never be.
    void this.#opening?.then((connection) => connection.close()).catch(() => {});
    await this.#connection?.close();
  }

  async #open(): Promise<Connection> {
    const { invocation, runner, reporter, say } = this.#options;
    const connection = await runner.open(invocation, reporter);
    this.#connection = connection;
    if (this.#wasLost) say(`connected again to ${connection.address}`);
    this.#wasLost = false;
    void connection.ended.then((error) => {
      this.#opening = null;
      this.#wasLost = true;
      say(`${error.message}: the next command connects again`);
    });
    return connection;
  }
}
