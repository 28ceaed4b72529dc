// Our daemon and the real C daemon give byte-equal answers to random requests.

import process from "node:process";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { check, type Tally } from "./check.ts";
import { seedOf } from "../../support/random.ts";
import { type Quotas, startOurs, startReal } from "./stores.ts";
import { differences } from "./differences.ts";
import { withPeers } from "../peers.ts";

/** Requests between two fresh starts of the stores. */
const RUN = 5000;
/** The oldest Node runs all requests, because our daemon is the same on every runtime except for its sockets. */
const isFloor = !("Deno" in globalThis) && process.versions.bun === undefined &&
  process.versions.node.startsWith("20.");
const requests = Number(process.env.TSXS_OPERATIONS ?? (isFloor ? 200_000 : 20_000));
/** From this number of requests on, every intended difference occurs. */
const ENOUGH = 200_000;

const quotas: Quotas = {
  "nodes": 1000,
  "watches": 8,
  "transactions": 3,
  "transaction-nodes": 20,
  "node-size": 300,
  "node-permissions": 4,
};

/** One run. Its seed selects how our daemon is reached, and whether guests may own only few nodes. */
function run(seed: number, tally: Tally): Promise<void> {
  const fewNodes = seed % 4 === 3;
  const limits = { ...quotas, nodes: fewNodes ? 25 : quotas.nodes };
  const starters = {
    real: () => startReal(limits),
    ours: () => startOurs(limits, seed % 2 === 0 ? "memory" : "sockets"),
  };
  return check(seed, RUN, { fewNodes }, starters, differences, tally);
}

withPeers("ours answers as the C daemon does", () => {
  test(`our daemon answers ${requests} random requests as the C daemon does`, async () => {
    const first = seedOf(process.env.TSXS_SEED);
    const tally: Tally = { used: new Map(), reached: new Map(), sent: 0 };
    console.log(`TSXS_SEED=${first}`);
    for (let seed = first; tally.sent < requests; seed++) await run(seed >>> 0, tally);
    if (requests < ENOUGH) return;
    assertEquals(differences.map(({ name }) => name).filter((name) => !tally.used.has(name)), [], "never occurred");
  });
});
