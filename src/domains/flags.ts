// The flags of a list of domains: libvirt's numbers, their groups, and what they select.

import { UnknownFlagError } from "./errors.ts";

/**
 * The flags that select domains, with the numbers of libvirt's `virConnectListAllDomains`. Sum them to combine them.
 *
 * The flags of one group are alternatives. A domain must fit every group. A group without a flag does not filter.
 *
 * @example
 * ```ts
 * import { DomainFlag, formatDomainFlags } from "tsxs/domains";
 *
 * console.log(formatDomainFlags(DomainFlag.active | DomainFlag.paused)); // active paused
 * ```
 */
export const DomainFlag = {
  /** The domain has a number: it runs, or has not gone yet. */
  active: 1,
  /** The domain is defined, and does not run. */
  inactive: 2,
  /** The domain has a definition, which stays after its end. */
  persistent: 4,
  /** The domain has no definition. */
  transient: 8,
  /** The domain runs, or waits for an event. */
  running: 16,
  /** The domain is paused. */
  paused: 32,
  /** The domain does not run. */
  shutoff: 64,
  /** The domain is in another state: it shuts down, has crashed, or sleeps. */
  other: 128,
  /** A saved image exists, from which the next start resumes. */
  managedSave: 256,
  /** No saved image exists. */
  noManagedSave: 512,
  /** The host starts the domain when it boots. */
  autostart: 1024,
  /** The host does not start the domain when it boots. */
  noAutostart: 2048,
  /** A snapshot of the domain exists. */
  hasSnapshot: 4096,
  /** No snapshot of the domain exists. */
  noSnapshot: 8192,
  /** A checkpoint of the domain exists. */
  hasCheckpoint: 16384,
  /** No checkpoint of the domain exists. */
  noCheckpoint: 32768,
} as const;

/** The name of a flag. */
export type DomainFlagName = keyof typeof DomainFlag;

/** What the flags of one group tell of a domain. */
export type FlagGroup =
  | "active"
  | "persistence"
  | "state"
  | "managedSave"
  | "autostart"
  | "snapshot"
  | "checkpoint";

/** The bits of each group. */
export const groupBits: Readonly<Record<FlagGroup, number>> = {
  active: DomainFlag.active | DomainFlag.inactive,
  persistence: DomainFlag.persistent | DomainFlag.transient,
  state: DomainFlag.running | DomainFlag.paused | DomainFlag.shutoff | DomainFlag.other,
  managedSave: DomainFlag.managedSave | DomainFlag.noManagedSave,
  autostart: DomainFlag.autostart | DomainFlag.noAutostart,
  snapshot: DomainFlag.hasSnapshot | DomainFlag.noSnapshot,
  checkpoint: DomainFlag.hasCheckpoint | DomainFlag.noCheckpoint,
};

const ALL_FLAGS = 65535;

/** Returns the flags. Throws an {@linkcode UnknownFlagError} if they have a bit that is not a flag. */
export function checkedFlags(flags: number): number {
  if (Number.isInteger(flags) && flags >= 0 && flags <= ALL_FLAGS) return flags;
  throw new UnknownFlagError(flags);
}

/**
 * Writes the names of flags, separated by blanks.
 *
 * @param flags The flags, each a number of {@linkcode DomainFlag}.
 * @returns The names, in the order of the numbers. The text is empty if no flag is set.
 * @throws {UnknownFlagError} If a bit is not a flag.
 *
 * @example
 * ```ts
 * import { formatDomainFlags } from "tsxs/domains";
 *
 * console.log(formatDomainFlags(1 | 16 | 4096)); // active running hasSnapshot
 * ```
 */
export function formatDomainFlags(flags: number): string {
  const checked = checkedFlags(flags);
  return Object.entries(DomainFlag).filter(([, bit]) => (checked & bit) !== 0).map(([name]) => name).join(" ");
}

/** The flags of a request, without those that the other flags exclude. `null` if no domain can have them. */
export function possibleFlags(flags: number): number | null {
  let possible = flags;
  const activity = flags & groupBits.active;
  if (activity === DomainFlag.active) {
    possible = withoutImpossible(possible, DomainFlag.shutoff, groupBits.state);
  } else if (activity === DomainFlag.inactive) {
    possible = withoutImpossible(possible, groupBits.state & ~DomainFlag.shutoff, groupBits.state);
    possible = withoutImpossible(possible, DomainFlag.transient, groupBits.persistence);
  }
  return possible < 0 ? null : possible;
}

/** Removes bits. Returns -1 if the group has bits, and none of them is left. */
function withoutImpossible(flags: number, impossible: number, group: number): number {
  if (flags < 0 || (flags & group) === 0) return flags;
  return (flags & group & ~impossible) === 0 ? -1 : flags & ~impossible;
}

/** A group that only a source can tell, and the name of the flag that needs it. */
export interface NeededGroup {
  /** The group. */
  readonly group: FlagGroup;
  /** The name of one flag that needs it. */
  readonly flag: DomainFlagName;
}

/** The groups that the store alone cannot answer, for flags of {@linkcode possibleFlags}. */
export function neededGroups(flags: number): NeededGroup[] {
  const needed: NeededGroup[] = [];
  for (const group of ["persistence", "managedSave", "autostart", "snapshot", "checkpoint"] as const) {
    const bits = flags & groupBits[group];
    if (bits !== 0 && bits !== groupBits[group]) needed.push({ group, flag: nameOf(bits) });
  }
  const states = flags & groupBits.state;
  const isActiveOnly = (flags & groupBits.active) === DomainFlag.active;
  const either = states & (DomainFlag.running | DomainFlag.paused);
  if (either === DomainFlag.running || either === DomainFlag.paused) {
    needed.push({ group: "state", flag: nameOf(either) });
  }
  if ((flags & groupBits.active) === DomainFlag.inactive) needed.push({ group: "persistence", flag: "inactive" });
  else if (!isActiveOnly && (states & DomainFlag.shutoff) !== 0 && states !== groupBits.state) {
    needed.push({ group: "persistence", flag: "shutoff" });
  }
  return needed;
}

function nameOf(bits: number): DomainFlagName {
  const names = Object.keys(DomainFlag) as DomainFlagName[];
  return names.find((name) => (bits & DomainFlag[name]) !== 0) ?? "active";
}

/** Whether a domain with the flags `has` is one that the flags `wanted` select. */
export function isSelected(has: number, wanted: number): boolean {
  return Object.values(groupBits).every((group) => {
    const bits = wanted & group;
    // A group with all of its flags does not filter, whether or not a source tells of the domain.
    return bits === 0 || bits === group || (has & bits) !== 0 ||
      isEitherRunningOrPaused(has, bits, group);
  });
}

/** Whether a domain of which the store does not tell if it is paused fits a request for both. */
function isEitherRunningOrPaused(has: number, bits: number, group: number): boolean {
  const both = DomainFlag.running | DomainFlag.paused;
  return group === groupBits.state && (bits & both) === both && (has & group) === 0 && (has & DomainFlag.active) !== 0;
}
