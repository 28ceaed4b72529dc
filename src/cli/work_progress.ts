// Long work that is shown: subcommands and sources of events report, and a progress bar shows their progress events.

import { EventClass } from "../events/classes.ts";
import { Progress, type ProgressClock, progressClock } from "../events/progress.ts";
import { Reporter } from "../events/reporter.ts";
import type { Invocation } from "./invocation.ts";
import { isUtf8 } from "./locale.ts";
import { ProgressBar } from "./progress_bar.ts";
import type { EventSource, Work, WorkProgress } from "./silent_progress.ts";

/** The number of all operations of the command itself. The library's own numbers begin at 1000. */
const OPERATION_NUMBER = 2000;

/** What a display needs of an invocation. */
type Surroundings = Pick<Invocation, "columns" | "openTerminal" | "variable" | "writeError" | "writeOutput">;

/** Shows long work by a bar. */
export class ShownProgress implements WorkProgress {
  readonly #invocation: Surroundings;
  readonly #isOutputTerminal: boolean;
  readonly #bar: ProgressBar;
  readonly #clock: ProgressClock;
  readonly #reporter = new Reporter();
  #serial = 0;

  /** Makes a display for one run of the command. */
  constructor(invocation: Surroundings, clock: ProgressClock = progressClock) {
    this.#invocation = invocation;
    this.#isOutputTerminal = invocation.columns() !== null;
    this.#clock = clock;
    this.#bar = new ProgressBar({
      terminal: invocation.openTerminal(),
      isDumb: invocation.variable("TERM") === "dumb",
      isUtf8: isUtf8(invocation),
      clock,
    });
    this.#reporter.add((event) => this.#bar.show(event), EventClass.PROGRESS);
  }

  /** Starts an operation of the subcommand. */
  start(operation: string): Work {
    const source = { operationNumber: OPERATION_NUMBER, operation, serial: ++this.#serial };
    this.#bar.begin(source.operationNumber, source.serial);
    return new Progress(this.#reporter, source, this.#clock);
  }

  /** Shows the progress events of a source. */
  follow(source: EventSource): Disposable {
    return source.on("progress", (event) => this.#reporter.report(event));
  }

  /** Removes the bar. */
  erase(): void {
    this.#bar.erase();
  }

  /** Writes to standard output, apart from the bar if that is a terminal. */
  writeOutput(bytes: Uint8Array): void {
    if (this.#isOutputTerminal) this.#bar.apart(this.#invocation.writeOutput, bytes);
    else this.#invocation.writeOutput(bytes);
  }

  /** Writes to standard error, apart from the bar. */
  writeError(bytes: Uint8Array): void {
    this.#bar.apart(this.#invocation.writeError, bytes);
  }
}
