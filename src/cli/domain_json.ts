// Domains and the events of their lives as objects of JSON.

import type { DeviceEnd, Domain, DomainFlag, LifecycleEvent } from "../domains/mod.ts";

/** The names of the states, by libvirt's numbers. */
const states = ["noState", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmSuspended"];

/** Returns what a list tells of a domain. */
export function domainJson(domain: Domain, flags: typeof DomainFlag): object {
  const { id, name, uuid, title, type, memory, maxMemory, virtualCpus, maxVirtualCpus, state, reason } = domain;
  const names = Object.entries(flags).filter(([, bit]) => (domain.flags & bit) !== 0).map(([flag]) => flag);
  const devices = domain.devices.map(({ kind, id, frontend, backend }) => {
    return { kind, id, frontend: endJson(frontend), backend: backend === null ? null : endJson(backend) };
  });
  return {
    id,
    name,
    uuid,
    title,
    type,
    memory,
    maxMemory,
    virtualCpus,
    maxVirtualCpus,
    state: states[state] ?? "noState",
    reason,
    flags: names,
    console: domain.console,
    devices,
    hasMoreDevices: domain.hasMoreDevices,
    evidence: domain.evidence,
  };
}

function endJson({ path, domid, state }: DeviceEnd): object {
  return { path, domid, state };
}

/** Returns an event of a life. */
export function eventJson(event: LifecycleEvent, time: string): object {
  const { type, typeNumber, detail, detailNumber, id, name, uuid, rebootOf, evidence } = event;
  return { time, type, typeNumber, detail, detailNumber, id, name, uuid, rebootOf, evidence };
}
