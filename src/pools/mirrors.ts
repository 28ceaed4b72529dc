// A mirror of the states of this host, and what is asked of it.

import type { StateBackend, StateRequest } from "./backend.ts";
import { type MirrorFailure, StateChangedError, StateInUseError } from "./errors.ts";
import type { Place } from "./scopes.ts";
import { RemoteError } from "./sftp/errors.ts";

/** A mirror of the states of this host. */
export interface Mirror extends Place {
  /** What transfers states between this host and the mirror. */
  readonly states: MirrorStates;
}

/**
 * What a mirror does. `set` and `unset` check the condition `onlyIf` of their request while they hold the lock of the
 * state. {@linkcode mirrorStates} makes the mirror of a location.
 */
export type MirrorStates = Pick<StateBackend, "show" | "get" | "set" | "unset"> & {
  /** Tells whether a state and all that it depends on are the same on this host and at the mirror. */
  isSame(request: StateRequest): Promise<boolean>;
  /**
   * Brings a state as `get` does, and reads what this host has of it, to replace what is damaged. A mirror that lacks
   * this method repairs nothing.
   */
  repair?(request: StateRequest): Promise<void>;
  /**
   * Tells whether an error of `get`, `repair` or `isSame` is a fault of the mirror, so that the next one is asked. Any
   * other error is a fault of this host, and ends the operation. If the method is missing, every error is one of the
   * mirror, except for a {@linkcode StateInUseError}.
   */
  isFault?(error: unknown): boolean;
};

/** Tells whether a mirror has a state. */
export async function hasState({ states }: Mirror, request: StateRequest): Promise<boolean> {
  return (await states.show({ ...request, state: "" })).includes(request.state);
}

/** Removes a state. Resolves with false if it is missing. */
export async function removeState(
  states: Pick<StateBackend, "show" | "unset">,
  request: StateRequest,
): Promise<boolean> {
  try {
    await states.unset({ ...request, onlyIf: "exists" });
    return true;
  } catch (error) {
    request.signal?.throwIfAborted();
    if (error instanceof RemoteError) throw error;
    const isMissing = error instanceof StateChangedError ||
      // A backend may not know of the condition.
      await states.show({ ...request, state: "" }).then((names) => !names.includes(request.state), () => false);
    if (isMissing) return false;
    throw error;
  }
}

/** Returns the failure of a mirror. */
export function failureOf({ host, path }: Mirror, error: unknown): MirrorFailure {
  return { host, path, error };
}

/** Tells whether an error of bringing a state from a mirror is a fault of the mirror. */
export function isMirrorFault({ states }: Mirror, error: unknown): boolean {
  // Something here depends on what would be replaced: another mirror, or the older content, is not what was asked for.
  if (error instanceof StateInUseError) return false;
  return states.isFault?.(error) ?? true;
}
