// Waits for what the events of watched paths lead to, at most a given time.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import { ConnectionError } from "../transport/errors.ts";

/**
 * Calls `check` after each event of the watches, until it returns something other than `null`.
 *
 * Setting a watch causes the first event, so that no change before it is missed. A check that fails with the connection
 * is repeated after the next event, which follows a reconnection.
 */
export async function untilFound<T>(
  client: Client,
  paths: readonly string[],
  check: () => Promise<T | null>,
  { signal }: RequestOptions,
): Promise<T> {
  const monitor = client.monitor();
  try {
    await Promise.all(paths.map((path) => {
      return monitor.watch(path, undefined, path.startsWith("@") ? { signal } : { signal, depth: 0 });
    }));
    for await (const _event of monitor.wait({ signal })) {
      const found = await check().catch((error: unknown) => {
        if (error instanceof ConnectionError) return null;
        throw error;
      });
      if (found !== null) return found;
    }
    throw new ConnectionError("the client was closed");
  } finally {
    // After an abort nothing waits for the store, which may be silent.
    if (signal?.aborted) monitor.close({ signal }).catch(() => {});
    else await monitor.close();
  }
}

/** A wait took longer than its time. */
const timedOut = Symbol("timed out");

/** Runs a wait with a signal that also ends it after `milliseconds`. Resolves with `late()` in that case. */
export async function within<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  wait: (signal: AbortSignal) => Promise<T>,
  late: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => controller.abort(timedOut), milliseconds);
  try {
    return await wait(controller.signal);
  } catch (error) {
    if (error !== timedOut) throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
  return await late();
}
