// How a subcommand tells how far its long work is, and progress that is not shown.

import type { TsxsEvent } from "../events/classes.ts";
import type { Progress } from "../events/progress.ts";
import type { Globals } from "./globals.ts";
import type { Invocation } from "./invocation.ts";

/** How far one operation is. */
export type Work = Pick<Progress, "advance" | "pulse" | "done" | "fail">;

/** Something that raises progress events, such as a client or a daemon. */
export interface EventSource {
  on(name: "progress", callback: (event: TsxsEvent) => void): Disposable;
}

/** Shows how far long work is. */
export interface WorkProgress {
  /** Starts an operation of the subcommand. */
  start(operation: string): Work;
  /** Shows the progress events of a source until the result is disposed of. */
  follow(source: EventSource): Disposable;
}

/** Takes the progress of one operation, and shows nothing. */
export const silentWork: Work = { advance() {}, pulse() {}, done() {}, fail() {} };

/** Takes the progress of operations, and shows nothing. */
export const silentProgress: WorkProgress = {
  start: () => silentWork,
  follow: () => ({ [Symbol.dispose]() {} }),
};

/** Whether the options and the terminal want bars. Xen's tools have none. */
export function wantsBars(
  { progressBars }: Pick<Globals, "progressBars">,
  isTool: boolean,
  invocation: Pick<Invocation, "isErrorTerminal">,
): boolean {
  return !isTool && (progressBars ?? invocation.isErrorTerminal());
}
