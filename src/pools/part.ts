// A part of what a state keeps: a subtree of the store, or a disk.

import type { StateFiles } from "./state_files.ts";
import type { StateRequest } from "./backend.ts";

/** What a part has put into a new file of a state. */
export interface KeptPart {
  /** The state that the file depends on; `null` if it depends on none. */
  readonly parent: string | null;
}

/** A part whose return to a state is prepared. One of both methods is called, once. */
export interface PreparedPart {
  /** Puts the part into the state, in one step. */
  commit(): Promise<void>;
  /** Removes what was prepared. The part is as before. */
  discard(): Promise<void>;
}

/** A part of what a state keeps. */
export interface StatePart {
  /**
   * The absolute path of the image that a guest uses, if the part is a disk.
   *
   * @default undefined
   */
  readonly image?: string | undefined;
  /**
   * Returns the path of the file of a state below the directory of its object.
   *
   * @param state The name of the state.
   * @returns The path, such as `clean.tree`.
   */
  fileOf(state: string): string;
  /**
   * Tells whether the part itself exists.
   *
   * @param request The object.
   * @returns Whether it exists.
   */
  exists(request: StateRequest): Promise<boolean>;
  /**
   * Makes the part.
   *
   * @param request The object.
   * @throws {StateError} If it cannot be made.
   */
  make(request: StateRequest): Promise<void>;
  /**
   * Removes the part, and keeps its states.
   *
   * @param request The object.
   */
  remove(request: StateRequest): Promise<void>;
  /**
   * Returns the state on which the present content depends.
   *
   * @param request The object.
   * @param states The states of this host.
   * @returns The name of the state, or `null`.
   */
  parent(request: StateRequest, states: StateFiles): Promise<string | null>;
  /**
   * Puts the present content of the part into a new file among those of the states.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   * @param path The path of the new file below the location of the states.
   * @returns The state that the file depends on.
   */
  keep(request: StateRequest, states: StateFiles, path: string): Promise<KeptPart>;
  /**
   * Puts the part into the condition that a state keeps, whose files were verified.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   */
  restore(request: StateRequest, states: StateFiles): Promise<void>;
  /**
   * Prepares what {@linkcode StatePart.restore} does, up to one last step that hardly fails. A part that lacks this
   * method is restored after all others are prepared, and before they are committed.
   *
   * @param request The object and the state.
   * @param states The states of this host.
   * @returns The last step.
   */
  prepare?(request: StateRequest, states: StateFiles): Promise<PreparedPart>;
}
