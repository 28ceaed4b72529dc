// The options of the operations on states of several objects.

import type { OptionNames } from "../wire/checks.ts";
import type { Scope } from "./scopes.ts";

/** A state of an object. */
export interface StateOf {
  /** The object, such as `"guest"` or `"guest/disk"`. */
  readonly object: string;
  /** The name of the state. `root`, `0root`, `boot` and `0boot` stand for the object itself. */
  readonly state: string;
}

/** The options of every operation on states. */
export interface StatesOptions {
  /**
   * The scopes that take part.
   *
   * @default ["own", "swarm", "cluster", "shared"]
   */
  readonly scopes?: readonly Scope[] | undefined;
  /**
   * Whether a reader does not wait for locks. It may then find a state that another process is about to replace.
   *
   * @default false
   */
  readonly skipLocks?: boolean | undefined;
  /**
   * Ends the operation, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options of `checkStates`. */
export interface CheckOptions extends StatesOptions {
  /**
   * What happens to the object itself. First letter, if it exists: `r` makes it ready, `f` makes it anew. Second
   * letter, if it is missing: `r` answers false, `f` makes it.
   *
   * @default "rf"
   */
  readonly checkPolicy?: string | undefined;
}

/** The options of an operation with a policy. */
export interface PolicyOptions extends CheckOptions {
  /**
   * What happens, by one letter if the state exists and one if it is missing. Each operation names its letters.
   *
   * @default "ra" for get, "ff" for set, "fi" for unset, "af" for push
   */
  readonly policy?: string | undefined;
  /**
   * Takes a warning, such as that a missing state was ignored.
   *
   * @default () => {}
   */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** The options of `popStates`. */
export interface PopOptions extends Omit<PolicyOptions, "policy"> {
  /**
   * The policy of getting the state. A state that it ignores is not removed.
   *
   * @default "ra"
   */
  readonly getPolicy?: string | undefined;
  /**
   * The policy of removing the state.
   *
   * @default "fa"
   */
  readonly unsetPolicy?: string | undefined;
}

/** The names of the options of every operation. */
export const STATES_OPTIONS: OptionNames<StatesOptions> = { scopes: true, skipLocks: true, signal: true };
/** The names of the options of a check. */
export const CHECK_OPTIONS: OptionNames<CheckOptions> = { ...STATES_OPTIONS, checkPolicy: true };
/** The names of the options of an operation with a policy. */
export const POLICY_OPTIONS: OptionNames<PolicyOptions> = { ...CHECK_OPTIONS, policy: true, onWarning: true };
/** The names of the options of a pop. */
export const POP_OPTIONS: OptionNames<PopOptions> = {
  ...CHECK_OPTIONS,
  onWarning: true,
  getPolicy: true,
  unsetPolicy: true,
};
