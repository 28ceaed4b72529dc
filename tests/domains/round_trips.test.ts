// The round trips of a list: their number depends on the depth of what is read, not on the number of domains.

import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect, memoryPair, type Transport } from "../../mod.ts";
import { Daemon } from "../../src/daemon/mod.ts";
import { countDomains, listDomains } from "../../src/domains/mod.ts";
import { makeDomain, makeDomains, someDomain } from "../support/domains.ts";
import { quiet } from "../support/peer.ts";

/** The bytes of a header. The last four are the length of what follows. */
const HEADER = 16;

/** A transport to a daemon that holds all requests until the client waits for replies. */
class SlowLine {
  readonly transport: Transport;
  /** How often requests were passed on, all that waited together. */
  trips = 0;
  /** The most requests that waited together. */
  most = 0;
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
      this.most = Math.max(this.most, requestsIn(requests));
      for (const bytes of requests) this.#far.send(bytes);
    }
    await over;
    return this.trips - before;
  }
}

/** The number of whole requests in chunks. */
function requestsIn(chunks: readonly Uint8Array[]): number {
  const bytes = Buffer.concat(chunks);
  let count = 0;
  for (let at = 0; at < bytes.length; at += HEADER + bytes.readUInt32LE(at + HEADER - 4)) count++;
  return count;
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

  test("a list of thousands of domains takes five round trips more for each 1,024", async () => {
    const daemon = new Daemon();
    await using toolstack = await connect(daemon.connect());
    await makeDomains(toolstack, Array.from({ length: 2500 }, (_, i) => someDomain(i + 1)));
    const line = new SlowLine(daemon);
    await using client = await connect(line.transport);
    const trips = await line.count(listDomains(client).then(({ length }) => assertEquals(length, 2500)));
    // The directory has three parts.
    assert(trips > 6 && trips <= 3 + 3 * 5, `${trips} round trips`);
    assert(line.most <= 1024 * 16, `${line.most} requests at a time`);
  });

  test("a guest with a thousand devices has few requests in flight", async () => {
    const daemon = new Daemon();
    await using toolstack = await connect(daemon.connect());
    await makeDomain(toolstack, someDomain(5));
    await toolstack.delete("/libxl/5/device");
    for (let i = 0; i < 800; i++) await toolstack.write(`/local/domain/5/device/vif/${i}/backend`, "x");
    const line = new SlowLine(daemon);
    await using client = await connect(line.transport);
    await line.count(listDomains(client).then(([five]) => assertEquals(five?.devices.length, 800)));
    assert(line.most <= 64 * 3, `${line.most} requests at a time`);
  });

  test("a list without domains takes one round trip", async () => {
    assertEquals(await tripsOf(0), { list: 1, count: 1 });
  });
});
