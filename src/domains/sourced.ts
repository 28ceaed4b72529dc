// What the sources of a list tell, put together: states, definitions, saved images, snapshots and checkpoints.

import { MissingSourceError } from "./errors.ts";
import { DomainFlag, type FlagGroup, type NeededGroup } from "./flags.ts";
import type { DomainDefinition, DomainSource, HypervisorState, SourceReading } from "./sources.ts";

/** The sources of this library that answer each group. */
const answering: Readonly<Record<FlagGroup, readonly string[]>> = {
  active: ["xlConfigs()", "libvirtConfigs()"],
  persistence: ["xlConfigs()", "libvirtConfigs()"],
  state: ["xlList()"],
  managedSave: ["saves()"],
  autostart: ["xlConfigs()", "libvirtConfigs()"],
  snapshot: ["checkpoints()"],
  checkpoint: ["checkpoints()"],
};

/** Throws a {@linkcode MissingSourceError} if no given source answers a group that is needed. */
export function checkSources(needed: readonly NeededGroup[], sources: readonly DomainSource[]): void {
  for (const { group, flag } of needed) {
    if (!sources.some(({ answers }) => answers.includes(group))) {
      throw new MissingSourceError(flag, answering[group]);
    }
  }
}

/** What all sources tell. */
export class Sourced {
  /** What the hypervisor says, by the number of the domain. `null` if no source tells. */
  readonly states: ReadonlyMap<number, HypervisorState> | null;
  readonly #readings: readonly SourceReading[];
  readonly #answers: ReadonlySet<FlagGroup>;
  readonly #byUuid = new Map<string, DomainDefinition[]>();
  readonly #byName = new Map<string, DomainDefinition[]>();

  /** Puts the readings of sources together. */
  constructor(sources: readonly DomainSource[], readings: readonly SourceReading[]) {
    this.#readings = readings;
    this.#answers = new Set(sources.flatMap(({ answers }) => answers));
    const states = readings.flatMap(({ states }) => states === undefined ? [] : [...states]);
    this.states = this.#answers.has("state") ? new Map(states) : null;
    for (const definition of readings.flatMap(({ definitions = [] }) => definitions)) {
      add(this.#byName, definition.name, definition);
      if (definition.uuid !== null) add(this.#byUuid, definition.uuid, definition);
    }
  }

  /** The definitions with the UUID of a domain, and the definitions with its name and no other UUID. */
  definitionsOf(name: string | null, uuid: string | null): readonly DomainDefinition[] {
    const byName = name === null ? [] : this.#byName.get(name) ?? [];
    const same = byName.filter((definition) => uuid === null || definition.uuid === null || definition.uuid === uuid);
    return [...new Set([...uuid === null ? [] : this.#byUuid.get(uuid) ?? [], ...same])];
  }

  /** The definitions, in the order of the sources. */
  get definitions(): readonly DomainDefinition[] {
    return this.#readings.flatMap(({ definitions = [] }) => definitions);
  }

  /** The flags and the evidence that the sources tell of a domain. */
  flagsOf(
    name: string | null,
    uuid: string | null,
    definitions: readonly DomainDefinition[],
  ): { flags: number; evidence: Partial<Record<FlagGroup, string>> } {
    const evidence: Partial<Record<FlagGroup, string>> = {};
    let flags = 0;
    const tell = (group: FlagGroup, proof: string | undefined, yes: number, no: number, absence: string) => {
      if (!this.#answers.has(group)) return;
      flags |= proof === undefined ? no : yes;
      evidence[group] = proof ?? absence;
    };
    const [definition] = definitions;
    tell("persistence", definition?.evidence, DomainFlag.persistent, DomainFlag.transient, "no definition");
    const starting = definitions.find(({ autostart }) => autostart === true);
    tell("autostart", starting?.evidence, DomainFlag.autostart, DomainFlag.noAutostart, "not started at boot");
    const { managedSave, noManagedSave, hasSnapshot, noSnapshot, hasCheckpoint, noCheckpoint } = DomainFlag;
    const found = (of: (reading: SourceReading) => ReadonlyMap<string, string> | undefined) =>
      this.#readings.map((reading) => evidenceIn(of(reading), name, uuid)).find((proof) => proof !== undefined);
    tell("managedSave", found(({ saved }) => saved), managedSave, noManagedSave, "no saved image");
    tell("snapshot", found(({ snapshots }) => snapshots), hasSnapshot, noSnapshot, "no snapshot");
    tell("checkpoint", found(({ checkpoints }) => checkpoints), hasCheckpoint, noCheckpoint, "no checkpoint");
    return { flags, evidence };
  }
}

/** Reads all sources concurrently. */
export async function readSources(
  sources: readonly DomainSource[],
  signal: AbortSignal | undefined,
): Promise<Sourced> {
  return new Sourced(sources, await Promise.all(sources.map((source) => source.read({ signal }))));
}

function evidenceIn(
  map: ReadonlyMap<string, string> | undefined,
  name: string | null,
  uuid: string | null,
): string | undefined {
  return (uuid === null ? undefined : map?.get(uuid)) ?? (name === null ? undefined : map?.get(name));
}

function add(map: Map<string, DomainDefinition[]>, key: string, definition: DomainDefinition): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [definition]);
  else list.push(definition);
}
