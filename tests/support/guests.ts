// Guests as a toolstack makes and ends them, without a hypervisor.

import type { Client } from "../../src/client/client.ts";
import { endDomain, makeDomain } from "./domains.ts";
import type { DomainDefinition, DomainSource, HypervisorState } from "../../src/domains/sources.ts";

/** A guest. */
export interface Guest {
  readonly id: number;
  readonly name: string;
  readonly uuid: string;
}

/** Makes a guest, and introduces it. */
export async function startGuest(store: Client, guest: Guest): Promise<void> {
  await makeDomain(store, { memory: 1024, ...guest });
}

/** Removes the nodes of a guest, and lets it end: by a release, unless a test ends it in another way. */
export async function endGuest(
  store: Client,
  guest: Guest,
  end: (id: number) => Promise<void> = (id) => store.releaseDomain(id),
): Promise<void> {
  await endDomain(store, { memory: 1024, ...guest }, false);
  await end(guest.id);
}

/** What the hypervisor and the files of a host tell, which a test changes. */
export class HostSources {
  /** The letters of `xl list` by the numbers of the domains, and the letter of the reason of a shutdown. */
  readonly letters: Map<number, readonly [letters: string, reason: string | null]> = new Map();
  readonly definitions: DomainDefinition[] = [];
  readonly saved: Map<string, string> = new Map();
  /** Fails the next readings. */
  failure: Error | null = null;

  /** The sources. */
  readonly sources: readonly DomainSource[] = [{
    name: "test",
    answers: ["state", "persistence", "autostart", "managedSave"],
    read: () => {
      if (this.failure !== null) return Promise.reject(this.failure);
      const states = [...this.letters].map(([id, [letters, shutdownReason]]): [number, HypervisorState] => {
        return [id, { letters, shutdownReason, uuid: null, evidence: "xl list" }];
      });
      return Promise.resolve({
        states: new Map(states),
        definitions: [...this.definitions],
        saved: new Map(this.saved),
      });
    },
  }];

  /** Adds a definition, or replaces the one of the same UUID. */
  define(definition: Partial<DomainDefinition> & { readonly name: string }): void {
    const none = { uuid: null, title: null, autostart: false, type: null, memory: null, virtualCpus: null };
    const added = { ...none, evidence: `/etc/xen/${definition.name}.cfg`, ...definition };
    this.undefine(added.uuid ?? added.name);
    this.definitions.push(added);
  }

  /** Removes the definition of a UUID or a name. */
  undefine(key: string): void {
    const at = this.definitions.findIndex(({ uuid, name }) => (uuid ?? name) === key);
    if (at >= 0) this.definitions.splice(at, 1);
  }
}
