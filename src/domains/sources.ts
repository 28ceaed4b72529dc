// What a source outside the store tells of domains: the interface that every source has.

import type { FlagGroup } from "./flags.ts";

/**
 * A source of what the store cannot tell: the hypervisor, or files of the host.
 *
 * A list reads each source once. A source that fails makes the list fail.
 */
export interface DomainSource {
  /** The name, for errors and evidence: `"xlList"`. */
  readonly name: string;
  /** The groups of flags that the source can answer. */
  readonly answers: readonly FlagGroup[];
  /**
   * Reads all that the source knows of all domains.
   *
   * @param options The signal that ends the reading.
   * @returns What the source knows.
   */
  read(options: SourceOptions): Promise<SourceReading>;
}

/** The options of one reading of a source. */
export interface SourceOptions {
  /**
   * Ends the reading, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** What a source knows of all domains. A field is missing if the source does not tell of it. */
export interface SourceReading {
  /** What the hypervisor says, by the number of the domain. */
  readonly states?: ReadonlyMap<number, HypervisorState>;
  /** The persistent definitions, for the groups persistence and autostart. */
  readonly definitions?: readonly DomainDefinition[];
  /** The evidence of saved images, by the name or the UUID of the domain. */
  readonly saved?: ReadonlyMap<string, string>;
  /** The evidence of snapshots, by the name or the UUID of the domain. */
  readonly snapshots?: ReadonlyMap<string, string>;
  /** The evidence of checkpoints, by the name or the UUID of the domain. */
  readonly checkpoints?: ReadonlyMap<string, string>;
}

/** What the hypervisor says of one domain. */
export interface HypervisorState {
  /** The letters of `xl list`, of r, b, p, s, c and d, with a dash for each that is not set: `"-b----"`. */
  readonly letters: string;
  /** The letter of the reason of a shutdown: `-`, r, s, c, w or S. `null` if it is not known. */
  readonly shutdownReason: string | null;
  /** The UUID, in small letters with dashes. `null` if it is not known. A list compares it with that of the store. */
  readonly uuid: string | null;
  /** From which program or file this comes: `"xl list"`. */
  readonly evidence: string;
}

/** A persistent definition of a domain. */
export interface DomainDefinition {
  /** The name. */
  readonly name: string;
  /** The UUID, in small letters with dashes. `null` if the definition has none. */
  readonly uuid: string | null;
  /** A title for people. `null` if the definition has none. */
  readonly title: string | null;
  /** Whether the host starts the domain when it boots. `null` if the source does not tell. */
  readonly autostart: boolean | null;
  /** From which file this comes: its path. */
  readonly evidence: string;
  /** The type. `null` if the definition does not say. */
  readonly type: DomainType | null;
  /** The memory in KiB. `null` if the definition does not say. */
  readonly memory: number | null;
  /** The number of virtual CPUs. `null` if the definition does not say. */
  readonly virtualCpus: number | null;
}

/** How a domain is virtualised. */
export type DomainType = "pv" | "hvm" | "pvh";
