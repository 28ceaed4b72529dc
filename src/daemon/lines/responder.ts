// What answers the requests that come over the lines.

import type { Packet } from "../../wire/header.ts";
import type { Connection } from "../state/domains.ts";
import type { Failure } from "../state/failure.ts";

/** Answers the requests that come over lines. */
export interface Responder {
  /**
   * Answers one request, and queues the reply in the outbox of its connection. Returns the payload of the reply, with a
   * character for each byte, or the reason of an ERROR reply.
   */
  handle(connection: Connection, request: Packet): string | Failure;
  /** Gives up a connection whose line is closed. Doing so twice is fine. */
  detach(connection: Connection): void;
  /**
   * How many milliseconds the next request of a connection has to wait; `Infinity` if it has to wait for
   * `connection.onReleased`.
   */
  holdOf(connection: Connection): number;
}
