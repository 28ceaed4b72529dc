// Transfers of many states of an object: independent states concurrently, and parents before their children.

import { Fifo } from "../wire/fifo.ts";
import { StateError, type StateErrorContext } from "./errors.ts";
import { SharedLocks } from "./locked.ts";
import type { StateManifest } from "./manifest.ts";
import { ChainChangedError } from "./read_source.ts";
import { RemoteError } from "./sftp/errors.ts";
import type { StateFiles } from "./state_files.ts";
import { sizeOf, tidy, transferChain, type TransferOptions, transferState } from "./transfer.ts";

/** The states that are transferred concurrently. */
export const CONCURRENT = 32;

/** A state that was not transferred. */
export interface TransferFailure {
  /** The name of the state. */
  readonly state: string;
  /** Why it failed. */
  readonly error: unknown;
}

/** How many failures the message of a {@linkcode TransfersError} names. */
const NAMED = 5;

/** Some of many states were not transferred. The others are whole at the target. */
export class TransfersError extends StateError {
  /** `"TransfersError"`. */
  override name = "TransfersError";
  /** The failures, sorted by the names of the states. */
  readonly failures: readonly TransferFailure[];

  /**
   * Makes the error.
   *
   * @param failures The failures.
   * @param total The number of states that were to be transferred.
   * @param context The operation and the object.
   */
  constructor(failures: readonly TransferFailure[], total: number, context: StateErrorContext) {
    const reasons = failures.slice(0, NAMED).map(({ state, error }) =>
      `${JSON.stringify(state)}: ${error instanceof Error ? error.message : String(error)}`
    );
    const others = failures.length > NAMED ? [`and ${failures.length - NAMED} more`] : [];
    super(`${failures.length} of ${total} states failed: ${[...reasons, ...others].join("; ")}`, {
      ...context,
      state: "",
      cause: failures[0]?.error,
    });
    this.failures = failures;
  }
}

/** A pair of locations. Several pairs of the same two locations have connections of their own. */
export interface Lane {
  readonly source: StateFiles;
  readonly target: StateFiles;
}

/**
 * Transfers states, and all states that they depend on. A state starts after the one that it depends on has arrived. If
 * a state fails, those that depend on it fail, and all others are transferred.
 *
 * Throws a {@linkcode TransfersError} with all failures, a {@linkcode RemoteError} if the host cannot be used at all,
 * and the signal's reason after every transfer has ended.
 */
export async function transferAll(
  lanes: readonly [Lane, ...Lane[]],
  states: readonly string[],
  context: StateErrorContext,
  options: TransferOptions = {},
): Promise<void> {
  const { signal, concurrency = CONCURRENT } = options;
  const failures = new Map<string, unknown>();
  const manifests = await manifestsOf(
    lanes[0].source.until(signal),
    states,
    context,
    { signal, concurrency },
    failures,
  );
  const children = new Map<string | null, StateManifest[]>();
  for (const manifest of manifests.values()) {
    const siblings = children.get(manifest.parent);
    if (siblings === undefined) children.set(manifest.parent, [manifest]);
    else siblings.push(manifest);
  }
  const fail = (failed: string): void => {
    const waiting = [...children.get(failed) ?? []];
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      if (failures.has(one.state)) continue;
      const fault = `the state ${JSON.stringify(one.parent)}, on which it depends, was not transferred`;
      failures.set(one.state, new StateError(fault, { ...context, state: one.state, cause: failures.get(failed) }));
      waiting.push(...children.get(one.state) ?? []);
    }
  };
  for (const failed of [...failures.keys()]) fail(failed);
  const progress = new TotalProgress(manifests.values(), options.onProgress);
  const locks = new SharedLocks();
  /** What has arrived, which may have taken the place of what was read first. */
  const done = new Map<string, StateManifest>();
  let unusable: RemoteError | null = null;
  await runAll(children.get(null) ?? [], concurrency, async (manifest, slot, add) => {
    if (signal?.aborted) return;
    const { state } = manifest;
    const { source, target } = lanes[slot % lanes.length] ?? lanes[0];
    try {
      if (unusable !== null) throw unusable;
      const link = { manifest, parent: done.get(manifest.parent ?? "") ?? null };
      const size = sizeOf(manifest);
      // A content that takes the place of this one may be larger.
      const onBytes = (bytes: number): void => progress.advance(state, Math.min(bytes, size));
      const of = { ...context, state };
      const arrived = await transferState(source, target, link, of, onBytes, options, locks.with)
        .catch(async (error: unknown) => {
          if (!(error instanceof ChainChangedError)) throw error;
          return await transferChain(source, target, of, { ...options, onProgress: undefined });
        });
      progress.advance(state, size);
      done.set(state, arrived ?? manifest);
      for (const child of children.get(state) ?? []) add(child);
    } catch (error) {
      // Each of the others would try to connect again.
      if (error instanceof RemoteError && error.fault !== "lost") unusable = error;
      failures.set(state, error);
      fail(state);
    }
  });
  signal?.throwIfAborted();
  if (unusable === null) await tidy(lanes[0].target, done.values(), context, options);
  const refused = unusable as RemoteError | null;
  if (refused !== null && done.size === 0) throw refused;
  for (const state of manifests.keys()) {
    if (done.has(state) || failures.has(state)) continue;
    failures.set(
      state,
      new StateError("the state, or one that it depends on, depends on itself", { ...context, state }),
    );
  }
  if (failures.size === 0) return;
  const sorted = [...failures].map(([state, error]) => ({ state, error })).sort((a, b) => a.state < b.state ? -1 : 1);
  throw new TransfersError(sorted, new Set([...manifests.keys(), ...failures.keys()]).size, context);
}

