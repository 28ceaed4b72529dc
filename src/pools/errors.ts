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
  /**
   * The location at which the operation failed, if the operation concerns several.
   *
   * @default undefined
   */
  readonly location?: string | undefined;
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
  /** The location at which the operation failed, if it is known. */
  readonly location: string | undefined;

  /**
   * Makes the error.
   *
   * @param fault What was wrong.
   * @param context The operation, the object and the state, and the location if there are several.
   */
  constructor(fault: string, { operation, object, state, cause, location }: StateErrorContext) {
    const subject = state === "" ? JSON.stringify(object) : `${JSON.stringify(state)} of ${JSON.stringify(object)}`;
    super(`${operation} ${subject}: ${fault}`, cause === undefined ? {} : { cause });
    this.operation = operation;
    this.object = object;
    this.state = state;
    this.location = location;
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

/**
 * Another process has made or removed the state since it was looked for. The place that tells so has changed nothing.
 *
 * A backend tells by this error that the condition `onlyIf` of a request does not hold. The functions with policies act
 * on it by the letter that then counts.
 */
export class StateChangedError extends StateError {
  /** `"StateChangedError"`. */
  override name = "StateChangedError";
  /** Whether the state exists now. */
  readonly exists: boolean;

  /**
   * Makes the error.
   *
   * @param exists Whether the state exists now.
   * @param context The operation, the object and the state.
   */
  constructor(exists: boolean, context: StateErrorContext) {
    super(exists ? "the state exists already" : "the state does not exist", context);
    this.exists = exists;
  }
}

/** A mirror that could not be asked, did not take a state, or keeps one that was to be removed. */
export interface MirrorFailure {
  /** The name of the host of the mirror. Messages leave an empty name out. */
  readonly host: string;
  /** The directory of the mirror. */
  readonly path: string;
  /** Why it failed. */
  readonly error: unknown;
}

/**
 * Some of the mirrors failed. The others have carried out the operation, or do not have the state that is asked for.
 */
export class MirrorsError extends StateError {
  /** `"MirrorsError"`. */
  override name = "MirrorsError";
  /** The failures, from the nearest mirror. */
  readonly failures: readonly MirrorFailure[];

  /**
   * Makes the error.
   *
   * @param operation The operation.
   * @param of The object and the state.
   * @param failures The failures.
   * @param fault What else was wrong, such as that the state was not found anywhere else. May be empty.
   */
  constructor(
    operation: string,
    { object, state }: Pick<StateErrorContext, "object" | "state">,
    failures: readonly MirrorFailure[],
    fault: string = "",
  ) {
    const reasons = failures.map(({ host, path, error }) => {
      const place = host === "" ? JSON.stringify(path) : `${JSON.stringify(path)} of ${JSON.stringify(host)}`;
      return `${place}: ${error instanceof Error ? error.message : String(error)}`;
    });
    const failed = `${failures.length} of its mirrors failed: ${reasons.join("; ")}`;
    super(fault === "" ? failed : `${fault}, and ${failed}`, { operation, object, state, cause: failures[0]?.error });
    this.failures = failures;
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
