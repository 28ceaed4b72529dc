// What the store tells of one domain: its nodes, all of one life of the domain.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import type { NodeOperations } from "../client/nodes.ts";
import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { type DeviceReading, readDevices } from "./devices.ts";
import type { DomainConsole } from "./facts.ts";
import type { DomainType } from "./sources.ts";
import { namesOrNull, numberOrNull, textOrNull } from "./values.ts";

/** How often the nodes of a number are read again, since the number passed to another domain. */
const ATTEMPTS = 3;
const CPUS_MAX = 1024;
const ZERO_UUID = "00000000-0000-0000-0000-000000000000";
const VM = /^\/vm\/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(?:-\d+)?$/;

/** What the store tells of one domain. */
export interface StoreDomain {
  /** The number. */
  readonly id: number;
  /** What names this life of the domain: the value of its node `vm`, or `null` if it has none. */
  readonly vm: string | null;
  /** The name. */
  readonly name: string | null;
  /** The UUID. */
  readonly uuid: string | null;
  /** Whether the store communicates with the domain. `null` if the client may not ask. */
  readonly isIntroduced: boolean | null;
  /** The pending request of a shutdown. Empty if no request is pending. */
  readonly request: string;
  /** The rest, unless only the number of domains is wanted. */
  readonly details: StoreDetails;
}

/** What only a list tells, and a count does not need. */
export interface StoreDetails extends DeviceReading {
  readonly type: DomainType | null;
  readonly memory: number | null;
  readonly maxMemory: number | null;
  readonly virtualCpus: number | null;
  readonly maxVirtualCpus: number | null;
  readonly console: DomainConsole | null;
}

/** The details of a domain that are not read. */
export const NO_DETAILS: StoreDetails = {
  type: null,
  memory: null,
  maxMemory: null,
  virtualCpus: null,
  maxVirtualCpus: null,
  console: null,
  devices: [],
  hasMoreDevices: false,
};

/** The path of a domain's home. */
export function homeOf(id: number): string {
  return `/local/domain/${id}`;
}

/**
 * Reads a domain. Returns `null` if no domain has this number, or the domain is only half made.
 *
 * The node `vm` is read first and last: if it differs, the number has passed to another domain in between, and all is
 * read again. The store answers the requests of one connection in their order.
 */
export async function readDomain(
  client: Client,
  id: number,
  isDetailed: boolean,
  options: RequestOptions,
): Promise<StoreDomain | null> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const domain = await readOnce(client, id, isDetailed, options);
    if (domain === null) return null;
    if (await isSameLife(client, id, domain.vm, options)) return domain;
  }
  return null;
}

/**
 * Whether a number still belongs to the domain whose node `vm` had this value. A domain without the node is the same as
 * long as it has none, and has a name.
 */
export async function isSameLife(
  nodes: NodeOperations,
  id: number,
  vm: string | null,
  options: RequestOptions,
): Promise<boolean> {
  if (vm !== null) return await textOrNull(nodes, `${homeOf(id)}/vm`, options) === vm;
  const [newer, name] = await readIdentity(nodes, id, options);
  return newer === null && name !== null;
}

/** Reads the nodes that tell one life of a domain from another, `null` for each that is missing. */
export function readIdentity(
  nodes: NodeOperations,
  id: number,
  options: RequestOptions,
): Promise<[vm: string | null, name: string | null]> {
  const home = homeOf(id);
  return Promise.all([textOrNull(nodes, `${home}/vm`, options), textOrNull(nodes, `${home}/name`, options)]);
}

