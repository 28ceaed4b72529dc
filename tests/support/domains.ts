// Makes and ends domains in a store, with the nodes and the transactions of libxl.

import type { Client } from "../../src/client/client.ts";

/** What is known of a domain that a test makes. */
export interface MadeDomain {
  readonly id: number;
  readonly name: string;
  readonly uuid: string;
  /** In KiB. */
  readonly memory: number;
}

/** A UUID for a number of at most 48 bits. */
export function uuidFor(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}

/** A domain that differs from every domain with another serial number. */
export function someDomain(id: number, serial: number = id): MadeDomain {
  return { id, name: `guest-${serial}`, uuid: uuidFor(serial), memory: 1024 + serial };
}

/** The nodes that libxl writes before it builds a domain, and those that it writes before it introduces the domain. */
function nodesOf({ id, name, uuid, memory }: MadeDomain): readonly Readonly<Record<string, string>>[] {
  const home = `/local/domain/${id}`;
  const backend = `/local/domain/0/backend/vif/${id}/0`;
  return [{
    [`${home}/vm`]: `/vm/${uuid}`,
    [`${home}/name`]: name,
    [`${home}/control/shutdown`]: "",
    [`${home}/control/feature-poweroff`]: "1",
    [`/vm/${uuid}/uuid`]: uuid,
    [`/vm/${uuid}/name`]: name,
    [`/libxl/${id}/type`]: "pv",
  }, {
    [`${home}/domid`]: `${id}`,
    [`${home}/memory/target`]: `${memory}`,
    [`${home}/memory/static-max`]: `${memory * 2}`,
    [`${home}/store/ring-ref`]: "1",
    [`${home}/cpu/0/availability`]: "online",
    [`${home}/cpu/1/availability`]: "offline",
    [`${home}/console/type`]: "xenconsoled",
    [`${home}/console/tty`]: `/dev/pts/${id}`,
    [`${home}/device/vif/0/backend`]: backend,
    [`${home}/device/vif/0/state`]: "4",
    [`/libxl/${id}/device/vif/0/frontend`]: `${home}/device/vif/0`,
    [`/libxl/${id}/device/vif/0/backend`]: backend,
    [`${backend}/frontend`]: `${home}/device/vif/0`,
    [`${backend}/state`]: "4",
  }];
}

/** Makes a domain with a network device, and introduces it. The nodes are written in two transactions, as by libxl. */
export async function makeDomain(client: Client, domain: MadeDomain): Promise<void> {
  for (const nodes of nodesOf(domain)) {
    await client.transact(async (transaction) => {
      await Promise.all(Object.entries(nodes).map(([path, value]) => transaction.write(path, value)));
    });
  }
  await client.introduceDomain(domain.id, 1, 1);
}

/**
 * Makes domains fast: without transactions, and with all nodes for every hundredth only. Only the first `introduced` ones
 * are introduced.
 */
export async function makeDomains(
  client: Client,
  domains: readonly MadeDomain[],
  introduced: number = domains.length,
): Promise<void> {
  for (let first = 0; first < domains.length; first += 100) {
    const [whole, ...others] = domains.slice(first, first + 100);
    const writes = [
      ...whole === undefined ? [] : nodesOf(whole).flatMap((nodes) => Object.entries(nodes)),
      ...others.flatMap(({ id, name, uuid, memory }) => [
        [`/local/domain/${id}/vm`, `/vm/${uuid}`] as const,
        [`/local/domain/${id}/name`, name] as const,
        [`/local/domain/${id}/memory/target`, `${memory}`] as const,
        [`/local/domain/${id}/store/ring-ref`, "1"] as const,
      ]),
    ];
    await Promise.all(writes.map(([path, value]) => client.write(path, value)));
  }
  // The C daemon looks at each of its domains once a request.
  await Promise.all(domains.slice(0, introduced).map(({ id }) => client.introduceDomain(id, 1, 1)));
}

/** Ends a domain as libxl does: its nodes go first, each tree by itself. */
export async function endDomain(client: Client, { id, uuid }: MadeDomain, isIntroduced: boolean = true): Promise<void> {
  for (const path of [`/vm/${uuid}`, `/local/domain/${id}`, `/libxl/${id}`, `/local/domain/0/backend/vif/${id}`]) {
    await client.delete(path);
  }
  if (isIntroduced) await client.releaseDomain(id);
}
