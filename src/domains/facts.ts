// What a list tells of one domain: the fields of a domain, and of its console and devices.

import type { FlagGroup } from "./flags.ts";
import type { DomainReason, DomainState, XenbusState } from "./states.ts";
import type { DomainType } from "./sources.ts";

/** What a list tells of one domain, all from the time of the list. */
export interface DomainFacts {
  /** The number. `null` if the domain does not run. */
  readonly id: number | null;
  /** The name. `null` if the store has none. Bytes that are not UTF-8 are replaced by U+FFFD. */
  readonly name: string | null;
  /** The UUID, in small letters with dashes. `null` if it is not known. */
  readonly uuid: string | null;
  /** The title of the definition. `null` if it has no title. */
  readonly title: string | null;
  /** How the domain is virtualised. `null` if it is not known. */
  readonly type: DomainType | null;
  /** The memory that the domain should have now, in KiB. `null` if it is not known. */
  readonly memory: number | null;
  /** The most memory that the domain can have, in KiB. `null` if it is not known. */
  readonly maxMemory: number | null;
  /** The number of virtual CPUs that are online. `null` if it is not known. */
  readonly virtualCpus: number | null;
  /** The number of virtual CPUs that the domain can have. `null` if it is not known. */
  readonly maxVirtualCpus: number | null;
  /** The console. `null` if the domain has no console. */
  readonly console: DomainConsole | null;
  /** The devices, by kind and number. At most 1024: see {@linkcode hasMoreDevices}. */
  readonly devices: readonly DomainDevice[];
  /** Whether the store has more devices, or a directory of devices that is too long for one reply. */
  readonly hasMoreDevices: boolean;
  /** The state. */
  readonly state: DomainState;
  /** Why the domain is in the state. */
  readonly reason: DomainReason;
  /** The flags of {@linkcode DomainFlag} that fit the domain. A group has no flag if no source tells of it. */
  readonly flags: number;
  /** The evidence of each group of flags: a reply of the store, a file, or a program. */
  readonly evidence: Readonly<Partial<Record<FlagGroup, string>>>;
}

/** The console of a domain. */
export interface DomainConsole {
  /** The type, such as `"xenconsoled"` or `"ioemu"`. `null` if the store does not tell. */
  readonly type: string | null;
  /** The path of the terminal on the host. `null` if the console has no terminal. */
  readonly tty: string | null;
  /** The port of the VNC server. `null` if no server runs. */
  readonly vncPort: number | null;
}

/** A device of a domain. */
export interface DomainDevice {
  /** The kind, such as `"vif"` or `"vbd"`. */
  readonly kind: string;
  /** The number, such as `"0"` or `"51712"`. */
  readonly id: string;
  /** The end in the domain. */
  readonly frontend: DeviceEnd;
  /** The end that serves the device. `null` if the two ends do not name each other. */
  readonly backend: DeviceEnd | null;
}

/** One end of a device. */
export interface DeviceEnd {
  /** The path of its nodes. */
  readonly path: string;
  /** The number of the domain that it is in. */
  readonly domid: number;
  /** Its state. */
  readonly state: XenbusState;
}
