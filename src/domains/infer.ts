// What follows from the nodes of a domain and from the sources: its state, its flags, and the evidence of both.

import type { DomainFacts } from "./facts.ts";
import { DomainFlag } from "./flags.ts";
import { NO_DETAILS, type StoreDomain } from "./reading.ts";
import type { Sourced } from "./sourced.ts";
import type { DomainDefinition, HypervisorState } from "./sources.ts";
import { type DomainReason, DomainState, flagOfState, type StateAndReason, stateOfLetters } from "./states.ts";
import { quoted } from "./values.ts";

/** A state, its reason, the flag of the group of states, and the evidence of all of this. */
interface Inferred extends StateAndReason {
  readonly flag: number;
  readonly evidence: string;
}

const requests: readonly DomainReason[] = ["poweroff", "reboot", "suspend", "halt"];

/** What a list tells of a domain that runs. */
export function activeFacts(domain: StoreDomain, sourced: Sourced): DomainFacts {
  const { id, name, uuid, details } = domain;
  const definitions = sourced.definitionsOf(name, uuid);
  const known = sourced.flagsOf(name, uuid, definitions);
  const { state, reason, flag, evidence } = inferState(domain, sourced.states?.get(id) ?? null);
  const { devices, hasMoreDevices, ...others } = details;
  return {
    id,
    name,
    uuid,
    title: titleOf(definitions),
    ...others,
    devices,
    hasMoreDevices,
    state,
    reason,
    flags: DomainFlag.active | flag | known.flags,
    evidence: { ...known.evidence, active: presence(domain), state: evidence },
  };
}

/** What a list tells of a domain that is only defined. */
export function definedFacts(definition: DomainDefinition, sourced: Sourced): DomainFacts {
  const { name, uuid, type, memory, virtualCpus, evidence } = definition;
  const definitions = sourced.definitionsOf(name, uuid);
  const known = sourced.flagsOf(name, uuid, definitions);
  return {
    ...NO_DETAILS,
    id: null,
    name,
    uuid,
    title: titleOf(definitions),
    type,
    memory,
    maxMemory: memory,
    virtualCpus,
    maxVirtualCpus: virtualCpus,
    state: DomainState.shutoff,
    reason: "defined",
    flags: DomainFlag.inactive | DomainFlag.shutoff | known.flags,
    evidence: { ...known.evidence, active: evidence, state: evidence },
  };
}

/**
 * Infers the state of a domain from the store, and from the hypervisor if a source tells of it.
 *
 * The store does not record a pause. Without the hypervisor such a domain has no flag of the group of states.
 */
export function inferState(domain: StoreDomain, hypervisor: HypervisorState | null): Inferred {
  const stored = storedState(domain);
  if (hypervisor === null) return stored;
  const told = stateOfLetters(hypervisor.letters, hypervisor.shutdownReason);
  // The hypervisor does not know that a shutdown is requested, or that a migration is under way.
  if (told.state === DomainState.running && stored.flag === DomainFlag.other && domain.isIntroduced !== false) {
    return stored;
  }
  return { ...told, flag: flagOfState(told.state), evidence: `${hypervisor.evidence}: ${quoted(hypervisor.letters)}` };
}

function storedState({ id, name, isIntroduced, request }: StoreDomain): Inferred {
  const other = (state: DomainState, reason: DomainReason, evidence: string): Inferred => {
    return { state, reason, flag: DomainFlag.other, evidence };
  };
  if (isIntroduced === false) {
    return other(DomainState.noState, "not-introduced", `IS_DOMAIN_INTRODUCED ${id} is F, and the home exists`);
  }
  if (name?.endsWith("--incoming")) return other(DomainState.noState, "incoming", `the name is ${quoted(name)}`);
  if (name?.endsWith("--migratedaway")) return other(DomainState.noState, "migrated", `the name is ${quoted(name)}`);
  if (request !== "") {
    const reason = requests.find((known) => known === request) ?? "request";
    return other(DomainState.shutdown, reason, `control/shutdown is ${quoted(request)}`);
  }
  const evidence = `${presenceOf(id, isIntroduced)}, and control/shutdown is empty or missing`;
  return { state: DomainState.running, reason: "introduced", flag: 0, evidence };
}

function presence({ id, isIntroduced }: StoreDomain): string {
  return isIntroduced === false ? `/local/domain/${id} exists` : presenceOf(id, isIntroduced);
}

function presenceOf(id: number, isIntroduced: boolean | null): string {
  return isIntroduced === null ? `/local/domain/${id} exists` : `IS_DOMAIN_INTRODUCED ${id} is T`;
}

function titleOf(definitions: readonly DomainDefinition[]): string | null {
  return definitions.find(({ title }) => title !== null)?.title ?? null;
}
