// The condition of an operation on a state, which is checked again while the state is locked.

import { StateChangedError, type StateErrorContext } from "./errors.ts";
import { RemoteError } from "./sftp/errors.ts";

/** Whether an operation depends on the existence of its state. */
export interface StateCondition {
  /**
   * The operation changes nothing unless the state `exists`, or is `missing`, while its lock is held. Otherwise its
   * error is a {@linkcode StateChangedError}.
   *
   * @default none: the operation does not depend on it
   */
  readonly onlyIf?: "exists" | "missing" | undefined;
}

/** Throws a {@linkcode StateChangedError} unless the condition holds. The caller holds the lock of the state. */
export function checkCondition({ onlyIf }: StateCondition, exists: boolean, context: StateErrorContext): void {
  if (onlyIf !== undefined && exists !== (onlyIf === "exists")) throw new StateChangedError(exists, context);
}

/**
 * Runs an operation that reads a state. If the condition is that the state exists, and it does not after a failure, the
 * operation rejects with a {@linkcode StateChangedError}. `isThere` tells whether the state exists. A host that has
 * failed is not asked.
 */
export async function unlessMissing(
  { onlyIf }: StateCondition,
  isThere: () => Promise<boolean>,
  context: StateErrorContext,
  run: () => Promise<unknown>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (onlyIf !== "exists" || error instanceof RemoteError || await isThere().catch(() => true)) throw error;
    throw new StateChangedError(false, { ...context, cause: error });
  }
}
