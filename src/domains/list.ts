// Lists the domains of a store in one call, with one membership.

import type { Client } from "../client/client.ts";
import { checkOptions, type OptionNames } from "../wire/checks.ts";
import { Domain } from "./domain.ts";
import type { DomainFacts } from "./facts.ts";
import { checkedFlags, isSelected, neededGroups, possibleFlags } from "./flags.ts";
import { activeFacts, definedFacts } from "./infer.ts";
import { listDomids } from "./membership.ts";
import { isSameLife, readDomain, type StoreDomain } from "./reading.ts";
import { checkSources, readSources, type Sourced } from "./sourced.ts";
import type { DomainDefinition, DomainSource } from "./sources.ts";

/** The options of {@linkcode listDomains} and {@linkcode countDomains}. */
export interface ListDomainsOptions {
  /**
   * The flags of {@linkcode DomainFlag} that select domains.
   *
   * @default 0, which selects all domains that the store and the sources know
   */
  readonly flags?: number | undefined;
  /**
   * The sources of what the store cannot tell.
   *
   * @default []
   */
  readonly sources?: readonly DomainSource[] | undefined;
  /**
   * Ends the list, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

const LIST_OPTIONS: OptionNames<ListDomainsOptions> = { flags: true, sources: true, signal: true };

/**
 * Lists the domains that flags select.
 *
 * Domains that run come first, by number. Domains that are only defined follow, by name.
 *
 * The membership comes from one reading of `/local/domain`. No domain is listed twice, and none that is half made. The
 * fields of a domain are all of one life of it. A domain that ends during the list is left out whole.
 *
 * @param client A client of domain 0.
 * @param options The flags, the sources, and the signal that ends the list.
 * @returns The domains.
 * @throws {UnknownFlagError} If a bit of `flags` is not a flag.
 * @throws {MissingSourceError} If no given source tells what a flag asks for.
 * @throws {XenStoreError} If the client may not list the domains: EACCES. If domains came and went during every attempt
 *   to list them: EAGAIN.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, listDomains } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * for (const domain of await listDomains(store, { flags: DomainFlag.active })) {
 *   console.log(domain.id, domain.name); // 5 web
 * }
 * ```
 */
export async function listDomains(client: Client, options: ListDomainsOptions = {}): Promise<Domain[]> {
  const selected = await select("listDomains", client, options, true);
  return selected.map(({ facts, vm }) => new Domain(client, facts, vm));
}

/**
 * Counts the domains that flags select.
 *
 * @param client A client of domain 0.
 * @param options The flags, the sources, and the signal that ends the count.
 * @returns The number of domains that {@linkcode listDomains} would list.
 * @throws {UnknownFlagError} If a bit of `flags` is not a flag.
 * @throws {MissingSourceError} If no given source tells what a flag asks for.
 * @throws {XenStoreError} If the client may not list the domains: EACCES. If domains came and went during every attempt
 *   to list them: EAGAIN.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { countDomains } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * console.log(await countDomains(store)); // 1
 * ```
 */
export async function countDomains(client: Client, options: ListDomainsOptions = {}): Promise<number> {
  return (await select("countDomains", client, options, false)).length;
}

/** A domain that is selected, and the value of its node `vm`. */
interface Selected {
  readonly facts: DomainFacts;
  readonly vm: string | null;
}

async function select(
  what: string,
  client: Client,
  options: ListDomainsOptions,
  isDetailed: boolean,
): Promise<Selected[]> {
  checkOptions(what, options, LIST_OPTIONS);
  const { flags = 0, sources = [], signal } = options;
  signal?.throwIfAborted();
  const wanted = possibleFlags(checkedFlags(flags));
  if (wanted === null) return [];
  checkSources(neededGroups(wanted), sources);
  const domids = await listDomids(client, { signal });
  // The sources are read after the membership: a domain that the hypervisor does not know then has ended.
  const [read, sourced] = await Promise.all([
    Promise.all(domids.map((domid) => readDomain(client, domid, isDetailed, { signal }))),
    readSources(sources, signal),
  ]);
  const stored = await withoutMoved(client, read.filter((domain) => domain !== null), signal);
  const active = stored.filter((domain) => existsFor(sourced, domain));
  return [
    ...active.map((domain) => ({ facts: activeFacts(domain, sourced), vm: domain.vm })),
    ...onlyDefined(active, sourced).map((definition) => ({ facts: definedFacts(definition, sourced), vm: null })),
  ].filter(({ facts }) => isSelected(facts.flags, wanted));
}

/**
 * Leaves out domains that moved to another number during the list: a reboot gives a domain a new number, which may have
 * been that of a domain that was read later.
 */
async function withoutMoved(
  client: Client,
  domains: readonly StoreDomain[],
  signal: AbortSignal | undefined,
): Promise<readonly StoreDomain[]> {
  const seen = new Set<string>();
  const twice = new Set(
    domains.map(({ uuid }) => uuid).filter((uuid) => {
      if (uuid === null) return false;
      const isSeen = seen.has(uuid);
      seen.add(uuid);
      return isSeen;
    }),
  );
  if (twice.size === 0) return domains;
  const still = await Promise.all(domains.map(async ({ id, uuid, vm }) => {
    return !twice.has(uuid) || await isSameLife(client, id, vm, { signal });
  }));
  return domains.filter((_, i) => still[i]);
}

/** Whether the hypervisor, if a source tells of it, still has this life of the domain. */
function existsFor({ states }: Sourced, { id, uuid }: StoreDomain): boolean {
  if (states === null) return true;
  const state = states.get(id);
  return state !== undefined && (state.uuid === null || uuid === null || state.uuid === uuid);
}

/** The definitions of domains that do not run, one for each domain, by name. */
function onlyDefined(active: readonly StoreDomain[], sourced: Sourced): DomainDefinition[] {
  const used = new Set(active.flatMap(({ name, uuid }) => sourced.definitionsOf(name, uuid)));
  const left: DomainDefinition[] = [];
  for (const definition of sourced.definitions) {
    if (used.has(definition)) continue;
    for (const same of sourced.definitionsOf(definition.name, definition.uuid)) used.add(same);
    left.push(definition);
  }
  return left.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}
