// Uses every entry of the package: as it is installed, and from a bundle. Argument: the socket of a daemon.

import { Client, connect, ConnectionError, memoryPair, XenStoreError } from "tsxs";
import { ConnectionError as DaemonConnectionError, Daemon, XenStoreError as DaemonError } from "tsxs/daemon";
import { Client as PyClient } from "tsxs/pyxs";
import { Error as XsError, xs } from "tsxs/xs";

const [socket] = process.argv.slice(-1);

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

async function useClient() {
  for (const address of ["embedded:", `unix:${socket}`]) {
    const store = await connect(address);
    await store.write("/tool/consumer/name", "value");
    same(await store.readText("/tool/consumer/name"), "value");
    same(await store.list("/tool/consumer"), ["name"]);
    same(await store.transact(async (transaction) => await transaction.readText("/tool/consumer/name")), "value");
    const monitor = store.monitor();
    await monitor.watch("/tool/consumer");
    await store.remove("/tool/consumer");
    for await (const event of monitor) if (event.type === "change" && event.path === "/tool/consumer") break;
    const missing = await thrownBy(() => store.read("/tool/consumer/missing"));
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
  const listener = await daemon.listen(`${socket}-own`);
  const other = await connect(`unix:${socket}-own`);
  same(await other.readText("/tool/daemon"), "here");
  await other.close();
  await listener.close();
  await daemon.close();
  const closed = await thrownBy(() => daemon.introduceDomain(1));
  same(closed instanceof ConnectionError, true);
}

async function useBlocking() {
  // Both call by the runtime's fastest way first, and then through a worker.
  const ways = [{ address: `unix:${socket}` }, { address: `unix:${socket}`, transport: "worker" }, {
    address: "embedded:",
  }];
  for (const options of ways) {
    const handle = xs(options);
    handle.write("0", "/tool/blocking", "value");
    same(handle.read("0", "/tool/blocking"), "value");
    const missing = await thrownBy(() => handle.unwatch("/tool", "none"));
    same([missing instanceof XsError, missing.name, missing.args[0]], [true, "Error", 2]);
    handle.close();
  }
  const client = new PyClient({ unix_socket_path: socket });
  client.connect();
  same(`${client.read("/tool/blocking")}`, "value");
  client.close();
}

async function main() {
  same([Client.name, Daemon.name, typeof memoryPair], ["Client", "Daemon", "function"]);
  await useClient();
  await useDaemon();
  await useBlocking();
  console.log("everything works");
}

void main();
