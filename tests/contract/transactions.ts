// The contract: transactions.

import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ConflictError, TransactionEndedError, XenStoreError } from "../../mod.ts";
import { scratch } from "./scratch.ts";
import type { Store } from "./store.ts";

/** Declares the tests of transactions. */
export function transactionsContract(store: Store): void {
  describe(`${store.name}: transactions`, () => {
    const at = scratch(store, "transactions");
    const { path } = at;

    test("the changes of a transaction are invisible to others before its commit", async () => {
      const transaction = await at.client.transaction();
      await transaction.write(path("hidden"), "1");
      assertEquals(await transaction.readText(path("hidden")), "1");
      assertEquals(await at.client.exists(path("hidden")), false);
      assertEquals(await transaction.commit(), true);
      assertEquals(await at.other.readText(path("hidden")), "1");
    });

    test("rollback() discards the changes of a transaction", async () => {
      const transaction = await at.client.transaction();
      await transaction.write(path("dropped"), "1");
      await transaction.rollback();
      assertEquals(await at.client.exists(path("dropped")), false);
    });

    test("commit() resolves with false and changes nothing if others changed what the transaction has read", async () => {
      await at.client.write(path("read"), "old");
      const transaction = await at.client.transaction();
      assertEquals(await transaction.readText(path("read")), "old");
      await at.other.write(path("read"), "new");
      await transaction.write(path("written"), "1");
      assertEquals(await transaction.commit(), false);
      assertEquals(await at.client.exists(path("written")), false);
    });

    test("several transactions can be open on one connection", async () => {
      const count = 8;
      for (let i = 0; i < count; i++) await at.client.mkdir(path(`many/${i}`));
      const transactions = await Promise.all(Array.from({ length: count }, () => at.client.transaction()));
      assertEquals(new Set(transactions.map(({ id }) => id)).size, count);
      await Promise.all(transactions.map((transaction, i) => transaction.write(path(`many/${i}`), `${i}`)));
      for (const transaction of transactions) assertEquals(await transaction.commit(), true);
      for (let i = 0; i < count; i++) assertEquals(await at.client.readText(path(`many/${i}`)), `${i}`);
    });

    test("operations, commit() and rollback() reject with a TransactionEndedError after the end", async () => {
      const transaction = await at.client.transaction();
      assert(transaction.isOpen);
      await transaction.rollback();
      assertEquals(transaction.isOpen, false);
      await assertRejects(() => transaction.read(path("x"), { default: null }), TransactionEndedError);
      await assertRejects(() => transaction.exists(path("x")), TransactionEndedError);
      await assertRejects(() => transaction.commit(), TransactionEndedError);
      await assertRejects(() => transaction.rollback(), TransactionEndedError);
    });

    test("a failed operation does not end the transaction", async () => {
      const transaction = await at.client.transaction();
      await assertRejects(() => transaction.read(path("nothing")), XenStoreError, "ENOENT");
      await transaction.write(path("after-all"), "1");
      assertEquals(await transaction.commit(), true);
      assertEquals(await at.client.readText(path("after-all")), "1");
    });

    test("a transaction that leaves its scope is rolled back", async () => {
      {
        await using transaction = await at.client.transaction();
        await transaction.write(path("scoped"), "1");
      }
      assertEquals(await at.client.exists(path("scoped")), false);
    });

    test("a committed transaction may leave its scope", async () => {
      {
        await using transaction = await at.client.transaction();
        await transaction.write(path("kept"), "1");
        assert(await transaction.commit());
      }
      assertEquals(await at.client.readText(path("kept")), "1");
    });

    test("transact() repeats after conflicts, and resolves with the result of its function", async () => {
      await at.client.write(path("counter"), "5");
      const attempts: number[] = [];
      const result = await at.client.transact(async (transaction, attempt) => {
        attempts.push(attempt);
        const value = Number(await transaction.readText(path("counter")));
        if (attempt < 3) await at.other.write(path("counter"), `${value + 10}`);
        await transaction.write(path("counter"), `${value + 1}`);
        return value + 1;
      });
      assertEquals(attempts, [1, 2, 3]);
      assertEquals(result, 26);
      assertEquals(await at.client.readText(path("counter")), "26");
    });

    test("transact() rejects with a ConflictError that has the number of attempts", async () => {
      await at.client.write(path("contended"), "0");
      let turn = 0;
      const error = await assertRejects(() =>
        at.client.transact(async (transaction) => {
          await transaction.read(path("contended"));
          await at.other.write(path("contended"), `${++turn}`);
          await transaction.write(path("contended"), "mine");
        }, { attempts: 4, backoff: { max: 1 } })
      );
      assertInstanceOf(error, ConflictError);
      assertEquals([error.attempts, error.code, turn], [4, "EAGAIN", 4]);
      assertEquals(await at.client.readText(path("contended")), "4");
    });

    test("transact() rolls back and rejects with the error that its function throws", async () => {
      const thrown = new Error("changed my mind");
      const error = await assertRejects(() =>
        at.client.transact(async (transaction) => {
          await transaction.write(path("thrown"), "1");
          throw thrown;
        })
      );
      assertEquals(error, thrown);
      assertEquals(await at.client.exists(path("thrown")), false);
    });

    test("transact() waits for its turn: 25 concurrent ones succeed, though a guest may have 10 open", async () => {
      const nodes = Array.from({ length: 25 }, (_, i) => path(`turns-${i}`));
      for (const node of nodes) await at.client.mkdir(node);
      const written = await Promise.all(nodes.map((node) =>
        at.client.transact(async (transaction) => {
          const value = await transaction.readText(node);
          await transaction.write(node, "done");
          return value;
        })
      ));
      assertEquals(written, nodes.map(() => ""));
      for (const node of nodes) assertEquals(await at.client.readText(node), "done");
    });

    test("eight concurrent increments in transact() all take effect", async () => {
      await at.client.write(path("shared"), "0");
      await Promise.all(Array.from({ length: 8 }, () =>
        at.client.transact(async (transaction) => {
          const value = Number(await transaction.readText(path("shared")));
          await transaction.write(path("shared"), `${value + 1}`);
        }, { attempts: 1000 })));
      assertEquals(await at.client.readText(path("shared")), "8");
    });
  });
}
