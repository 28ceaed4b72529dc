// The table of domains as virsh prints it, the texts of states, and the flags that its options mean.

import type { Domain, DomainFlag, DomainState } from "../domains/mod.ts";
import { shown } from "./domain_sources.ts";

type Flags = typeof DomainFlag;

/** The flags of each option. */
const flagOptions: readonly (readonly [option: string, flag: keyof Flags])[] = [
  ["persistent", "persistent"],
  ["transient", "transient"],
  ["state-running", "running"],
  ["state-paused", "paused"],
  ["state-shutoff", "shutoff"],
  ["state-other", "other"],
  ["with-managed-save", "managedSave"],
  ["without-managed-save", "noManagedSave"],
  ["autostart", "autostart"],
  ["no-autostart", "noAutostart"],
  ["with-snapshot", "hasSnapshot"],
  ["without-snapshot", "noSnapshot"],
  ["with-checkpoint", "hasCheckpoint"],
  ["without-checkpoint", "noCheckpoint"],
];

/** virsh's names of the states. */
const stateNames: Readonly<Record<DomainState, string>> = {
  0: "no state",
  1: "running",
  2: "idle",
  3: "paused",
  4: "in shutdown",
  5: "shut off",
  6: "crashed",
  7: "pmsuspended",
};

/** Returns the flags that the options select. Without `--all` or `--inactive`, only active domains are listed. */
export function flagsOf(options: ReadonlyMap<string, string>, flags: Flags): number {
  const isInactive = options.has("inactive") || options.has("state-shutoff");
  let wanted: number = isInactive ? flags.inactive : flags.active;
  if (options.has("all")) wanted = flags.active | flags.inactive;
  for (const [option, flag] of flagOptions) if (options.has(option)) wanted |= flags[flag];
  return wanted;
}

/** Sorts domains as virsh: those with a number by it, and then the others by name, ignoring case. */
export function inOrder(domains: readonly Domain[]): Domain[] {
  const folded = ({ name }: Domain): string => (name ?? "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return [...domains].sort((a, b) => {
    if (a.id !== null || b.id !== null) return (a.id ?? Infinity) - (b.id ?? Infinity);
    const [first, second] = [folded(a), folded(b)];
    return first < second ? -1 : first > second ? 1 : 0;
  });
}

/** Returns the state. `isSaved` tells whether a domain that does not run is shown as saved. */
export function stateOf({ state, id }: Domain, isSaved: boolean): string {
  return isSaved && id === null ? "saved" : stateNames[state];
}

/** Returns the name as it may reach a terminal. A domain without one is shown as by `xl list`. */
export function nameOf({ name }: Domain): string {
  return shown(name ?? "(null)");
}

/** Lays out the table: a blank before each line, and three blanks between columns. */
export function tableOf(
  domains: readonly Domain[],
  state: (domain: Domain) => string,
  hasTitle: boolean,
): string {
  const rows = [
    ["Id", "Name", "State", ...hasTitle ? ["Title"] : []],
    ...domains.map((domain) => [
      `${domain.id ?? "-"}`,
      nameOf(domain),
      state(domain),
      ...hasTitle ? [shown(domain.title ?? "")] : [],
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, column) => column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0));
    return ` ${cells.join("   ")}\n`;
  };
  const [titles = "", ...lines] = rows.map(line);
  const dashes = widths.reduce((sum, width) => sum + width + "   ".length, 0);
  return `${titles}${"-".repeat(dashes)}\n${lines.join("")}\n`;
}
