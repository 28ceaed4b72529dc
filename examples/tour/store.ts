// Finds a store for the tour, and a node in it that the tour may write to.

import { type Client, connect, ConnectionError, XenStoreError } from "tsxs";
import type { Page } from "./page.ts";
import { printable } from "./text.ts";

/** Opens the store of this machine or, if it has no Xen, an embedded store. */
export async function findStore(page: Page): Promise<Client> {
  try {
    const store = await connect();
    page.text(`Here it is the store of this machine, at ${printable(store.address ?? "")}.`);
    return store;
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    page.text('This machine has no store that this tour can reach. It brings its own, with connect("embedded:").');
    // A place that exists but cannot be used is news to the user; one that does not exist is not.
    const attempts = error.attempts.length === 0 ? [error] : error.attempts;
    for (const { code, message } of attempts) if (code !== "ENOENT") page.note(`${printable(message)}.`);
    return await connect("embedded:");
  }
}

/** Makes the node below which the tour writes: domain 0 may write anywhere, a guest only to its own home. */
export async function findPlace(store: Client): Promise<string> {
  for (const place of ["/tool/tsxs-tour", "data/tsxs-tour"]) {
    try {
      await store.mkdir(place);
      return place;
    } catch (error) {
      if (!(error instanceof XenStoreError) || error.code !== "EACCES") throw error;
    }
  }
  throw new Error("cannot take the tour: this domain may write neither to /tool nor to data in its own home");
}
