// The events between two lists of a watch: the order in which they tell starts.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { Changes } from "../../src/domains/changes.ts";
import { takeSnapshot } from "../../src/domains/snapshot.ts";
import { makeDomain, someDomain } from "../support/domains.ts";

/** The numbers of the domains whose starts are told, if these events were taken before the list. */
async function startsAfter(...introduced: readonly number[]): Promise<(number | null)[]> {
  await using daemon = new Daemon();
  await using store = await connect(daemon.connect());
  const { signal } = new AbortController();
  const changes = new Changes(await takeSnapshot(store, [], signal), () => 0);
  for (const id of [120, 9, 50]) await makeDomain(store, someDomain(id));
  const named = { introduced: new Set(introduced), released: new Set<number>() };
  return changes.next(await takeSnapshot(store, [], signal), named).map(({ id }) => id);
}

describe("the order of starts in one list", () => {
  test("domains are told in the order of their events", async () => {
    assertEquals(await startsAfter(120, 9, 50), [120, 9, 50]);
  });

  test("a domain whose event comes after the list is told after the others", async () => {
    assertEquals(await startsAfter(120), [120, 9, 50]);
    assertEquals(await startsAfter(120, 50), [120, 50, 9]);
  });

  test("without numbers in the events, domains are told by number", async () => {
    assertEquals(await startsAfter(), [9, 50, 120]);
  });
});
