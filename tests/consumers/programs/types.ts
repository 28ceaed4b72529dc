// Uses the exported types as a user's TypeScript does.

import { type Client, type ClientOptions, connect, type MonitorEvent, type Transport, XenStoreError } from "tsxs";
import { type CheckpointError, CheckpointStorage } from "tsxs/checkpoints";
import { Daemon, type LogReader } from "tsxs/daemon";
import { type Domain, DomainFlag, type DomainSource, listDomains } from "tsxs/domains";
import { LocalStates, type Location, parseLocation, type StatePart, TransferOps } from "tsxs/pools";
import { Client as PyClient, type Event } from "tsxs/pyxs";
import { Error as XsError, xs } from "tsxs/xs";

export async function useClient(options: ClientOptions): Promise<string> {
  const store: Client = await connect("embedded:", options);
  const names: string[] = await store.list("/tool");
  for await (const { path, value } of store.walk("/tool")) names.push(path, `${value?.length}`);
  await using monitor = store.monitor();
  await monitor.watch("/tool");
  for await (const event of monitor) {
    const { type }: MonitorEvent = event;
    if (event.type === "change") names.push(type, event.path);
    break;
  }
  const count: number = await store.transact(async (transaction) => (await transaction.list("/tool")).length);
  return `${names} ${count}`;
}

export async function useDaemon(): Promise<string[]> {
  await using daemon: Daemon = new Daemon({ onIdle: () => {} });
  const transport: Transport = daemon.connect();
  await using store = await connect(transport);
  await using log: LogReader = daemon.operations();
  await store.exists("/tool");
  const names: string[] = [];
  for await (const event of log) if (event.type === "operation") names.push(event.operation);
  return names;
}

export async function useDomains(client: Client, source: DomainSource): Promise<(string | null)[]> {
  const domains: Domain[] = await listDomains(client, { flags: DomainFlag.active, sources: [source] });
  return domains.map(({ name }) => name);
}

export async function useCheckpoints(error: CheckpointError, signal: AbortSignal): Promise<string> {
  const storage: CheckpointStorage = await CheckpointStorage.create("/tmp", { legacy: false });
  const bytes: Uint8Array | null = await storage.load();
  await using checkpoint = await storage.open({ signal });
  let size: number = checkpoint?.size ?? 0;
  for await (const chunk of checkpoint?.chunks() ?? []) size -= chunk.length;
  return `${bytes?.length} ${error.fault} ${size}`;
}

export async function usePools(parts: readonly StatePart[]): Promise<string> {
  const location: Location = parseLocation("ssh://[::1]:22/pool");
  const states: LocalStates = new LocalStates({ directory: "/tmp/states", parts: () => parts });
  await using ops: TransferOps = new TransferOps(states.states.files.location);
  const names: string[] = await ops.list("/tmp/pool", "web");
  return `${location.type} ${names}`;
}

export function useBlocking(): [string | null, number] {
  const handle = xs({ address: "embedded:" });
  const client = new PyClient({ xen_bus_path: "/dev/xen/xenbus" });
  const event: Event | null = null;
  try {
    return [event, client.tx_id + (handle.ls("0", "/")?.length ?? 0)];
  } catch (error) {
    if (error instanceof XsError) return [error.args[1], error.args[0]];
    if (error instanceof XenStoreError) return [error.code, 0];
    throw error;
  } finally {
    handle.close();
  }
}
