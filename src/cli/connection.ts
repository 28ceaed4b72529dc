// The connection of the command to a store, and what is traced of it.

import { Router } from "../client/router.ts";
import type { Reporter } from "../events/reporter.ts";
import type { ConnectionError } from "../transport/errors.ts";
import type { Globals } from "./globals.ts";
import { Failure, type Invocation, reasonOf } from "./invocation.ts";
import type { Patience } from "./patience.ts";

/** An open connection. */
export interface Connection
  extends Pick<Router, "request" | "subscribe" | "unsubscribe" | "knowsWatchDepth" | "isConnected"> {
  /** The address of the store. */
  readonly address: string;
  /** The end of the connection, if it ends by itself. It does not resolve otherwise. */
  readonly ended: Promise<ConnectionError>;
  /** Whether requests are traced, and need their paths for that. */
  readonly isTraced: boolean;
  /** Closes the connection. */
  close(): Promise<void>;
}

/**
 * Connects. Throws a {@linkcode Failure} with the text of the tools if no store can be reached. `patience` limits the
 * time. `reporter` reports the events; without it, they are printed if an option or a variable asks for that.
 */
export async function openConnection(
  invocation: Invocation,
  globals: Globals,
  patience: Patience | null,
  reporter?: Reporter,
): Promise<Connection> {
  let opened;
  try {
    const opening = invocation.open(globals.address);
    opened = await (patience?.limit("connect", opening) ?? opening);
  } catch (error) {
    throw new Failure(`xs_open: ${reasonOf(error)}`);
  }
  const isReporting = reporter !== undefined || globals.verbose || globals.trace ||
    ["TSXS_DEBUG", "TSXS_TRACE"].some((name) => invocation.variable(name));
  const tracer = isReporting ? (await import("./reporting.ts")).tracerOf(invocation, globals, reporter) : null;
  const { address, transport } = opened;
  tracer?.status({ type: "connected", address });
  let end: (error: ConnectionError) => void = () => {};
  const ended = new Promise<ConnectionError>((resolve) => end = resolve);
  const onEnd = (error: ConnectionError): void => {
    tracer?.status({ type: "disconnected", error });
    end(error);
  };
  const router = new Router(transport, onEnd, { tracer });
  return {
    address,
    ended,
    isTraced: tracer !== null,
    get isConnected() {
      return router.isConnected;
    },
    request: (request) => router.request(request),
    subscribe: (token, subscriber) => router.subscribe(token, subscriber),
    unsubscribe: (token) => router.unsubscribe(token),
    knowsWatchDepth: () => router.knowsWatchDepth(),
    close: async () => {
      await router.close();
      tracer?.status({ type: "closed" });
    },
  };
}
