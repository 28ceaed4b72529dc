// What one list tells a watch: the domains that live, what the hypervisor says of them, and the definitions.

import type { Client } from "../client/client.ts";
import type { Domain } from "./domain.ts";
import { listDomains } from "./list.ts";
import type { DomainDefinition, DomainSource, HypervisorState, SourceReading } from "./sources.ts";

/** A domain that lives, and what the hypervisor says of it. */
export interface LivingDomain {
  readonly id: number;
  readonly domain: Domain;
  /** `null` if no source tells. */
  readonly hypervisor: HypervisorState | null;
}

/** What one list tells. */
export interface Snapshot {
  /** All domains of the list. */
  readonly domains: readonly Domain[];
  /** The domains that live, by what tells one life from another. */
  readonly living: ReadonlyMap<string, LivingDomain>;
  /** The definitions, by the UUID, or by the name if the definition has none. */
  readonly definitions: ReadonlyMap<string, DomainDefinition>;
  /** The evidence of saved images, by the name or the UUID of the domain. */
  readonly saved: ReadonlyMap<string, string>;
}

/** Lists the domains, and gathers what the sources told that list. */
export async function takeSnapshot(
  client: Client,
  sources: readonly DomainSource[],
  signal: AbortSignal,
): Promise<Snapshot> {
  const readings: SourceReading[] = [];
  const observed = sources.map((source): DomainSource => ({
    name: source.name,
    answers: source.answers,
    read: async (options) => {
      const reading = await source.read(options);
      readings.push(reading);
      return reading;
    },
  }));
  const domains = await listDomains(client, { sources: observed, signal });
  const states = new Map(readings.flatMap((reading) => [...reading.states ?? []]));
  const definitions = new Map<string, DomainDefinition>();
  for (const definition of readings.flatMap((reading) => reading.definitions ?? [])) {
    const key = definition.uuid ?? definition.name;
    if (!definitions.has(key)) definitions.set(key, definition);
  }
  const saved = new Map(readings.flatMap((reading) => [...reading.saved ?? []]));
  return { domains, living: livingOf(domains, states), definitions, saved };
}

function livingOf(domains: readonly Domain[], states: ReadonlyMap<number, HypervisorState>): Map<string, LivingDomain> {
  const living = new Map<string, LivingDomain>();
  for (const domain of domains) {
    const { id, uuid, name, reason } = domain;
    // The home of a domain may be made before the domain lives, and be left after its end.
    if (id === null || reason === "not-introduced" || reason === "dying") continue;
    const told = states.get(id);
    const hypervisor = told === undefined || (told.uuid !== null && uuid !== null && told.uuid !== uuid) ? null : told;
    living.set(`${id} ${uuid ?? name}`, { id, domain, hypervisor });
  }
  return living;
}

/** Returns the evidence of a saved image of a domain. */
export function savedImage({ saved }: Snapshot, { uuid, name }: Domain): string | undefined {
  return (uuid === null ? undefined : saved.get(uuid)) ?? (name === null ? undefined : saved.get(name));
}
