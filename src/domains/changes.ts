// What happened between two lists of a watch: the events that tell it, in their order.

import { changesOfDefinitions } from "./definitions.ts";
import type { Domain } from "./domain.ts";
import { type DetailOf, type LifecycleEvent, lifecycleEvent } from "./lifecycle.ts";
import { type LivingDomain, savedImage, type Snapshot } from "./snapshot.ts";
import { DomainState, stateOfLetters } from "./states.ts";
import { quoted } from "./values.ts";

/** How long a toolstack may take to start a domain again after a reboot, in milliseconds. */
const REBOOT_WITHIN = 60_000;
const ZERO_UUID = "00000000-0000-0000-0000-000000000000";

/** The numbers of domains that events named, before a list was taken. */
export interface Named {
  readonly introduced: ReadonlySet<number>;
  readonly released: ReadonlySet<number>;
}

/** A domain that ended, and may start again. */
interface Ended {
  readonly id: number;
  readonly at: number;
}

/** How a domain ended. */
interface Ending {
  readonly detail: DetailOf<"stopped">;
  readonly evidence: string;
}

/** Finds the events between lists. It keeps what the lists do not tell. */
export class Changes {
  readonly #now: () => number;
  #previous: Snapshot;
  /** The domains that have shut down and are still listed. */
  #down = new Map<string, string>();
  /** The domains that were paused when they started, as a toolstack that still builds them leaves them. */
  #starting = new Set<string>();
  readonly #ended = new Map<string, Ended>();

  /** Starts with the first list. `now` is a clock in milliseconds. */
  constructor(first: Snapshot, now: () => number) {
    this.#previous = first;
    this.#now = now;
  }

  /** Returns the events that lead from the last list to the next one. */
  next(next: Snapshot, named: Named): LifecycleEvent[] {
    const previous = this.#previous;
    this.#previous = next;
    this.#forget();
    const events: LifecycleEvent[] = [];
    for (const id of named.released) this.#noteRelease(id, previous, next);
    for (const [key, living] of previous.living) {
      if (!next.living.has(key)) events.push(this.#stopped(key, living, previous, next));
    }
    events.push(...changesOfDefinitions(previous.definitions, next.definitions));
    const order = [...named.introduced];
    const starts = unseen(named, previous, next);
    for (const [key, living] of next.living) {
      const before = previous.living.get(key);
      if (before === undefined) starts.push([living.id, this.#started(key, living, previous)]);
      else events.push(...this.#changed(key, before, living));
    }
    // The numbers tell in which order the domains started.
    starts.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    events.push(...starts.flatMap(([, ...started]) => started));
    return events;
  }

  /** Notes that a domain has shut down: its release was reported, and it is still listed. */
  #noteRelease(id: number, previous: Snapshot, next: Snapshot): void {
    for (const [key, living] of next.living) {
      if (living.id === id && previous.living.has(key)) this.#down.set(key, `@releaseDomain/${id} before its end`);
    }
  }

  #stopped(key: string, { id, domain, hypervisor }: LivingDomain, previous: Snapshot, next: Snapshot): LifecycleEvent {
    const told = hypervisor === null ? null : stateOfLetters(hypervisor.letters, hypervisor.shutdownReason);
    const ending = ((): Ending => {
      const image = savedImage(next, domain);
      if (image !== undefined && savedImage(previous, domain) === undefined) {
        return { detail: "saved", evidence: image };
      }
      if (domain.reason === "migrated") {
        return { detail: "migrated", evidence: `the name was ${quoted(`${domain.name}`)}` };
      }
      if (told?.state === DomainState.crashed) return { detail: "crashed", evidence: proofOf(domain, "state") };
      if (told?.state === DomainState.shutdown) return { detail: "shutdown", evidence: proofOf(domain, "state") };
      const down = this.#down.get(key);
      if (down !== undefined) return { detail: "shutdown", evidence: down };
      if (domain.state === DomainState.shutdown) return { detail: "shutdown", evidence: proofOf(domain, "state") };
      const successor = successorOf(domain, id, next);
      if (successor !== null) return { detail: "shutdown", evidence: `domain ${successor} has the same UUID` };
      return { detail: "destroyed", evidence: "it left the list, and no source told of a shutdown" };
    })();
    this.#down.delete(key);
    this.#starting.delete(key);
    if (isPaired(domain.uuid) && ending.detail !== "saved" && ending.detail !== "migrated") {
      this.#ended.set(domain.uuid, { id, at: this.#now() });
    }
    return lifecycleEvent("stopped", ending.detail, { ...identity(domain), evidence: ending.evidence });
  }

  #started(key: string, { domain, hypervisor }: LivingDomain, previous: Snapshot): LifecycleEvent {
    if (hypervisor !== null && isPaused(hypervisor.letters)) this.#starting.add(key);
    const presence = proofOf(domain, "active");
    if (domain.reason === "incoming") {
      const evidence = `the name is ${quoted(`${domain.name}`)}`;
      return lifecycleEvent("started", "migrated", { ...identity(domain), evidence });
    }
    const image = savedImage(previous, domain);
    if (image !== undefined) {
      return lifecycleEvent("started", "restored", { ...identity(domain), evidence: `${presence}; ${image} existed` });
    }
    const ended = domain.uuid === null ? undefined : this.#ended.get(domain.uuid);
    if (domain.uuid !== null) this.#ended.delete(domain.uuid);
    const evidence = ended === undefined ? presence : `${presence}; domain ${ended.id} had the same UUID`;
    return lifecycleEvent("started", "booted", { ...identity(domain), evidence, rebootOf: ended?.id ?? null });
  }

  /** The events of a domain that lives in both lists: only the hypervisor tells them. */
  #changed(key: string, before: LivingDomain, { domain, hypervisor }: LivingDomain): LifecycleEvent[] {
    if (hypervisor === null) return [];
    const facts = { ...identity(domain), evidence: proofOf(domain, "state") };
    const now = stateOfLetters(hypervisor.letters, hypervisor.shutdownReason);
    const isStarting = this.#starting.delete(key);
    const was = before.hypervisor === null
      ? null
      : stateOfLetters(before.hypervisor.letters, before.hypervisor.shutdownReason);
    if (was === null || (was.state === now.state && was.reason === now.reason && !isStarting)) return [];
    if (now.state === DomainState.paused) return [lifecycleEvent("suspended", "paused", facts)];
    if (now.state === DomainState.crashed) return [lifecycleEvent("crashed", "panicked", facts)];
    if (now.state === DomainState.pmSuspended) return [lifecycleEvent("pmSuspended", "memory", facts)];
    if (now.state === DomainState.shutdown) return [lifecycleEvent("shutdown", "finished", facts)];
    if (was.state === DomainState.paused) return isStarting ? [] : [lifecycleEvent("resumed", "unpaused", facts)];
    if (was.state === DomainState.pmSuspended) return [lifecycleEvent("started", "wakeup", facts)];
    return [];
  }

