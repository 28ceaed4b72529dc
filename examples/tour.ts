// A tour of tsxs: writes, reads, watches, runs a transaction into a conflict, and walks a tree, on a store of this machine.

import { openPage } from "./tour/page.ts";
import { findPlace, findStore } from "./tour/store.ts";
import { conflict, values, walk, watch } from "./tour/steps.ts";

const page = openPage();
page.heading("What XenStore is");
page.text(
  "XenStore is a tree of small values through which a Xen host and its guests configure each other. The toolstack " +
    "writes the configuration of a guest, drivers on both sides watch it and answer, and a transaction turns several " +
    "changes into one.",
);

await using store = await findStore(page);
const top = await findPlace(store);
page.text(`This tour writes below ${top}, and removes all of it at the end.`);
try {
  for (const step of [values, watch, conflict, walk]) await step(store, top, page);
} finally {
  await store.delete(top);
}
page.heading("That was the tour");
page.text("docs/guide.md has the rest: reconnection, permissions, errors, streams of events.");
