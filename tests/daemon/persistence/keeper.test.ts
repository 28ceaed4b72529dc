// A store that is kept in a directory.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { StoreOptions } from "../../../src/daemon/state/store.ts";
import { endDomain } from "../../../src/daemon/state/lifecycle.ts";
import { JournalError } from "../../../src/daemon/persistence/errors.ts";
import { Keeper, type KeeperOptions } from "../../../src/daemon/persistence/keeper.ts";
import { tableOf, TestStore } from "../support.ts";
import { eagerClock } from "./clocks.ts";

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-"));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Kept extends AsyncDisposable {
  readonly store: TestStore;
  readonly keeper: Keeper;
}

/** Opens a store that is kept in a directory. */
async function keep(directory: string, options: Partial<KeeperOptions> = {}, core: StoreOptions = {}): Promise<Kept> {
  const keeper = await Keeper.open(directory, { clock: eagerClock, ...options });
  const store = new TestStore({ ...core, onChanges: (changes) => keeper.take(changes) });
  keeper.load(store.core);
  return { store, keeper, [Symbol.asyncDispose]: () => keeper.close() };
}

/** Resolves when a snapshot exists. Closing the store earlier would cancel it. */
async function snapshotOf(directory: string): Promise<void> {
  while (!readdirSync(directory).some((name) => name.endsWith(".snapshot"))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("a store that is kept", () => {
  test("a restart restores nodes, permissions, the order of children, commits and removals", () =>
    withDirectory(async (directory) => {
      let tree: string[] = [];
      for (const round of [1, 2, 3]) {
        await using kept = await keep(directory);
        const { store: { dom0, tell, tree: look, audit } } = kept;
        if (round > 1) assertEquals(look(), tree);
        audit();
        tell("WRITE", `/z${round}|value`);
        tell("WRITE", `/a${round}/b/c|`);
        tell("SET_PERMS", `/a${round}|b5|r6|`);
        const transaction = dom0.begin();
        tableOf(transaction, ["WRITE", `/t${round}|in a transaction`, "OK|"], [
          "RM",
          round === 1 ? "/tool|" : `/z${round}|`,
          "OK|",
        ]);
        assertEquals(transaction.commit(), "OK|");
        assertEquals(dom0.begin().ask("WRITE", "/never|committed"), "OK|");
        tree = look();
        assert(kept.keeper.commit());
      }
      assertEquals(tree.filter((line) => line.startsWith("/tool")), []);
    }));

  test("a restart restores the store from a snapshot and the logs", () =>
    withDirectory(async (directory) => {
      const big = "x".repeat(2000);
      let tree: string[] = [];
      {
        await using kept = await keep(directory, { sync: "never" });
        const { store: { tell, tree: look } } = kept;
        tell("RM", "/tool|");
        for (let i = 0; i < 1500; i++) {
          tell("WRITE", `/n${i % 50}|${i}${big}`);
          assert(kept.keeper.commit());
          if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await snapshotOf(directory);
        tree = look();
      }
      await using kept = await keep(directory);
      assertEquals(kept.store.tree(), tree);
      kept.store.audit();
    }));

  test("a restart restores the quotas that were set, and takes the others from the options", () =>
    withDirectory(async (directory) => {
      {
        await using kept = await keep(directory, {}, { quotas: { "nodes": 50, "watches": 7 } });
        kept.store.tell("SET_QUOTA", "nodes|60|");
        kept.store.tell("SET_QUOTA", "5|nodes|70|");
      }
      for (let i = 0; i < 2; i++) {
        await using kept = await keep(directory, {}, { quotas: { "nodes": 55, "watches": 8 } });
        tableOf(
          kept.store.dom0,
          ["GET_QUOTA", "nodes|", "60|"],
          ["GET_QUOTA", "watches|", "8|"],
          ["GET_QUOTA", "5|nodes|", "70|"],
        );
      }
    }));

  /** The quotas of two guests and of new domains, which a restart must not change. */
  const quotas = ({ dom0 }: TestStore): string[] => {
    const [five, six, all] = ["5|", "6|", ""].map((who) =>
      ["nodes", "watches"].map((name) => dom0.ask("GET_QUOTA", `${who}${name}|`)).join("")
    );
    return [five ?? "", six ?? "", all ?? ""];
  };

  for (const from of ["its log", "a snapshot"] as const) {
    test(`a restart restores each domain's quotas, including former defaults, from ${from}`, () =>
      withDirectory(async (directory) => {
        const core = { quotas: { "nodes": 40 } };
        {
          await using kept = await keep(directory, { sync: "never" }, core);
          const { tell } = kept.store;
          tell("SET_QUOTA", "watches|500|");
          tell("SET_QUOTA", "5|nodes|50|");
          // The same value as before, which is now set explicitly.
          tell("SET_QUOTA", "nodes|40|");
          tell("SET_QUOTA", "watches|600|");
          for (let i = 0; from === "a snapshot" && i < 400; i++) {
            tell("WRITE", `/big|${"x".repeat(4000)}`);
            assert(kept.keeper.commit());
            if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          if (from === "a snapshot") await snapshotOf(directory);
          assertEquals(quotas(kept.store), ["50|500|", "40|600|", "40|600|"]);
        }
        assertEquals(readdirSync(directory).some((name) => name.endsWith(".snapshot")), from === "a snapshot");
        await using kept = await keep(directory, {}, { quotas: { "nodes": 60 } });
        assertEquals(quotas(kept.store), ["50|500|", "40|600|", "40|600|"]);
      }));
  }

  test("a restart restores no quotas of a released domain", () =>
    withDirectory(async (directory) => {
      {
        await using kept = await keep(directory);
        const { guest, tell } = kept.store;
        guest(5);
        tell("SET_QUOTA", "5|nodes|50|");
        tell("RELEASE", "5|");
        tell("SET_QUOTA", "nodes|2000|");
      }
      await using kept = await keep(directory);
      assertEquals(quotas(kept.store)[0], "2000|128|");
    }));

  test("a restart removes the nodes, permissions and quotas of domains that no longer exist", () =>
    withDirectory(async (directory) => {
      const alive = new Set([5, 6, 7]);
      const domainExists = (domid: number): boolean => alive.has(domid);
      {
        await using kept = await keep(directory, {}, { domainExists });
        const { node, tell } = kept.store;
        node("/five", "n5");
        node("/five/of-zero", "n0");
        node("/six", "n6", "r5", "r7");
        // The permissions of domains 9 and 5 are listed.
        node("/zero", "n0", "b5", "r9", "r32757");
        tell("SET_QUOTA", "7|nodes|50|");
      }
      alive.delete(5);
      alive.delete(7);
      for (let round = 0; round < 2; round++) {
        await using kept = await keep(directory, {}, { domainExists });
        kept.store.audit();
        const lines = kept.store.tree().filter((line) => /five|six|zero/.test(line));
        assertEquals(lines, ["/six= n6", "/zero= n0,r9,r32757"]);
      }
      alive.add(5).add(7);
      await using kept = await keep(directory, {}, { domainExists });
      tableOf(kept.store.guest(5), ["WRITE", "/zero|", "EACCES"], ["READ", "/zero|", ""]);
      tableOf(kept.store.dom0, ["GET_QUOTA", "7|nodes|", "1000|"]);
    }));

  test("a restart restores the removal of nodes by the end of a domain", () =>
    withDirectory(async (directory) => {
      {
        await using kept = await keep(directory);
        const { guest, node, core } = kept.store;
        guest(5);
        node("/of-five", "n5");
        node("/of-five/too", "n0");
        const five = core.introduced(5);
        assert(five !== undefined);
        endDomain(core, five);
        assert(kept.keeper.commit());
      }
      await using kept = await keep(directory);
      assertEquals(kept.store.tree("/of-five"), []);
      kept.store.audit();
    }));
});

describe("a store whose journal fails", () => {
  /** Opens a store whose journal fails on demand. */
  async function broken(directory: string): Promise<Kept & { failures: JournalError[]; append: { fails: boolean } }> {
    const failures: JournalError[] = [];
    const append = { fails: false };
    const keeper = await Keeper.open(directory, { clock: eagerClock, onFailed: (error) => failures.push(error) });
    const store = new TestStore({
      onChanges: (changes) => {
        // An incomplete change cannot be appended.
        keeper.take(append.fails ? [...changes, { kind: "put", path: "/", value: "" } as never] : changes);
      },
    });
    keeper.load(store.core);
    return { store, keeper, failures, append, [Symbol.asyncDispose]: () => keeper.close() };
  }

  test("a request that cannot be kept fails with EIO, and changes neither tree nor accounts", () =>
    withDirectory(async (directory) => {
      await using kept = await broken(directory);
      const { store: { dom0, guest, node, tree, audit, tell }, append } = kept;
      const five = guest(5);
      node("/local/domain/5", "n5");
      dom0.watch("/local", "token");
      const before = tree();
      append.fails = true;
      tableOf(
        five,
        ["WRITE", "/local/domain/5/new|value", "EIO"],
        ["READ", "/local/domain/5/new|", "ENOENT"],
        ["RM", "/local/domain/5|", "EIO"],
        ["SET_PERMS", "/local/domain/5|n5|r6|", "EIO"],
      );
      const transaction = dom0.begin();
      assertEquals(transaction.ask("WRITE", "/in/transaction|"), "OK|");
      assertEquals(transaction.commit(), "EIO");
      assertEquals(tree(), before);
      audit();
      append.fails = false;
      tell("WRITE", "/again|");
      assertEquals(tree().length, before.length + 1);
      assert(kept.keeper.commit());
    }));

  test("commit() returns false after a failure, which is reported once", () =>
    withDirectory(async (directory) => {
      const kept = await broken(directory);
      const { store, keeper, failures } = kept;
      store.tell("WRITE", "/kept|");
      assert(keeper.commit());
      await keeper.close();
      // A closed journal fails like a broken one.
      keeper.takeAnyway([{ kind: "remove", path: "/kept" }]);
      assertEquals([keeper.commit(), keeper.commit()], [false, false]);
      assertEquals(failures.map(({ fault }) => fault), ["failed"]);
    }));

  test("load() throws a JournalError if the kept changes build no tree", () =>
    withDirectory(async (directory) => {
      {
        await using kept = await keep(directory);
        kept.keeper.take([{
          kind: "put",
          path: "/no/parent",
          value: "",
          permissions: kept.store.core.view.top.permissions,
        }]);
      }
      const keeper = await Keeper.open(directory, { clock: eagerClock });
      const error = assertThrows(() => keeper.load(new TestStore().core), JournalError, "cannot restore the store: ");
      assertEquals(error.fault, "corrupt");
      await keeper.close();
    }));
});
