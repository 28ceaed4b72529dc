// The options of a daemon, and their checks.

import { checkedWhole, checkOptions, type OptionNames, shown, wholeFault } from "../wire/checks.ts";
import { checkDomid, checkFunction, checkFunctions, checkNumber, checkNumbers } from "./checks.ts";
import { type Clock, TIMER_MAX } from "./clock.ts";
import type { FaultOptions } from "./lines/faults.ts";
import type { Patience } from "./lines/links.ts";
import type { LogOptions } from "./lines/operation_log.ts";
import { PRIVILEGED_DOMID } from "./state/domains.ts";
import { type QuotaName, quotaNames } from "./tree/quotas.ts";

/** The options of a daemon. */
export interface DaemonOptions extends Patience {
  /**
   * The quotas of each guest that differ from the defaults, from 0 to 2^32 - 2; 0 means no limit. Domain 0 has no
   * quotas.
   *
   * @default the defaults of the C daemon
   */
  readonly quotas?: Readonly<Partial<Record<QuotaName, number>>>;
  /**
   * Tells whether a domain exists, as a hypervisor would. Only a domain that exists can be introduced.
   *
   * `Daemon.open()` asks for each domain that the store knows, and removes everything of a domain that does not exist.
   *
   * @default every domain exists
   */
  readonly domainExists?: (domid: number) => boolean;
  /**
   * The largest number of bytes of replaced nodes that open transactions of guests keep in memory.
   *
   * A transaction sees the tree as it was at its start. If other clients have replaced more than this since then, the
   * transaction is moved to the current tree. If one of its replies would be different there, or if it has more than
   * 256 requests, its further requests and its commit fail with EAGAIN.
   *
   * @default 16777216
   */
  readonly pinnedMax?: number;
  /**
   * The faults to make, for tests of clients.
   *
   * @default none
   */
  readonly faults?: FaultOptions;
  /**
   * Gets the lines of CONTROL's `print` and, after CONTROL `log on`, a line for each request and reply.
   *
   * @default the lines are dropped
   */
  readonly log?: (line: string) => void;
  /**
   * The source of time.
   *
   * @default the clock of the machine
   */
  readonly clock?: Clock;
  /**
   * Called when the last open connection has ended.
   *
   * @default a function that does nothing
   */
  readonly onIdle?: () => void;
}

/** How a store is persisted. */
export interface KeepOptions {
  /**
   * When changes are synced to the disk.
   *
   * - `"always"`: before a reply or an event tells of them.
   * - `"interval"`: within {@linkcode KeepOptions.interval}. A crash of the machine loses younger changes.
   * - `"never"`: when the system syncs them.
   *
   * A crash of the process alone loses no change in any case.
   *
   * @default "always"
   */
  readonly sync?: "always" | "interval" | "never";
  /**
   * The longest time between a change and its sync for `"interval"`, in milliseconds, at most 2147483647.
   *
   * @default 1000
   */
  readonly interval?: number;
  /**
   * Called after a harmless failure: the log could not be compacted, which is tried again later.
   *
   * @default a function that does nothing
   */
  readonly onProblem?: (error: Error) => void;
  /**
   * Called once if changes can no longer be persisted, for example because the disk is full or the directory was
   * removed. The daemon has closed by then.
   *
   * @default a function that does nothing
   */
  readonly onFailed?: (error: Error) => void;
}

/** The options of a connection. */
export interface ConnectOptions {
  /**
   * The domain that the connection acts for. Domain 0 may do everything; any other domain must be introduced.
   *
   * @default 0
   */
  readonly domid?: number;
}

