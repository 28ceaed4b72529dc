// A tour of tsxs: what it does with a store, said as it is done.

import { type Client, connect, ConnectionError, XenStoreError } from "tsxs";

const step = (text: string) => console.log(`\n${text}`);
const show = (text: string) => console.log(`    ${text}`);

/** A place that this machine may write to: a guest has one only in its own home. */
async function findPlace(store: Client): Promise<string> {
  for (const place of ["/tool/tsxs-tour", "data/tsxs-tour"]) {
    try {
      await store.mkdir(place);
      return place;
    } catch (error) {
      if (!(error instanceof XenStoreError) || error.code !== "EACCES") throw error;
    }
  }
  throw new Error("this domain may write neither to /tool nor to its own home's data");
}

async function tour(store: Client): Promise<void> {
  console.log("XenStore is a tree of small values through which a Xen host and its guests configure each other.");
  console.log(`This is the one at ${store.address}.`);

  const top = await findPlace(store);
  step(`Writing values makes the nodes that hold them, below ${top}:`);
  await store.write(`${top}/fruit/apple`, "red");
  await store.write(`${top}/fruit/pear`, "green");
  await store.write(`${top}/bytes`, new Uint8Array([0, 127, 255]));
  show(`${top}/fruit/apple = "${await store.readText(`${top}/fruit/apple`)}"`);
  show(`${top}/bytes = ${await store.read(`${top}/bytes`)}`);
  show(`children of ${top}/fruit: ${(await store.list(`${top}/fruit`)).join(", ")}`);
  show(`${top}/fruit/plum, which nobody wrote: ${await store.read(`${top}/fruit/plum`, { default: null })}`);

  step("Watching a node tells of every change below it, the first time at once:");
  const monitor = store.monitor();
  await monitor.watch(`${top}/fruit`, "my watch");
  await store.write(`${top}/fruit/pear`, "yellow");
  await store.delete(`${top}/fruit/apple`);
  for await (const event of monitor) {
    if (event.type !== "change") continue;
    show(`changed: ${event.path}`);
    if (event.path.endsWith("/apple")) break;
  }
  await monitor.close();

  step("A transaction takes effect as a whole; when somebody else is in its way, it is run again:");
  await store.write(`${top}/count`, "1");
  const count = await store.transact(async (transaction, attempt) => {
    const value = Number(await transaction.readText(`${top}/count`));
    show(`attempt ${attempt} reads ${value}`);
    if (attempt === 1) {
      await store.write(`${top}/count`, "41");
      show("somebody else writes 41 meanwhile");
    }
    await transaction.write(`${top}/count`, `${value + 1}`);
    return value + 1;
  });
  show(`committed: ${count}`);

  step("A walk visits all that is below a node:");
  for await (const { path, depth, value } of store.walk(top)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    show(`${"  ".repeat(depth)}${name} = ${JSON.stringify(new TextDecoder().decode(value ?? undefined))}`);
  }

  await store.delete(top);
  step(`That was it; ${top} is gone again.`);
}

/** The store of this machine or, where it has none, one that lives in this process. */
async function findStore(): Promise<Client> {
  try {
    return await connect();
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    console.log("This machine has no XenStore that can be reached, so the tour has brought its own.\n");
    console.log(`(${error.message})\n`);
    return await connect("embedded:");
  }
}

await using store = await findStore();
await tour(store);