/** Reads the manifests of states and of all that they depend on. Notes what fails. */
async function manifestsOf(
  source: StateFiles,
  states: readonly string[],
  context: StateErrorContext,
  { signal, concurrency }: { readonly signal: AbortSignal | undefined; readonly concurrency: number },
  failures: Map<string, unknown>,
): Promise<Map<string, StateManifest>> {
  const found = new Map<string, StateManifest>();
  const known = new Set(states);
  await runAll(known, concurrency, async (state, _, add) => {
    if (signal?.aborted) return;
    try {
      const manifest = await source.manifest(context.object, state);
      if (manifest === null) {
        throw new StateError(`it does not exist in ${JSON.stringify(source.files.location)}`, { ...context, state });
      }
      found.set(state, manifest);
      const { parent } = manifest;
      if (parent === null || known.has(parent)) return;
      known.add(parent);
      add(parent);
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      failures.set(state, error);
    }
  });
  signal?.throwIfAborted();
  return found;
}

/** Adds up the progress of many states. */
class TotalProgress {
  readonly #bytes = new Map<string, number>();
  readonly #total: number;
  readonly #onProgress: TransferOptions["onProgress"];
  #position = 0;

  constructor(manifests: Iterable<StateManifest>, onProgress: TransferOptions["onProgress"]) {
    this.#total = [...manifests].reduce((sum, manifest) => sum + sizeOf(manifest), 0);
    this.#onProgress = onProgress;
  }

  /** Notes how many bytes of a state are at the target. */
  advance(state: string, bytes: number): void {
    this.#position += bytes - (this.#bytes.get(state) ?? 0);
    this.#bytes.set(state, bytes);
    this.#onProgress?.({ state, position: this.#position, total: this.#total });
  }
}

/**
 * Runs a task for each item, at most `limit` concurrently. A task gets the number of its slot, which no other running
 * task has, and may add items. After a task was rejected, no other task starts.
 */
async function runAll<T>(
  items: Iterable<T>,
  limit: number,
  run: (item: T, slot: number, add: (item: T) => void) => Promise<void>,
): Promise<void> {
  const waiting = new Fifo<T>();
  for (const item of items) waiting.push(item);
  const free = Array.from({ length: limit }, (_, i) => limit - 1 - i);
  const running = new Set<Promise<void>>();
  let fault: { readonly error: unknown } | null = null;
  const start = (item: T, slot: number): void => {
    const task = run(item, slot, (added) => waiting.push(added))
      .catch((error: unknown) => void (fault ??= { error }))
      .finally(() => {
        running.delete(task);
        free.push(slot);
      });
    running.add(task);
  };
  const next = (): void => {
    while (fault === null && waiting.length > 0) {
      const slot = free.pop();
      if (slot === undefined) return;
      const item = waiting.shift();
      if (item !== undefined) start(item, slot);
    }
  };
  for (next(); running.size > 0; next()) await Promise.race(running);
  const failed = fault as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
}
