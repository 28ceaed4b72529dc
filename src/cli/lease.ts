// The use of a connection by one of several commands: at its end, nothing of the command stays in the store.

import { okReply } from "../client/replies.ts";
import type { Request, Subscriber } from "../client/request.ts";
import { ConnectionError } from "../transport/errors.ts";
import type { Part } from "../wire/encoder.ts";
import { Operation } from "../wire/operations.ts";
import { toLatin1, withoutNul } from "../wire/text.ts";
import type { Connection } from "./connection.ts";
import type { Line } from "./session.ts";

/** The use of a connection. Its end removes the watches and rolls back the transactions that it started. */
export class Lease implements Line {
  readonly ended: Promise<ConnectionError>;
  readonly isTraced: boolean;
  readonly #connection: Connection;
  /** The payloads that remove the watches, by token. */
  readonly #watches = new Map<string, readonly Part[]>();
  readonly #transactions = new Set<number>();
  /** The starts of transactions whose replies are awaited. */
  readonly #starts = new Set<Promise<void>>();
  #isOver = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.ended = connection.ended;
    this.isTraced = connection.isTraced;
  }

  /** Sends a request. After the end of the use, every request fails. */
  request<T>(request: Request<T>): Promise<T> {
    if (this.#isOver) return Promise.reject(new ConnectionError("the command is over"));
    const result = this.#connection.request(request);
    const { operation, transactionId, parts } = request;
    if (operation === Operation.WATCH) this.#watches.set(textOf(parts[1] ?? ""), parts.slice(0, 2));
    else if (operation === Operation.TRANSACTION_END) this.#transactions.delete(transactionId);
    else if (operation === Operation.TRANSACTION_START) {
      const started = result.then((id) => void this.#transactions.add(Number(id)), () => {});
      this.#starts.add(started);
      void started.then(() => this.#starts.delete(started));
    }
    return result;
  }

  /** Delivers events with a token until the end of the use. */
  subscribe(token: string, subscriber: Subscriber): void {
    if (!this.#isOver) this.#connection.subscribe(token, subscriber);
  }

  /** Tells whether the store knows the depth of watches. */
  knowsWatchDepth(): Promise<boolean> {
    return this.#connection.knowsWatchDepth();
  }

  /** Ends the use. Resolves when the store has confirmed that, or the connection ended. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const removals = [...this.#watches].map(([token, parts]) => {
      this.#connection.unsubscribe(token);
      return this.#send(Operation.UNWATCH, 0, parts);
    });
    await Promise.all([...removals, ...this.#starts]);
    await Promise.all([...this.#transactions].map((id) => this.#send(Operation.TRANSACTION_END, id, ["F"])));
  }

  /** Sends a request whose failure means that there is nothing to clean up. */
  async #send(operation: Operation, transactionId: number, parts: readonly Part[]): Promise<void> {
    await this.#connection.request({ operation, transactionId, parts, parse: okReply }).catch(() => {});
  }
}

function textOf(part: Part): string {
  return typeof part === "string" ? part : toLatin1(withoutNul(part));
}
