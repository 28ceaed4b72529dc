// Waits until a predicate accepts the value of a node.

import type { SharedSignals } from "./abort.ts";
import { checkOptions } from "../wire/checks.ts";
import { ConnectionError, UnexpectedPacketError } from "../transport/errors.ts";
import { type Path, pathText, REQUEST_OPTIONS, type RequestOptions } from "./arguments.ts";
import type { Monitor } from "./monitor.ts";

/** Decides whether a value is the expected one. `null` stands for a node that does not exist. */
export type Predicate = (value: Uint8Array | null) => boolean | Promise<boolean>;

/** What the wait needs of its client: a monitor of its own, and the value of the node. */
export interface WaitClient {
  /** Makes a monitor. */
  monitor(): Pick<Monitor, "watch" | "wait" | "close">;
  /** Reads the value of a node; `null` if the node does not exist. */
  read(path: Path, options: RequestOptions & { readonly default: null }): Promise<Uint8Array | null>;
}

/**
 * Reads the node after each event of a watch, until the predicate accepts the value. The wait survives what the monitor
 * survives: a request of its own that fails with the connection is repeated after the next event.
 */
export async function waitFor(
  client: WaitClient,
  path: Path,
  predicate: Predicate,
  options: RequestOptions,
  signals: SharedSignals,
): Promise<Uint8Array | null> {
  checkOptions("waitFor", options, REQUEST_OPTIONS);
  const { signal } = options;
  const context = { operation: "waitFor", path: pathText(path, "waitFor") };
  const monitor = client.monitor();
  const watch = (): Promise<string | null> => monitor.watch(path, undefined, { depth: 0, signal }).catch(nullIfLost);
  try {
    let token = await watch();
    // Setting the watch causes the first event, so that no change before it is missed. An event follows a reconnection;
    // if the client does not reconnect, the monitor ends instead.
    for await (const _event of monitor.wait({ signal })) {
      token ??= await watch();
      const read = client.read(path, { default: null, signal });
      const found = await read.then((value) => ({ value }), nullIfLost);
      if (found === null) continue;
      if (await signals.wait(Promise.resolve(predicate(found.value)), signal)) return found.value;
    }
    throw new ConnectionError("the client was closed", context);
  } catch (error) {
    // An error of the monitor names neither the operation nor the path of this wait.
    if (!(error instanceof ConnectionError) || error.operation !== undefined) throw error;
    const about = { ...context, cause: error };
    if (error instanceof UnexpectedPacketError) throw new UnexpectedPacketError(error.message, error.packet, about);
    throw new ConnectionError(error.message, about, error.code);
  } finally {
    // After an abort nothing waits for the store, which may be silent.
    if (signal?.aborted) monitor.close({ signal }).catch(() => {});
    else await monitor.close();
  }
}

/** Returns `null` for an error of a connection that was lost: the monitor tells whether the client has another one. */
function nullIfLost(error: unknown): null {
  if (error instanceof ConnectionError) return null;
  throw error;
}
