// Ours and the real C daemon answer the same random requests alike, byte by byte.

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
/** The oldest Node does the whole number: our daemon is the same everywhere but for its sockets. */
const isFloor = !("Deno" in globalThis) && process.versions.bun === undefined &&
  process.versions.node.startsWith("20.");
const requests = Number(process.env.TSXS_OPERATIONS ?? (isFloor ? 200_000 : 20_000));
/** From here on, every difference that is meant comes up. */
const ENOUGH = 200_000;

const quotas: Quotas = {
  "nodes": 1000,
  "watches": 8,
  "transactions": 3,
  "transaction-nodes": 20,
  "node-size": 300,
  "node-permissions": 4,
};

/** One run: its seed says over which way ours is reached, and whether guests may have but few nodes. */
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
  test(`ours answers ${requests} random requests as the C daemon does`, async () => {
    const first = seedOf(process.env.TSXS_SEED);
    const tally: Tally = { used: new Map(), reached: new Map(), sent: 0 };
    console.log(`TSXS_SEED=${first}`);
    for (let seed = first; tally.sent < requests; seed++) await run(seed >>> 0, tally);
    if (requests < ENOUGH) return;
    assertEquals(differences.map(({ name }) => name).filter((name) => !tally.used.has(name)), [], "never come up");
  });
});
