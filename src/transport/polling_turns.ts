// Polling on Node and Bun, whose event loops look at all sockets in every turn.

import { type Look, type OpenPolled, Polled } from "./polled.ts";

const everyTurn: Look = { hasCome: () => false, close() {} };

/** Opens a connection that polls. */
export const openPolled: OpenPolled = async (open, microseconds, clock) =>
  new Polled(await open(), microseconds, everyTurn, clock);
