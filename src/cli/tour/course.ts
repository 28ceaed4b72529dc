// The course of the tour: it writes, reads, watches, runs a transaction into a conflict, and walks a tree.

import type { Client } from "../../client/client.ts";
import type { Page } from "./page.ts";
import { findPlace, findStore, type Opening } from "./store.ts";
import { conflict, values, walk, watch } from "./steps.ts";

/** Takes the tour. `guide` is the address of the guide. `limit` may limit the time of each part. */
export async function takeTour(
  page: Page,
  opening: Opening,
  guide: string,
  limit: <T>(part: string, result: Promise<T>) => Promise<T> = (_, result) => result,
): Promise<void> {
  page.heading("What XenStore is");
  page.text(
    "XenStore is a tree of small values through which a Xen host and its guests configure each other. The toolstack " +
      "writes the configuration of a guest, drivers on both sides watch it and answer, and a transaction turns several " +
      "changes into one.",
  );
  const store = await limit("connect", findStore(page, opening));
  try {
    await takeSteps(page, store, limit);
  } finally {
    await store.close();
  }
  page.heading("That was the tour");
  page.text(`${guide} has the rest: reconnection, permissions, errors, streams of events.`);
}

async function takeSteps(
  page: Page,
  store: Client,
  limit: <T>(part: string, result: Promise<T>) => Promise<T>,
): Promise<void> {
  const top = await limit("the tour", findPlace(store));
  page.text(`This tour writes below ${top}, and removes all of it at the end.`);
  try {
    for (const step of [values, watch, conflict, walk]) await limit("the tour", step(store, top, page));
  } finally {
    await limit("the tour", store.delete(top));
  }
}
