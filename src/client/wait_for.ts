// Waits until a node's value is as wanted.

import type { SharedSignals } from "./abort.ts";
import { ConnectionError } from "../transport/errors.ts";
import { type Path, pathText, type RequestOptions } from "./arguments.ts";
import type { Monitor } from "./monitor.ts";

/** Whether a value is the one that is waited for; `null` is a node that does not exist. */
export type Predicate = (value: Uint8Array | null) => boolean | Promise<boolean>;

/** What the wait asks of its client: a monitor of its own, and the value of the node. */
export interface WaitClient {
  /** Makes a monitor. */
  monitor(): Pick<Monitor, "watch" | "wait" | "close">;
  /** Reads a node's value; `null` if the node does not exist. */
  read(path: Path, options: RequestOptions & { readonly default: null }): Promise<Uint8Array | null>;
}

/** Reads the node each time that it may have changed, until the predicate accepts what it reads. */
export async function waitFor(
  client: WaitClient,
  path: Path,
  predicate: Predicate,
  { signal }: RequestOptions,
  signals: SharedSignals,
): Promise<Uint8Array | null> {
  const context = { operation: "waitFor", path: pathText(path, "waitFor") };
  const monitor = client.monitor();
  try {
    await monitor.watch(path, undefined, { depth: 0, signal });
    // Setting the watch brings the first event, so that nothing between a first read and the watch is missed.
    for await (const _event of monitor.wait({ signal })) {
      const value = await client.read(path, { default: null, signal });
      if (await signals.wait(Promise.resolve(predicate(value)), signal)) return value;
    }
    throw new ConnectionError("the client was closed", context);
  } catch (error) {
    // The monitor's own: it knows of the connection's end, and not of what was waited for.
    if (!(error instanceof ConnectionError) || error.operation !== undefined) throw error;
    throw new ConnectionError(error.message, { ...context, cause: error }, error.code);
  } finally {
    const closing = monitor.close();
    // A store that fell silent must not keep a wait that was given up.
    if (signal?.aborted) closing.catch(() => {});
    else await closing;
  }
}
