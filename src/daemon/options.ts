// The options of a daemon, and their checks, before anything is made of them.

import { checkedWhole, wholeFault } from "../wire/checks.ts";
import { checkFunction, checkFunctions, checkNames, checkNumber, checkNumbers, quoted } from "./checks.ts";
import { type Clock, TIMER_MAX } from "./clock.ts";
import type { FaultOptions } from "./lines/faults.ts";
import type { Patience } from "./lines/links.ts";
import type { LogOptions } from "./lines/operation_log.ts";
import { isQuotaName, type QuotaName } from "./tree/quotas.ts";

/** How a daemon differs from the usual one. */
export interface DaemonOptions extends Patience {
  /** Quotas of each guest that are not the C daemon's defaults; 0 stands for no limit. Domain 0 has none. */
  readonly quotas?: Readonly<Partial<Record<QuotaName, number>>>;
  /**
   * Whether there is a domain of this number, as a hypervisor would tell; by default there is one of every number. Only
   * a domain that exists can be introduced. `Daemon.open()` asks for each domain that something is kept of: of those
   * that exist no more, nothing is left.
   */
  readonly domainExists?: (domid: number) => boolean;
  /** Faults on purpose, for tests of what a client makes of them; none by default. */
  readonly faults?: FaultOptions;
  /**
   * Gets a line of text for what CONTROL's `print` says, and for each request once CONTROL's `log on` was asked for.
   */
  readonly log?: (line: string) => void;
  /** Where time comes from; the machine's own by default. */
  readonly clock?: Clock;
  /** Called when the last connection that was open has ended. */
  readonly onIdle?: () => void;
}

/** How a store is kept in a directory. */
export interface KeepOptions {
  /**
   * When changes are brought to the disk itself. `"always"`, the default: before anybody is told of them. `"interval"`:
   * within the {@linkcode KeepOptions.interval}, so that a crash of the machine takes what is younger. `"never"`: when
   * the system does. A crash of the process alone takes nothing in any case.
   */
  readonly sync?: "always" | "interval" | "never";
  /** For `"interval"`: milliseconds, 1000 by default, at the most 2147483647. */
  readonly interval?: number;
  /** Told of what failed without harm: the log could not be made shorter. It is tried again later. */
  readonly onProblem?: (error: Error) => void;
  /**
   * Told once when changes can be kept no longer, because the disk is full, for instance. The daemon has closed then.
   */
  readonly onFailed?: (error: Error) => void;
}

const policies: readonly unknown[] = ["always", "interval", "never"] satisfies KeepOptions["sync"][];
const FAULTS: readonly string[] = [
  "seed",
  "conflict",
  "delay",
  "cut",
  "spuriousEvents",
] satisfies (keyof FaultOptions)[];
const DELAY: readonly string[] = ["probability", "milliseconds"] satisfies (keyof NonNullable<FaultOptions["delay"]>)[];

/** The largest quota: the C daemon keeps quotas as unsigned numbers, and the next number means an error there. */
const QUOTA_MAX = 0xfffffffe;

/** Checks the options of a daemon. Throws a `TypeError` or a `RangeError` that names the option. */
export function checkDaemonOptions(options: DaemonOptions): void {
  const { unsentMax, unsentMs, domainExists, log, onIdle, clock, faults, quotas } = options;
  checkNumbers({ unsentMax, unsentMs });
  checkFunctions({ domainExists, log, onIdle });
  if (clock !== undefined) {
    checkFunction("clock.now", clock.now);
    checkFunction("clock.after", clock.after);
  }
  if (faults !== undefined) checkFaults(faults);
  if (quotas !== undefined) checkQuotas(quotas);
}

/** Checks how a store is to be persisted. Throws as {@linkcode checkDaemonOptions}. */
export function checkKeepOptions({ sync, interval, onProblem, onFailed }: KeepOptions): void {
  if (sync !== undefined && !policies.includes(sync)) {
    throw new RangeError(`sync is ${quoted(sync)}: expected "always", "interval" or "never"`);
  }
  checkNumbers({ interval }, TIMER_MAX);
  checkFunctions({ onProblem, onFailed });
}

/** Checks how operations are to be logged. Throws as {@linkcode checkDaemonOptions}. */
export function checkLogOptions({ limit }: LogOptions): void {
  if (limit !== undefined) checkedWhole("limit", limit, 1);
}

function checkFaults(options: FaultOptions): void {
  checkNames("faults", options, FAULTS);
  const { seed, conflict, delay, cut, spuriousEvents } = options;
  if (!Number.isInteger(seed)) throw new RangeError(`seed is ${quoted(seed)}: expected a whole number`);
  if (delay !== undefined) {
    checkNames("delay", delay, DELAY);
    checkNumber("delay.probability", delay.probability, 1);
    checkNumber("delay.milliseconds", delay.milliseconds, TIMER_MAX);
  }
  checkNumbers({ conflict, cut, spuriousEvents }, 1);
}

function checkQuotas(quotas: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(quotas)) {
    if (!isQuotaName(name)) throw new RangeError(`cannot set quota "${name}": there is none of this name`);
    if (typeof value !== "number" || wholeFault(name, value, 0, QUOTA_MAX) !== null) {
      throw new RangeError(`cannot set quota "${name}": ${value} is not a whole number from 0 to ${QUOTA_MAX}`);
    }
  }
}
