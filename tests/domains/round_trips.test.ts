// The round trips of a list: their number depends on the depth of what is read, not on the number of domains.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { connect, memoryPair, type Transport } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { countDomains, listDomains } from "../../src/domains/mod.ts";
import { makeDomain, someDomain } from "../support/domains.ts";
import { quiet } from "../support/peer.ts";

/** A transport to a daemon that holds all requests until the client waits for replies. */
class SlowLine {
  readonly transport: Transport;
  /** How often requests were passed on, all that waited together. */
  trips = 0;
  readonly #far: Transport;
  #held: Uint8Array[] = [];

  constructor(daemon: Daemon) {
    const [near, far] = memoryPair({ payloadMax: 4096, shared: false });
    this.transport = near;
    const store = daemon.connect();
    this.#far = store;
    far.start({ receive: (bytes) => void this.#held.push(bytes.slice()), ended: () => void store.close() });
    store.start({ receive: (bytes) => void far.send(bytes.slice()), ended: () => {} });
  }

  /** Runs a wait to its end, and counts its round trips. */
  async count(wait: Promise<unknown>): Promise<number> {
    let isOver = false;
    const over = wait.finally(() => isOver = true);
    const before = this.trips;
    while (!isOver) {
      await quiet();
      const requests = this.#held;
      this.#held = [];
      if (requests.length > 0) this.trips++;
      for (const bytes of requests) this.#far.send(bytes);
    }
    await over;
    return this.trips - before;
  }
}

async function tripsOf(domains: number): Promise<{ list: number; count: number }> {
  const daemon = new Daemon();
  await using toolstack = await connect(daemon.connect());
  for (let id = 1; id <= domains; id++) await makeDomain(toolstack, someDomain(id));
  const line = new SlowLine(daemon);
  await using client = await connect(line.transport);
  const list = await line.count(listDomains(client).then((listed) => assertEquals(listed.length, domains)));
  const count = await line.count(countDomains(client).then((counted) => assertEquals(counted, domains)));
  return { list, count };
}

describe("the round trips of a list", () => {
  for (const domains of [1, 10, 300]) {
    test(`a list of ${domains} domains takes six round trips, and a count takes three`, async () => {
      assertEquals(await tripsOf(domains), { list: 6, count: 3 });
    });
  }

  test("a list without domains takes one round trip", async () => {
    assertEquals(await tripsOf(0), { list: 1, count: 1 });
  });
});
