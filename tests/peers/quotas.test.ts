// A domain that permissions name is known from then on: ours and the C daemon answer alike.

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { timeout } from "../support/limits.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

/** Names domains in permissions in each way. Returns what was done, and which domains CONTROL's `quota` knew then. */
async function namings(dom0: Client): Promise<[step: string, known: number[]][]> {
  const steps: [step: string, known: number[]][] = [];
  const note = async (step: string): Promise<void> => {
    const known: number[] = [];
    for (let domid = 5; domid < 15; domid++) {
      const answer = await dom0.control(["quota", `${domid}`]).catch((error: { code?: string }) => error.code);
      if (answer !== "ENOENT") known.push(domid);
    }
    steps.push([step, known]);
  };
  await dom0.write("/p", "");
  await note("nothing");
  await dom0.setPerms("/p", ["n6"]);
  await note("an owner");
  await dom0.setPerms("/p", ["n0", "r7", "b8"]);
  await note("entries");
  await dom0.delete("/p");
  await note("the node is gone");
  const transaction = await dom0.transaction();
  await transaction.write("/q", "");
  await transaction.setPerms("/q", ["n9", "r10"]);
  await note("in a transaction");
  await transaction.rollback();
  await note("the transaction is gone");
  await dom0.setPerms("/none", ["n11", "r12"]).catch(() => {});
  await note("a node that does not exist");
  await dom0.introduceDomain(13, 1, 1);
  await note("INTRODUCE");
  await dom0.releaseDomain(13);
  await note("RELEASE");
  return steps;
}

withPeers("a domain that permissions name is known", () => {
  test("ours knows a domain by its permissions exactly when the C daemon does", { timeout }, async () => {
    await using real = await startXenstored();
    await using daemon = new Daemon();
    await using theirs = await connect(`unix:${real.socket}`);
    await using ours = await connect(daemon.connect());
    const found = await namings(ours);
    assertEquals(found, await namings(theirs));
    assertEquals(found.at(2), ["entries", [6, 7, 8]]);
  });
});
