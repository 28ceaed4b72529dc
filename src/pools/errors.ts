// The errors of pools that a caller may want to catch.

/** What the error of a state was about. */
export interface StateErrorContext {
  /** The operation, such as `"get"`. */
  readonly operation: string;
  /** The object, such as `"guest"` or `"guest/disk"`. */
  readonly object: string;
  /** The name of the state. Empty if the error concerns the object as a whole. */
  readonly state: string;
  /** The cause, if another error is one. */
  readonly cause?: unknown;
}

/**
 * An operation on a state failed.
 *
 * @example
 * ```ts
 * import { getStates, StateBackend, StateError } from "tsxs/pools";
 *
 * class Nothing extends StateBackend {
 *   override checkRoot = () => Promise.resolve(true);
 *   override show = () => Promise.resolve([]);
 * }
 * const error = await getStates(new Nothing(), [{ object: "guest", state: "clean" }]).catch((reason) => reason);
 * console.log(error instanceof StateError && error.message);
 * ```
 */
export class StateError extends Error {
  /** `"StateError"`. */
  override name = "StateError";
  /** The operation, such as `"get"`. */
  readonly operation: string;
  /** The object, such as `"guest"` or `"guest/disk"`. */
  readonly object: string;
  /** The name of the state. Empty if the error concerns the object as a whole. */
  readonly state: string;

  /**
   * Makes the error.
   *
   * @param fault What was wrong.
   * @param context The operation, the object and the state.
   */
  constructor(fault: string, { operation, object, state, cause }: StateErrorContext) {
    const subject = state === "" ? JSON.stringify(object) : `${JSON.stringify(state)} of ${JSON.stringify(object)}`;
    super(`${operation} ${subject}: ${fault}`, cause === undefined ? {} : { cause });
    this.operation = operation;
    this.object = object;
    this.state = state;
  }
}

/** Something depends on a state that the operation would change or remove. Nothing was changed. */
export class StateInUseError extends StateError {
  /** `"StateInUseError"`. */
  override name = "StateInUseError";
  /** What depends on the state: the names of other states, or the paths of images of guests. */
  readonly dependents: readonly string[];

  /**
   * Makes the error.
   *
   * @param fault What depends on the state. The names of the dependents are added.
   * @param dependents The names of states, or the paths of images.
   * @param context The operation, the object and the state.
   */
  constructor(fault: string, dependents: readonly string[], context: StateErrorContext) {
    super(`${fault}: ${dependents.map((name) => JSON.stringify(name)).join(", ")}`, context);
    this.dependents = dependents;
  }
}

/** The policy of an operation forbids what would have been done. */
export class StateAbortError extends StateError {
  /** `"StateAbortError"`. */
  override name = "StateAbortError";
  /** Whether the state exists. */
  readonly exists: boolean;

  /**
   * Makes the error.
   *
   * @param exists Whether the state exists.
   * @param policy The two letters of the policy.
   * @param context The operation, the object and the state.
   */
  constructor(exists: boolean, policy: string, context: StateErrorContext) {
    super(`the state ${exists ? "exists" : "does not exist"}, and the policy "${policy}" aborts`, context);
    this.exists = exists;
  }
}

/** A location has a symbolic link in the place of a directory. No operation follows it. */
export class LinkError extends Error {
  /** `"LinkError"`. */
  override name = "LinkError";
  /** `"ELOOP"`, as the system says of a link that is not followed. */
  readonly code = "ELOOP";
  /** The location. */
  readonly location: string;
  /** The path of the link below the location. */
  readonly path: string;

  /**
   * Makes the error.
   *
   * @param location The location.
   * @param path The path of the link below the location.
   */
  constructor(location: string, path: string) {
    super(`${JSON.stringify(path)} of ${JSON.stringify(location)} is a symbolic link: expected a directory`);
    this.location = location;
    this.path = path;
  }
}

/** The backend does not have the operation. */
export class NotImplementedError extends StateError {
  /** `"NotImplementedError"`. */
  override name = "NotImplementedError";

  /**
   * Makes the error.
   *
   * @param context The operation, the object and the state.
   */
  constructor(context: StateErrorContext) {
    super("the backend has no such operation: not implemented", context);
  }
}
