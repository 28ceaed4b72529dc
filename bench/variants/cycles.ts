// Life cycles of virtual machines, as a toolstack makes them. Arguments: how many concurrently, how often each, the
// limit in seconds, how many before the clock starts.

import { type Client, connect, type NodeOperations, XenStoreError } from "../../mod.ts";
import { argument, report } from "./measure.ts";

/** The devices of a machine: their kind, and their number. */
const DEVICES = [["vbd", 51712], ["vbd", 51728], ["vif", 0]] as const;
const GUEST_DIRECTORIES = ["attr", "control", "data", "device", "drivers", "error", "feature", "messages"] as const;
const BACKEND = "/local/domain/0/backend";

class LimitReached extends Error {}

let requests = 0;
let retries = 0;
let deadline = Infinity;

/** Counts a request; its reply. */
function ask<T>(reply: Promise<T>): Promise<T> {
  requests++;
  return reply;
}

/** Removes what may be there: not even its parent has to be. */
async function remove(store: NodeOperations, path: string): Promise<void> {
  try {
    await ask(store.delete(path));
  } catch (error) {
    if (!(error instanceof XenStoreError) || error.code !== "ENOENT") throw error;
  }
}

async function makeDirectory(store: NodeOperations, path: string, owner: number, reader: number): Promise<void> {
  await ask(store.mkdir(path));
  await ask(store.setPerms(path, [`n${owner}`, `r${reader}`]));
}

/** Again and again until it commits, without a pause. */
async function transact(store: Client, body: (store: NodeOperations) => Promise<void>): Promise<void> {
  for (;; retries++) {
    if (performance.now() > deadline) throw new LimitReached("the limit is reached");
    const transaction = await ask(store.transaction());
    await body(transaction);
    if (await ask(transaction.commit())) return;
  }
}

function pathsOf(domid: number) {
  const uuid = `00000000-0000-4000-8000-${domid.toString(16).padStart(12, "0")}`;
  return { domain: `/local/domain/${domid}`, vm: `/vm/${uuid}`, vss: `/vss/${uuid}`, private: `/xapi/${uuid}/private` };
}

/** The transaction in which a domain is made, and the writes that follow. */
async function create(store: Client, domid: number): Promise<void> {
  const { domain, vm, vss } = pathsOf(domid);
  await transact(store, async (store) => {
    await remove(store, domain);
    await makeDirectory(store, domain, 0, domid);
    await makeDirectory(store, vm, 0, domid);
    await makeDirectory(store, vss, 0, domid);
    await ask(store.write(`${domain}/vm`, vm));
    await ask(store.write(`${domain}/vss`, vss));
    await ask(store.write(`${vm}/domains/${domid}`, domain));
    await ask(store.write(`${vm}/name`, `machine ${domid}`));
    await ask(store.write(`${domain}/name`, `machine ${domid}`));
    await ask(store.write(`${domain}/cpu/0/availability`, "online"));
    await ask(store.write(`${domain}/memory/target`, "1048576"));
    for (const name of GUEST_DIRECTORIES) await makeDirectory(store, `${domain}/${name}`, domid, 0);
  });
  for (const [key, value] of Object.entries({ port: "5", "ring-ref": "1048575" })) {
    for (const where of ["store", "console"]) await ask(store.write(`${domain}/${where}/${key}`, value));
  }
  await ask(store.write(`${domain}/domid`, `${domid}`));
  await ask(store.write(`${domain}/console/limit`, "65536"));
}

/** A device's transaction. */
async function plug(store: Client, domid: number, kind: string, device: number): Promise<void> {
  const { domain, private: hidden } = pathsOf(domid);
  const frontend = `${domain}/device/${kind}/${device}`;
  const backend = `${BACKEND}/${kind}/${domid}/${device}`;
  await transact(store, async (store) => {
    await ask(store.read("/local/domain/0/vm"));
    await ask(store.read(domain));
    await remove(store, frontend);
    await remove(store, backend);
    await makeDirectory(store, frontend, domid, 0);
    await makeDirectory(store, backend, 0, domid);
    await makeDirectory(store, `/xapi/${domid}/hotplug/${kind}/${device}`, 0, domid);
    await makeDirectory(store, `${hidden}/${kind}/${device}`, 0, 0);
    await ask(store.write(`${frontend}/backend`, backend));
    await ask(store.write(`${backend}/frontend`, frontend));
    await ask(store.write(`${hidden}/${kind}/${device}/backend-kind`, kind));
    await ask(store.write(`${hidden}/${kind}/${device}/backend-id`, "0"));
  });
}

async function destroy(store: Client, domid: number): Promise<void> {
  const { domain, vm, vss } = pathsOf(domid);
  await transact(store, async (store) => {
    await ask(store.read(domain));
    await ask(store.write(`${domain}/control/shutdown`, "poweroff"));
  });
  for (const kind of new Set(await ask(store.list(`${domain}/device`)))) {
    for (const device of await ask(store.list(`${domain}/device/${kind}`))) {
      const backend = `${BACKEND}/${kind}/${domid}/${device}`;
      await ask(store.write(`${backend}/online`, "0"));
      await remove(store, `${domain}/device/${kind}/${device}`);
      await remove(store, backend);
    }
  }
  await remove(store, `${vm}/domains/${domid}`);
  if ((await ask(store.list(`${vm}/domains`))).length === 0) {
    await remove(store, vm);
    await remove(store, vss);
  }
  await remove(store, domain);
}

async function cycle(store: Client, domid: number): Promise<void> {
  await create(store, domid);
  for (const [kind, device] of DEVICES) await plug(store, domid, kind, device);
  await destroy(store, domid);
}

const [atOnce, times, limit] = [Number(argument(0)), Number(argument(1)), Number(argument(2))];
await using store = await connect();
await store.write("/local/domain/0/vm", "/vm/00000000-0000-0000-0000-000000000000");
for (let i = Number(argument(3)); i > 0; i--) await cycle(store, 1);

let ended = 0;
requests = retries = 0;
const start = performance.now();
deadline = start + limit * 1000;
const outcomes = await Promise.allSettled(Array.from({ length: atOnce }, async (_, i) => {
  for (let time = 0; time < times; time++) {
    await cycle(store, i + 1);
    ended++;
  }
}));
const ms = performance.now() - start;
const failure = outcomes.find(({ status }) => status === "rejected");
if (failure?.status === "rejected" && !(failure.reason instanceof LimitReached)) throw failure.reason;
report({ ms, ended, requests, retries, cycle: ms / ended, rate: requests / ms });