const policies: readonly unknown[] = ["always", "interval", "never"] satisfies KeepOptions["sync"][];
const DAEMON_OPTIONS: OptionNames<DaemonOptions> = {
  quotas: true,
  domainExists: true,
  faults: true,
  log: true,
  clock: true,
  onIdle: true,
  unsentMax: true,
  unsentMs: true,
  pinnedMax: true,
};
const KEEP_OPTIONS: OptionNames<KeepOptions> = { sync: true, interval: true, onProblem: true, onFailed: true };
const CONNECT_OPTIONS: OptionNames<ConnectOptions> = { domid: true };
const LOG_OPTIONS: OptionNames<LogOptions> = { signal: true, limit: true };
const FAULTS: OptionNames<FaultOptions> = {
  seed: true,
  conflict: true,
  delay: true,
  cut: true,
  spuriousEvents: true,
};
const DELAY: OptionNames<NonNullable<FaultOptions["delay"]>> = { probability: true, milliseconds: true };
const QUOTAS = Object.fromEntries(quotaNames.map((name) => [name, true as const]));

/** The largest quota: the C daemon keeps quotas as unsigned numbers, and the next number means an error there. */
const QUOTA_MAX = 0xfffffffe;

/** Checks the options of a daemon. Throws a `TypeError` or a `RangeError` that names the option. */
export function checkDaemonOptions(options: DaemonOptions): void {
  checkOptions("Daemon", options, DAEMON_OPTIONS);
  const { unsentMax, unsentMs, pinnedMax, domainExists, log, onIdle, clock, faults, quotas } = options;
  checkNumbers({ unsentMax, unsentMs, pinnedMax });
  checkFunctions({ domainExists, log, onIdle });
  if (clock !== undefined) {
    checkFunction("clock.now", clock.now);
    checkFunction("clock.after", clock.after);
  }
  if (faults !== undefined) checkFaults(faults);
  if (quotas !== undefined) checkQuotas(quotas);
}

/**
 * Checks how a store is to be persisted, and returns the options of the daemon itself. Throws as
 * {@linkcode checkDaemonOptions}.
 */
export function checkKeepOptions(options: DaemonOptions & KeepOptions): DaemonOptions {
  checkOptions("Daemon.open", options, { ...DAEMON_OPTIONS, ...KEEP_OPTIONS });
  const { sync, interval, onProblem, onFailed, ...own } = options;
  if (sync !== undefined && !policies.includes(sync)) {
    throw new RangeError(`sync is ${shown(sync)}: expected "always", "interval" or "never"`);
  }
  checkNumbers({ interval }, TIMER_MAX);
  checkFunctions({ onProblem, onFailed });
  return own;
}

/** Checks how operations are to be logged. Throws as {@linkcode checkDaemonOptions}. */
export function checkLogOptions(options: LogOptions): void {
  checkOptions("operations", options, LOG_OPTIONS);
  if (options.limit !== undefined) checkedWhole("limit", options.limit, 1);
}

/** Returns the domain that a connection acts for. Throws as {@linkcode checkDaemonOptions}. */
export function checkedDomid(what: string, options: ConnectOptions): number {
  checkOptions(what, options, CONNECT_OPTIONS);
  const { domid = PRIVILEGED_DOMID } = options;
  checkDomid(domid);
  return domid;
}

function checkFaults(options: FaultOptions): void {
  checkOptions("faults", options, FAULTS);
  const { seed, conflict, delay, cut, spuriousEvents } = options;
  if (!Number.isInteger(seed)) throw new RangeError(`seed is ${shown(seed)}: expected a whole number`);
  if (delay !== undefined) {
    checkOptions("delay", delay, DELAY);
    checkNumber("delay.probability", delay.probability, 1);
    checkNumber("delay.milliseconds", delay.milliseconds, TIMER_MAX);
  }
  checkNumbers({ conflict, cut, spuriousEvents }, 1);
}

function checkQuotas(quotas: Readonly<Record<string, unknown>>): void {
  checkOptions("quotas", quotas, QUOTAS);
  for (const [name, value] of Object.entries(quotas)) {
    if (typeof value !== "number" || wholeFault(name, value, 0, QUOTA_MAX) !== null) {
      throw new RangeError(`cannot set quota "${name}": ${shown(value)} is not a whole number from 0 to ${QUOTA_MAX}`);
    }
  }
}
