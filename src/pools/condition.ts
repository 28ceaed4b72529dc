// The condition of an operation on a state, which is checked again while the state is locked.

import { StateChangedError, type StateErrorContext } from "./errors.ts";

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
 * operation rejects with a {@linkcode StateChangedError}.
 */
export async function unlessMissing(
  { onlyIf }: StateCondition,
  states: { manifest(object: string, state: string): Promise<unknown> },
  context: StateErrorContext,
  run: () => Promise<unknown>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const isMissing = async (): Promise<boolean> => await states.manifest(context.object, context.state) === null;
    if (onlyIf !== "exists" || !await isMissing().catch(() => false)) throw error;
    throw new StateChangedError(false, { ...context, cause: error });
  }
}
