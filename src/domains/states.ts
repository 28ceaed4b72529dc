// The states of a domain and of its devices: libvirt's and Xen's numbers, and what the letters of the hypervisor mean.

import { DomainFlag } from "./flags.ts";

/**
 * The states of a domain, with the numbers of libvirt's `virDomainState`.
 *
 * @example
 * ```ts
 * import { DomainState } from "tsxs/domains";
 *
 * console.log(DomainState.running, DomainState.shutoff); // 1 5
 * ```
 */
export const DomainState = {
  /** Nothing tells the state. */
  noState: 0,
  /** The domain runs, or waits for an event. */
  running: 1,
  /** The domain waits for a resource. Nothing here reports it: the hypervisor's `b` is an idle domain that runs. */
  blocked: 2,
  /** The domain is paused. */
  paused: 3,
  /** The domain shuts down. */
  shutdown: 4,
  /** The domain does not run. */
  shutoff: 5,
  /** The domain has crashed. */
  crashed: 6,
  /** The domain was suspended by its own power management. */
  pmSuspended: 7,
} as const;

/** The number of a state. */
export type DomainState = typeof DomainState[keyof typeof DomainState];

/**
 * Why a domain is in its state.
 *
 * - `"introduced"`: the store communicates with the domain, and no shutdown is requested. The domain runs or is paused.
 * - `"hypervisor"`: the hypervisor says so.
 * - `"poweroff"`, `"reboot"`, `"suspend"`, `"halt"`: this shutdown is requested and not acknowledged yet, or has
 *   happened.
 * - `"crash"`, `"watchdog"`, `"soft-reset"`: the domain ended by itself.
 * - `"request"`: a shutdown of another kind is requested.
 * - `"dying"`: the hypervisor still frees what the domain had.
 * - `"incoming"`, `"migrated"`: a migration receives the domain, or has sent it away.
 * - `"not-introduced"`: the store does not communicate with the domain. It starts, or has ended and was not cleaned up.
 * - `"defined"`: the domain has a definition, and does not run.
 */
export type DomainReason =
  | "introduced"
  | "hypervisor"
  | "poweroff"
  | "reboot"
  | "suspend"
  | "halt"
  | "crash"
  | "watchdog"
  | "soft-reset"
  | "request"
  | "dying"
  | "incoming"
  | "migrated"
  | "not-introduced"
  | "defined";

/** A state and its reason. */
export interface StateAndReason {
  /** The state. */
  readonly state: DomainState;
  /** The reason. */
  readonly reason: DomainReason;
}

/** The reason of a shutdown, by the letter that `xl list` prints in the fifth column of its states. */
const shutdownReasons: Readonly<Record<string, DomainReason>> = {
  "-": "poweroff",
  r: "reboot",
  s: "suspend",
  c: "crash",
  w: "watchdog",
  S: "soft-reset",
};

/**
 * The state that the letters of `xl list` name, such as `"-b----"`: r, b, p, s, c, d, each in its column. `reason` is
 * the letter of the reason of a shutdown, if it is known.
 */
export function stateOfLetters(letters: string, reason: string | null = null): StateAndReason {
  const has = (letter: string) => letters.includes(letter);
  if (has("d")) return { state: DomainState.shutdown, reason: "dying" };
  if (has("c")) return { state: DomainState.crashed, reason: "crash" };
  if (has("s")) {
    const why = shutdownReasons[reason ?? "-"] ?? "poweroff";
    if (why === "suspend") return { state: DomainState.pmSuspended, reason: why };
    return { state: why === "crash" ? DomainState.crashed : DomainState.shutdown, reason: why };
  }
  if (has("p")) return { state: DomainState.paused, reason: "hypervisor" };
  // A domain with no letter has virtual CPUs that are all ready to run.
  return { state: DomainState.running, reason: "hypervisor" };
}

/** The flag of the group of states for a state. */
export function flagOfState(state: DomainState): number {
  if (state === DomainState.running || state === DomainState.blocked) return DomainFlag.running;
  if (state === DomainState.paused) return DomainFlag.paused;
  return state === DomainState.shutoff ? DomainFlag.shutoff : DomainFlag.other;
}

/**
 * The states of one end of a device, with the numbers of Xen's `XenbusState`.
 *
 * @example
 * ```ts
 * import { XenbusState } from "tsxs/domains";
 *
 * console.log(XenbusState.connected); // 4
 * ```
 */
export const XenbusState = {
  /** The node is missing, or its value is not a state. */
  unknown: 0,
  /** The end starts. */
  initialising: 1,
  /** The backend waits for the frontend. */
  initWait: 2,
  /** The end waits for the other end. */
  initialised: 3,
  /** Both ends are connected. */
  connected: 4,
  /** The end closes. */
  closing: 5,
  /** The end is closed. */
  closed: 6,
  /** The end changes its configuration. */
  reconfiguring: 7,
  /** The end has changed its configuration. */
  reconfigured: 8,
} as const;

/** The number of a state of one end of a device. */
export type XenbusState = typeof XenbusState[keyof typeof XenbusState];
