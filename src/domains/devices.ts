// The devices of a domain: their two ends, which must name each other.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import type { DeviceEnd, DomainDevice } from "./facts.ts";
import { XenbusState } from "./states.ts";
import { namesOrNull, numberOrNull, textOrNull } from "./values.ts";

const KINDS_MAX = 64;
const DEVICES_MAX = 1024;
const BACKEND = /^\/local\/domain\/(0|[1-9]\d{0,4})\/backend\/[\w-]+\/(\d+)\/([\w-]+)$/;

/** The devices of a domain. */
export interface DeviceReading {
  readonly devices: readonly DomainDevice[];
  readonly hasMoreDevices: boolean;
}

/** What the toolstack or the frontend says of the two ends of a device, before anything is checked. */
interface Claim {
  readonly kind: string;
  readonly id: string;
  readonly frontend: string;
  readonly backend: string | null;
}

/**
 * Reads the devices of a domain.
 *
 * libxl keeps a copy of them that guests cannot write. The domain's own nodes count only if there is no such copy.
 */
export async function readDevices(client: Client, id: number, options: RequestOptions): Promise<DeviceReading> {
  const trusted = `/libxl/${id}/device`;
  const own = `/local/domain/${id}/device`;
  const copied = await namesOrNull(client, trusted, KINDS_MAX, options);
  const kinds = copied ?? await namesOrNull(client, own, KINDS_MAX, options);
  if (kinds === null) return { devices: [], hasMoreDevices: false };
  const base = copied === null ? own : trusted;
  const listed = await Promise.all(kinds.names.map(async (kind) => {
    const found = await namesOrNull(client, `${base}/${kind}`, DEVICES_MAX, options);
    return { kind, names: found?.names ?? [], hasMore: found?.hasMore ?? false };
  }));
  const found = listed.flatMap(({ kind, names }) => names.map((device) => ({ kind, id: device })));
  const devices = await Promise.all(
    found.slice(0, DEVICES_MAX).map(async (device) => {
      const path = `${base}/${device.kind}/${device.id}`;
      return await readDevice(client, id, await readClaim(client, path, device, copied !== null, options), options);
    }),
  );
  return {
    devices: devices.filter((device) => device !== null),
    hasMoreDevices: kinds.hasMore || found.length > DEVICES_MAX || listed.some(({ hasMore }) => hasMore),
  };
}

async function readClaim(
  client: Client,
  path: string,
  device: { readonly kind: string; readonly id: string },
  isCopy: boolean,
  options: RequestOptions,
): Promise<Claim> {
  const [frontend, backend] = await Promise.all([
    isCopy ? textOrNull(client, `${path}/frontend`, options) : path,
    textOrNull(client, `${path}/backend`, options),
  ]);
  return { ...device, frontend: frontend ?? "", backend };
}

/** Reads a device. Returns `null` if its frontend is not in the domain, as `device/suspend` of every domain. */
async function readDevice(
  client: Client,
  domid: number,
  { kind, id, frontend, backend }: Claim,
  options: RequestOptions,
): Promise<DomainDevice | null> {
  if (!frontend.startsWith(`/local/domain/${domid}/`) || backend === null) return null;
  const [frontState, back] = await Promise.all([
    readState(client, frontend, options),
    readBackend(client, backend, { domid, id, frontend }, options),
  ]);
  return { kind, id, frontend: { path: frontend, domid, state: frontState }, backend: back };
}

/**
 * Reads the backend that a frontend names. Returns `null` unless the path is that of a backend of this very device, and
 * the backend names the frontend: a guest may write any path.
 */
async function readBackend(
  client: Client,
  path: string,
  { domid, id, frontend }: { readonly domid: number; readonly id: string; readonly frontend: string },
  options: RequestOptions,
): Promise<DeviceEnd | null> {
  const [, server, served, device] = BACKEND.exec(path) ?? [];
  if (served !== `${domid}` || device !== id) return null;
  const [named, state] = await Promise.all([
    textOrNull(client, `${path}/frontend`, options),
    readState(client, path, options),
  ]);
  return named === frontend ? { path, domid: Number(server), state } : null;
}

async function readState(client: Client, path: string, options: RequestOptions): Promise<XenbusState> {
  const number = numberOrNull(await textOrNull(client, `${path}/state`, options));
  return Object.values(XenbusState).find((state) => state === number) ?? XenbusState.unknown;
}
