// A transaction that the store has dropped: its number may be that of another transaction by now.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { TransactionEndedError } from "../../src/client/errors.ts";
import { connected, quiet } from "../support/peer.ts";

describe("a transaction after resetWatches()", () => {
  test("sends nothing, since the store has dropped the transaction", async () => {
    const { client, peer } = await connected();
    const starting = client.transaction();
    (await peer.next()).reply("7");
    const transaction = await starting;
    const resetting = client.resetWatches();
    (await peer.expect("RESET_WATCHES |")).ok();
    await resetting;
    for (const call of [() => transaction.read("/a"), () => transaction.commit(), () => transaction.rollback()]) {
      await assertRejects(call, TransactionEndedError, "transaction 7 has ended");
    }
    await transaction[Symbol.asyncDispose]();
    await quiet();
    assertEquals(peer.waiting, []);
  });
});
