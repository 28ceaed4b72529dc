// Uses every entry of the package, installed or in a bundle. Argument: the socket of a daemon, after `--names` if
// classes must keep their names, which bundlers may change.

import * as tsxs from "tsxs";
import * as checkpoints from "tsxs/checkpoints";
import * as daemons from "tsxs/daemon";
import * as domains from "tsxs/domains";
import * as pools from "tsxs/pools";
import * as pyxs from "tsxs/pyxs";
import { Error as XsError, xs } from "tsxs/xs";

const { connect, ConnectionError, XenStoreError } = tsxs;
const { ConnectionError: DaemonConnectionError, Daemon, XenStoreError: DaemonError } = daemons;

const [socket] = process.argv.slice(-1);
/** Other programs use the same daemon. */
const base = `/tool/consumer-${process.pid}`;

function same(actual, expected) {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`got ${a}, expected ${b}`);
}

async function thrownBy(run) {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Checks that classes keep their names. */
function checkNames() {
  const exported = {
    ...checkpoints,
    ...tsxs,
    ...daemons,
    ...domains,
    ...pools,
    ...pyxs,
    Client: tsxs.Client,
    PyClient: pyxs.Client,
    Error: XsError,
  };
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== "function" || !/^[A-Z]/.test(name)) continue;
    same(value.name, name === "PyClient" ? "Client" : name);
  }
}

async function useClient() {
  for (const address of ["embedded:", `unix:${socket}`]) {
    const store = await connect(address);
    await store.write(`${base}/name`, "value");
    same(await store.readText(`${base}/name`), "value");
    same(await store.list(base), ["name"]);
    same(await store.transact(async (transaction) => await transaction.readText(`${base}/name`)), "value");
    const monitor = store.monitor();
    await monitor.watch(base);
    await store.delete(base);
    for await (const event of monitor) if (event.type === "change" && event.path === base) break;
    const missing = await thrownBy(() => store.read(`${base}/missing`));
    same([missing instanceof XenStoreError, missing.name, missing.code], [true, "XenStoreError", "ENOENT"]);
    await store.close();
  }
  const refused = await thrownBy(() => connect("unix:/nonexistent/socket"));
  same([refused instanceof ConnectionError, refused instanceof XenStoreError, refused.code], [true, true, "ENOENT"]);
}

async function useDaemon() {
  same([DaemonError === XenStoreError, DaemonConnectionError === ConnectionError], [true, true]);
  const daemon = new Daemon();
  const store = await connect(daemon.connect());
  await store.write("/tool/daemon", "here");
  same(await store.readText("/tool/daemon"), "here");
  await store.close();
  const listener = await daemon.listen(`${socket}-${process.pid}`);
  const other = await connect(`unix:${socket}-${process.pid}`);
  same(await other.readText("/tool/daemon"), "here");
  await other.close();
  await listener.close();
  await daemon.close();
  const closed = await thrownBy(() => daemon.introduceDomain(1));
  same(closed instanceof ConnectionError, true);
}

async function useDomains() {
  const store = await connect("embedded:");
  await store.write("/local/domain/5/name", "web");
  await store.introduceDomain(5, 1, 1);
  const [domain] = await domains.listDomains(store, { flags: domains.DomainFlag.active });
  same([domain.id, domain.name], [5, "web"]);
  const missing = await thrownBy(() => domain.read("data/missing"));
  same([missing instanceof XenStoreError, missing.code], [true, "ENOENT"]);
  await store.close();
}

async function useCheckpoints() {
  const { CheckpointError, CheckpointRepository, XenStoreError: CheckpointBase } = checkpoints;
  const repository = new CheckpointRepository(`${socket}-checkpoints-${process.pid}`);
  const storage = await repository.create();
  await storage.save(new Uint8Array([1, 2, 3]));
  same([...await storage.load()], [1, 2, 3]);
  same((await repository.storages()).length, 1);
  same([await storage.remove(), CheckpointBase === XenStoreError], [true, true]);
  const missing = await thrownBy(() => storage.load());
  same([missing instanceof CheckpointError, missing instanceof XenStoreError, missing.code], [true, true, "ENOENT"]);
}

async function usePools() {
  const store = await connect("embedded:");
  await store.write("/local/domain/5/name", "web");
  const directory = `${socket}-pools-${process.pid}`;
  const states = new pools.LocalStates({
    directory,
    parts: () => [new pools.Subtree({ client: store, path: "/local/domain/5" })],
  });
  await pools.setStates(states, [{ object: "web", state: "clean" }]);
  await store.write("/local/domain/5/name", "changed");
  await pools.getStates(states, [{ object: "web", state: "clean" }]);
  same(await store.readText("/local/domain/5/name"), "web");
  const ops = new pools.TransferOps(directory);
  await ops.upload({ location: `${directory}-shared`, object: "web", state: "clean" });
  same(await ops.list(`${directory}-shared`, "web"), ["clean"]);
  await ops[Symbol.asyncDispose]();
  await pools.unsetStates(states, [{ object: "web", state: "clean" }]);
  const missing = await thrownBy(() => pools.getStates(states, [{ object: "web", state: "clean" }]));
  same([missing instanceof pools.StateAbortError, missing.name], [true, "StateAbortError"]);
  await store.close();
}

async function useBlocking() {
  // Both call by the runtime's fastest transport first, and then through a worker.
  const ways = [{ address: `unix:${socket}` }, { address: `unix:${socket}`, transport: "worker" }, {
    address: "embedded:",
  }];
  for (const options of ways) {
    const handle = xs(options);
    handle.write("0", `${base}-blocking`, "value");
    same(handle.read("0", `${base}-blocking`), "value");
    const missing = await thrownBy(() => handle.unwatch("/tool", "none"));
    same([missing instanceof XsError, missing.name, missing.args[0]], [true, "Error", 2]);
    handle.close();
  }
  const client = new pyxs.Client({ unix_socket_path: socket });
  client.connect();
  same(`${client.read(`${base}-blocking`)}`, "value");
  client.close();
}

async function main() {
  if (process.argv.includes("--names")) checkNames();
  await useClient();
  await useDaemon();
  await useDomains();
  await useCheckpoints();
  await usePools();
  await useBlocking();
  console.log("everything works");
}

void main();
