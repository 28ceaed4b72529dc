// The steps of the tour. Each shows calls of tsxs beside what they give.

import type { Client } from "../../client/client.ts";
import type { Page } from "./page.ts";
import { bytesOf, printable, quote, valueOf } from "./text.ts";

/** Writes values, and reads them back as text and as bytes. */
export async function values(store: Client, top: string, page: Page): Promise<void> {
  page.heading("Values");
  page.text("A write creates the node, and those above it. A value is any bytes, and mostly a short text.");

  const fruit = `${top}/fruit`;
  await store.write(`${fruit}/apple`, "red");
  await store.write(`${fruit}/pear`, "green");
  await store.write(`${top}/bytes`, new Uint8Array([0, 127, 255]));

  page.result(`readText("${fruit}/apple")`, quote(await store.readText(`${fruit}/apple`)));
  page.result(`read("${top}/bytes")`, bytesOf(await store.read(`${top}/bytes`)));
  page.result(`list("${fruit}")`, (await store.list(fruit)).map(quote).join(", "));
  page.text("A node that does not exist is an error, unless the call has a default:");
  const plum = await store.read(`${fruit}/plum`, { default: null });
  page.result(`read("${fruit}/plum", { default: null })`, valueOf(plum));
}

/** Watches a node while nodes below it change. */
export async function watch(store: Client, top: string, page: Page): Promise<void> {
  page.heading("Watches");
  page.text(
    "A watch reports each change of a node or below it, and reports once immediately. It says where, not what:",
  );

  await using monitor = store.monitor();
  await monitor.watch(`${top}/fruit`);
  await store.write(`${top}/fruit/pear`, "yellow");
  await store.delete(`${top}/fruit/apple`);
  for await (const event of monitor) {
    if (event.type !== "change") continue;
    page.result("event", printable(event.path));
    if (event.path.endsWith("/apple")) break;
  }
}

/** Runs a transaction that another write disturbs, so that it has to run twice. */
export async function conflict(store: Client, top: string, page: Page): Promise<void> {
  page.heading("Transactions");
  page.text(
    "A transaction takes effect as a whole or not at all. If another write conflicts, transact() runs it again:",
  );

  const counter = `${top}/counter`;
  await store.write(counter, "1");
  const count = await store.transact(async (transaction, attempt) => {
    const value = Number(await transaction.readText(counter));
    page.result(`attempt ${attempt} reads`, `${value}`);
    if (attempt === 1) {
      await store.write(counter, "41");
      page.result("another write sets", "41");
    }
    await transaction.write(counter, `${value + 1}`);
    return value + 1;
  });
  page.result("committed", `${count}`);
}

/** Walks all that the steps before have left. */
export async function walk(store: Client, top: string, page: Page): Promise<void> {
  page.heading("Walks");
  page.text("A walk visits a node and all below it, parents first:");

  for await (const { path, depth, value } of store.walk(top)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    page.result("  ".repeat(depth) + printable(name), valueOf(value));
  }
}
