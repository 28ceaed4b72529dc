// Transactions: what they send, how they end, and what they do afterwards.

import { describe, test } from "node:test";
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { TransactionEndedError } from "../../src/client/errors.ts";
import { ConnectionError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { connected, quiet } from "../support/peer.ts";

async function started(id = 7) {
  const { client, peer } = await connected();
  const starting = client.transaction();
  (await peer.expect("TRANSACTION_START |")).reply(`${id}`);
  return { client, peer, transaction: await starting };
}

describe("transaction", () => {
  test("sends its operations under its id, and the client's own under none", async () => {
    const { client, peer, transaction } = await started();
    void transaction.write("/a", "v").catch(() => {});
    void client.read("/a").catch(() => {});
    const [inside, outside] = await peer.take(2);
    assertEquals([inside?.transactionId, outside?.transactionId], [7, 0]);
    assertEquals([transaction.id, transaction.isOpen], [7, true]);
  });

  test("commit() ends it, and says that it took effect", async () => {
    const { peer, transaction } = await started();
    const committing = transaction.commit();
    assertEquals(transaction.isOpen, false);
    const end = await peer.expect("TRANSACTION_END T|");
    assertEquals(end.transactionId, 7);
    end.ok();
    assertEquals(await committing, true);
  });

  test("commit() returns false after a conflict, and ends the transaction", async () => {
    const { peer, transaction } = await started();
    const committing = transaction.commit();
    (await peer.next()).error("EAGAIN");
    assertEquals(await committing, false);
    assertEquals(transaction.isOpen, false);
  });

  test("commit() fails for any other reason, and ends it all the same", async () => {
    const { peer, transaction } = await started();
    const committing = transaction.commit();
    (await peer.next()).error("ENOSPC");
    const error = await assertRejects(() => committing, XenStoreError);
    assertEquals([error.code, error.operation, transaction.isOpen], ["ENOSPC", "TRANSACTION_END", false]);
  });

  test("rollback() ends it", async () => {
    const { peer, transaction } = await started();
    const rolling = transaction.rollback();
    (await peer.expect("TRANSACTION_END F|")).ok();
    await rolling;
    assertEquals(transaction.isOpen, false);
  });

  test("fails every operation after its end with ENOENT, and sends nothing", async () => {
    const { client, peer, transaction } = await started();
    const committing = transaction.commit();
    (await peer.next()).ok();
    await committing;
    const calls: [string, () => Promise<unknown>][] = [
      ["READ", () => transaction.read("/a")],
      ["READ", () => transaction.read("/a", { default: null })],
      ["READ", () => transaction.exists("/a")],
      ["WRITE", () => transaction.write("/a", "v")],
      ["DIRECTORY", () => transaction.list("/a")],
      ["READ", () => transaction.walk("/a").next()],
      ["TRANSACTION_END", () => transaction.commit()],
      ["TRANSACTION_END", () => transaction.rollback()],
    ];
    for (const [operation, call] of calls) {
      const error = await assertRejects(call, TransactionEndedError, "transaction 7 has ended");
      assertEquals([error.code, error.operation], ["ENOENT", operation]);
    }
    const reading = client.read("/sentinel");
    (await peer.expect("READ /sentinel|")).reply();
    await reading;
  });

  test("is rolled back when it is disposed of open, and left alone when it is not", async () => {
    const { client, peer, transaction } = await started();
    const disposing = transaction[Symbol.asyncDispose]();
    (await peer.expect("TRANSACTION_END F|")).ok();
    await disposing;
    await transaction[Symbol.asyncDispose]();
    await quiet();
    assertEquals(peer.waiting, []);
    await client.close();
  });

  test("does not mind, when it is disposed of, that the connection is over", async () => {
    const { client, peer, transaction } = await started();
    peer.cut();
    await assertRejects(() => client.read("/a"), ConnectionError);
    await transaction[Symbol.asyncDispose]();
  });

  test("does mind that the store would not roll it back", async () => {
    const { peer, transaction } = await started();
    const disposing = transaction[Symbol.asyncDispose]();
    (await peer.next()).error("EIO");
    await assertRejects(() => disposing, XenStoreError, "EIO");
  });

  test("fails with a ConnectionError when the connection is lost", async () => {
    const { peer, transaction } = await started();
    const failed = [transaction.read("/a"), transaction.commit()];
    await peer.take(2);
    peer.cut();
    for (const operation of failed) await assertRejects(() => operation, ConnectionError);
    await assertRejects(() => transaction.read("/b"), XenStoreError);
  });

  test("goes on beside others of the same client", async () => {
    const { client, peer } = await connected();
    const starting = [client.transaction(), client.transaction()];
    const [one, two] = await peer.take(2);
    two?.reply("2");
    one?.reply("1");
    const [first, second] = await Promise.all(starting);
    assert(first !== undefined && second !== undefined);
    assertNotEquals(first.id, second.id);
    const ending = [second.commit(), first.rollback()];
    const ends = await peer.take(2);
    assertEquals(ends.map(({ text, transactionId }) => `${text}${transactionId}`), [
      "TRANSACTION_END T|2",
      "TRANSACTION_END F|1",
    ]);
    for (const end of ends) end.ok();
    await Promise.all(ending);
  });

  test("stops waiting for its end when it is aborted, and is over", async () => {
    const { peer, transaction } = await started();
    const controller = new AbortController();
    const committing = transaction.commit({ signal: controller.signal });
    await peer.next();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => committing, RangeError, "enough");
    assertEquals(transaction.isOpen, false);
  });

  test("commit() with a signal that was aborted before leaves it open, for who disposes of it", async () => {
    const { peer, transaction } = await started();
    await assertRejects(() => transaction.commit({ signal: AbortSignal.abort(new RangeError("enough")) }), RangeError);
    assertEquals([transaction.isOpen, peer.waiting.length], [true, 0]);
    const disposing = transaction[Symbol.asyncDispose]();
    (await peer.expect("TRANSACTION_END F|")).ok();
    await disposing;
  });

  test("rollback() is sent whatever its signal says", async () => {
    const { peer, transaction } = await started();
    await assertRejects(
      () => transaction.rollback({ signal: AbortSignal.abort(new RangeError("enough")) }),
      RangeError,
    );
    await peer.expect("TRANSACTION_END F|");
  });

  test("is over when the store was told to drop it", async () => {
    const { client, peer, transaction } = await started();
    const resetting = client.resetWatches();
    (await peer.expect("RESET_WATCHES |")).ok();
    await resetting;
    await assertRejects(() => transaction.exists("/a"), TransactionEndedError);
    await assertRejects(() => transaction.commit(), TransactionEndedError);
    await transaction[Symbol.asyncDispose]();
    assertEquals(peer.waiting, []);
  });

  test("rejects a reply that is not the number of a transaction", async () => {
    for (const number of ["0", "4294967296", "99999999999999999999"]) {
      const { client, peer } = await connected();
      const starting = client.transaction();
      (await peer.next()).reply(number);
      await assertRejects(() => starting, UnexpectedPacketError, number);
    }
  });
});