  #forget(): void {
    const oldest = this.#now() - REBOOT_WITHIN;
    for (const [uuid, { at }] of this.#ended) if (at < oldest) this.#ended.delete(uuid);
  }
}

/** The domains that came and went between two lists, of which only the events tell. */
function unseen({ introduced }: Named, previous: Snapshot, next: Snapshot): [id: number, ...LifecycleEvent[]][] {
  const seen = new Set([...previous.living.values(), ...next.living.values()].map(({ id }) => id));
  const listed = new Set(next.domains.map(({ id }) => id));
  return [...introduced].filter((id) => !seen.has(id) && !listed.has(id)).map((id) => {
    const facts = { id, name: null, uuid: null, domain: null };
    return [
      id,
      lifecycleEvent("started", "booted", { ...facts, evidence: `@introduceDomain/${id}` }),
      lifecycleEvent("stopped", "destroyed", { ...facts, evidence: "it ended before it was listed" }),
    ];
  });
}

function successorOf({ uuid }: Domain, former: number, { living }: Snapshot): number | null {
  if (!isPaired(uuid)) return null;
  return [...living.values()].find(({ id, domain }) => id !== former && domain.uuid === uuid)?.id ?? null;
}

function isPaired(uuid: string | null): uuid is string {
  return uuid !== null && uuid !== ZERO_UUID;
}

function isPaused(letters: string): boolean {
  return stateOfLetters(letters).state === DomainState.paused;
}

function identity(domain: Domain): Pick<LifecycleEvent, "id" | "name" | "uuid" | "domain"> {
  return { id: domain.id, name: domain.name, uuid: domain.uuid, domain };
}

function proofOf({ evidence }: Domain, group: "active" | "state"): string {
  return evidence[group] ?? "";
}