async function readOnce(
  client: Client,
  id: number,
  isDetailed: boolean,
  options: RequestOptions,
): Promise<StoreDomain | null> {
  const home = homeOf(id);
  const identity = readIdentity(client, id, options);
  // Before the details: all of them are written with the ring, after which the toolstack introduces the domain.
  const introduced = introducedOrNull(client, id, options);
  const ring = textOrNull(client, `${home}/store/ring-ref`, options);
  const details = isDetailed ? readDetails(client, id, identity, options) : Promise.resolve(NO_DETAILS);
  const [[vm, ownName], isIntroduced, ringRef, request, rest] = await Promise.all([
    identity,
    introduced,
    ring,
    textOrNull(client, `${home}/control/shutdown`, options),
    details,
  ]);
  if ((vm === null && ownName === null) || (isIntroduced === false && ringRef === null)) return null;
  const uuid = uuidOf(vm) ?? (id === 0 ? ZERO_UUID : null);
  const name = ownName ?? (uuid === null ? null : await textOrNull(client, `/vm/${uuid}/name`, options));
  return { id, vm, name, uuid, isIntroduced, request: request ?? "", details: rest };
}

/** Whether the store communicates with a domain. `null` if the client is in a guest, which may not ask. */
export async function introducedOrNull(client: Client, id: number, options: RequestOptions): Promise<boolean | null> {
  try {
    return await client.isDomainIntroduced(id, options);
  } catch (error) {
    if (!(error instanceof XenStoreError) || error instanceof ConnectionError || error.code !== "EACCES") throw error;
    return null;
  }
}

async function readDetails(
  client: Client,
  id: number,
  identity: Promise<[vm: string | null, name: string | null]>,
  options: RequestOptions,
): Promise<StoreDetails> {
  const home = homeOf(id);
  const read = (path: string) => textOrNull(client, path, options);
  const [memory, maxMemory, consoleType, tty, vncPort, cpus, type, { devices, hasMoreDevices }] = await Promise.all([
    read(`${home}/memory/target`),
    read(`${home}/memory/static-max`),
    read(`${home}/console/type`),
    read(`${home}/console/tty`),
    read(`${home}/console/vnc-port`),
    readCpus(client, home, options),
    readType(client, id, identity, options),
    readDevices(client, id, options),
  ]);
  const hasConsole = consoleType !== null || tty !== null || vncPort !== null;
  return {
    type,
    memory: numberOrNull(memory),
    maxMemory: numberOrNull(maxMemory),
    ...cpus,
    console: hasConsole ? { type: consoleType, tty, vncPort: numberOrNull(vncPort) } : null,
    devices,
    hasMoreDevices,
  };
}

async function readCpus(
  client: Client,
  home: string,
  options: RequestOptions,
): Promise<Pick<StoreDetails, "virtualCpus" | "maxVirtualCpus">> {
  const found = await namesOrNull(client, `${home}/cpu`, CPUS_MAX, options);
  if (found === null || found.hasMore) return { virtualCpus: null, maxVirtualCpus: null };
  const cpus = found.names.filter((name) => /^\d+$/.test(name));
  const states = await Promise.all(cpus.map((cpu) => textOrNull(client, `${home}/cpu/${cpu}/availability`, options)));
  return { virtualCpus: states.filter((state) => state === "online").length, maxVirtualCpus: cpus.length };
}

/** The type that libxl wrote, or the one that the type of the system's image implies. */
async function readType(
  client: Client,
  id: number,
  identity: Promise<[vm: string | null, name: string | null]>,
  options: RequestOptions,
): Promise<DomainType | null> {
  const [written, [vm]] = await Promise.all([textOrNull(client, `/libxl/${id}/type`, options), identity]);
  if (written === "pv" || written === "hvm" || written === "pvh") return written;
  const uuid = uuidOf(vm);
  if (uuid === null) return null;
  const system = await textOrNull(client, `/vm/${uuid}/image/ostype`, options);
  return system === "hvm" ? "hvm" : system === "linux" ? "pv" : null;
}

/** The UUID in the value of a node `vm`, in small letters. `null` if the value is not the path of a domain's nodes. */
export function uuidOf(vm: string | null): string | null {
  return vm === null ? null : VM.exec(vm)?.[1]?.toLowerCase() ?? null;
}
