// Finds a store for the tour, and a node in it that the tour may write to.

import type { Client } from "../../client/client.ts";
import { codeOf } from "../../wire/system_errors.ts";
import type { Page } from "./page.ts";
import { printable } from "./text.ts";

/** How the tour gets a store. The package loads the client on demand, so the tour gets it from its caller. */
export interface Opening {
  /** Opens the store of this machine. Rejects with the error of the library if it cannot be reached. */
  find(): Promise<{ readonly store: Client; readonly address: string }>;
  /** Opens an embedded store. */
  embed(): Promise<Client>;
}

/** Opens the store of this machine or, if it has no Xen, an embedded store. */
export async function findStore(page: Page, { find, embed }: Opening): Promise<Client> {
  try {
    const { store, address } = await find();
    page.text(`Here it is the store of this machine, at ${printable(address)}.`);
    return store;
  } catch (error) {
    // By its name, because the client may come from another copy of the library.
    if (!(error instanceof Error) || error.name !== "ConnectionError") throw error;
    page.text('This machine has no store that this tour can reach. It brings its own, with connect("embedded:").');
    // A place that exists but cannot be used is news to the user; one that does not exist is not.
    for (const { message } of attemptsOf(error)) page.note(`${printable(message)}.`);
    return await embed();
  }
}

/** Returns the attempts of a search that failed for another reason than a missing file. */
function attemptsOf(error: Error): readonly Error[] {
  const attempts: readonly unknown[] = "attempts" in error && Array.isArray(error.attempts) ? error.attempts : [];
  const errors = attempts.filter((attempt) => attempt instanceof Error);
  return (errors.length === 0 ? [error] : errors).filter((attempt) => codeOf(attempt) !== "ENOENT");
}

/** Makes the node below which the tour writes: domain 0 may write anywhere, a guest only to its own home. */
export async function findPlace(store: Client): Promise<string> {
  for (const place of ["/tool/tsxs-tour", "data/tsxs-tour"]) {
    try {
      await store.mkdir(place);
      return place;
    } catch (error) {
      if (codeOf(error) !== "EACCES") throw error;
    }
  }
  throw new Error("cannot take the tour: this domain may write neither to /tool nor to data in its own home");
}
