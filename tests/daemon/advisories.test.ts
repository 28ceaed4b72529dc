// Tries the attacks of the security advisories for other daemons.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { endDomain } from "../../src/daemon/state/lifecycle.ts";
import type { StoreNode } from "../../src/daemon/tree/store_node.ts";
import { PAYLOAD_MAX } from "../../src/wire/header.ts";
import { type Asked, type Speaker, table, tableOf, type TestStore, type Transaction, within } from "./support.ts";

const OPERATIONS_ON_PATHS = ["READ", "DIRECTORY", "GET_PERMS", "MKDIR", "RM", "WRITE", "SET_PERMS", "WATCH"] as const;

/** The paths of the events that arrived. */
function paths(who: Speaker): string[] {
  return who.events().map(([path]) => path);
}

function nodesOf({ core }: TestStore, domid: number): number {
  return core.view.usageOf(domid).nodes;
}

/** A payload for an operation on a path. */
function payloadFor(operation: Asked, path: string): string {
  return { WRITE: `${path}|x`, SET_PERMS: `${path}|n0|`, WATCH: `${path}|t|` }[operation as string] ?? `${path}|`;
}

describe("watches and permissions", () => {
  test(
    "XSA-115: an event never names a node that its receiver may not read",
    within(({ dom0, guest, node }) => {
      node("/secret", "n0");
      const five = guest(5);
      for (const path of ["/", "/secret", "/secret/key"]) five.watch(path, path);
      const t = dom0.begin();
      table(
        [dom0, "WRITE", "/secret/key|value", "OK|"],
        [dom0, "SET_PERMS", "/secret/key|n6|", "OK|"],
        [dom0, "RM", "/secret/key|", "OK|"],
        [t, "WRITE", "/secret/other|x", "OK|"],
        [t, "RM", "/secret|", "OK|"],
        [t, "WRITE", "/secret|x", "OK|"],
        [t, "TRANSACTION_END", "T|", "OK|"],
        [dom0, "RM", "/secret|", "OK|"],
      );
      assertEquals(five.events(), []);
    }),
  );

  test(
    "XSA-115: an event needs read access before or after the change of permissions",
    within(({ dom0, guest, node }) => {
      node("/a", "n0");
      const five = guest(5);
      five.watch("/a", "t");
      for (const [permissions, told] of [["r0", 1], ["n0", 1], ["n0", 0], ["r0", 1]] as const) {
        tableOf(dom0, ["SET_PERMS", `/a|${permissions}|`, "OK|"]);
        assertEquals(five.events().length, told, permissions);
      }
      tableOf(dom0, ["RM", "/a|", "OK|"]);
      assertEquals(paths(five), ["/a"]);
    }),
  );

  test(
    "XSA-115: an event of a special node needs read access to that special node, not to the root",
    within(({ dom0, guest, node, tell }) => {
      node("/", "r0");
      const five = guest(5);
      five.watch("@introduceDomain", "plain");
      five.watch("@introduceDomain", "numbered", 1);
      five.watch("@introduceDomain/6", "six");
      five.watch("@releaseDomain", "t");
      tell("INTRODUCE", "6|1|1|");
      tell("RELEASE", "6|");
      assertEquals(five.events(), [["@releaseDomain", "t"]]);
      table([five, "IS_DOMAIN_INTRODUCED", "5|", "EACCES"], [dom0, "SET_PERMS", "@releaseDomain|n0|", "OK|"]);
      tell("INTRODUCE", "6|1|1|");
      tell("RELEASE", "6|");
      assertEquals(five.events(), []);
    }),
  );

  test(
    "XSA-115: WATCH and UNWATCH ignore the transaction id, whether it is open or unknown",
    within(({ guest }) => {
      const five = guest(5);
      const t = five.begin();
      assertEquals(five.ask("WATCH", "/a|t|", 77), "OK|");
      assertEquals(t.ask("WATCH", "/a|u|"), "OK|");
      assertEquals(t.abort(), "OK|");
      assertEquals(five.ask("UNWATCH", "/a|u|", t.id), "OK|");
      tableOf(five, ["UNWATCH", "/a|t|", "OK|"]);
    }),
  );

  test(
    "XSA-115: the removal of nodes over quota is counted",
    within((store) => {
      const { dom0, guest, node, tell } = store;
      node("/five", "n5");
      const five = guest(5);
      tell("SET_QUOTA", "5|nodes|2|");
      for (let i = 0; i < 5; i++) node(`/five/${i}`);
      assertEquals(nodesOf(store, 5), 6);
      for (let i = 0; i < 4; i++) tableOf(five, ["MKDIR", "/five/own|", "ENOSPC"], ["RM", `/five/${i}|`, "OK|"]);
      tableOf(five, ["MKDIR", "/five/own|", "ENOSPC"], ["RM", "/five/4|", "OK|"], ["MKDIR", "/five/own|", "OK|"]);
      tableOf(dom0, ["RM", "/five|", "OK|"]);
      assertEquals(nodesOf(store, 5), 0);
    }),
  );

  for (const advisory of ["XSA-330", "XSA-484"]) {
    test(
      `${advisory}: RESET_WATCHES removes every watch from the index, also within a transaction`,
      within(({ core, dom0, guest, node }) => {
        node("/a", "b0");
        const five = guest(5);
        for (let round = 0; round < 3; round++) {
          for (const path of ["/a", "/a/b", "/", "@releaseDomain", "rel"]) five.watch(path, "t");
          const t = five.begin();
          tableOf(
            t,
            ["WRITE", "/a/b|x", "OK|"],
            ["RM", "/a|", "OK|"],
            ["RESET_WATCHES", "", "OK|"],
            ["READ", "/a|", "ENOENT"],
          );
          for (const path of ["/a", "/a/b", "/", "@releaseDomain", "/local/domain/5/rel"]) {
            assertEquals(core.events.trie.at(path), []);
          }
          tableOf(dom0, ["WRITE", "/a/b|", "OK|"], ["RM", "/a/b|", "OK|"]);
          assertEquals(five.events(), []);
          const { watches, bytes, transactions } = five.connection.domain;
          assertEquals([watches, bytes, transactions], [0, 0, 0]);
        }
      }),
    );
  }

  for (const advisory of ["XSA-322", "XSA-417"]) {
    const alive = new Set([5, 7]);
    const options = { domainExists: (domid: number) => alive.has(domid) };
    /** Releases domain 7, and introduces another domain with its number. */
    const replaced = ({ core, guest }: TestStore): Speaker => {
      alive.delete(7);
      const gone = core.domains.get(7);
      if (gone !== undefined) endDomain(core, gone);
      alive.add(7);
      return guest(7);
    };

    test(
      `${advisory}: a new domain does not inherit the rights of the former domain with its number`,
      within((store) => {
        const { dom0, guest, node } = store;
        guest(7);
        node("/granted", "n0", "b7");
        node("/denied", "r0", "n7");
        node("/listed", "n5", "b7", "b7");
        node("/owned/below", "n7");
        node("/owned", "n0");
        const seven = replaced(store);
        table(
          [seven, "READ", "/granted|", "EACCES"],
          [seven, "WRITE", "/granted|", "EACCES"],
          [seven, "READ", "/denied|", ""],
          [seven, "READ", "/listed|", "EACCES"],
          [dom0, "READ", "/owned/below|", "ENOENT"],
          [dom0, "GET_PERMS", "/granted|", "n0|"],
          [dom0, "GET_PERMS", "/listed|", "n5|"],
        );
      }, options),
    );

    test(
      `${advisory}: a transaction that is committed after a domain's end grants its successor nothing`,
      within((store) => {
        const { dom0, guest, node } = store;
        guest(7);
        node("/five", "n5");
        const [grants, gives, own] = [dom0.begin(), dom0.begin(), guest(5).begin()];
        table(
          [grants, "SET_PERMS", "/tool|n0|b7|", "OK|"],
          [gives, "SET_PERMS", "/local|n7|", "OK|"],
          [own, "SET_PERMS", "/five|n5|b7|", "OK|"],
        );
        alive.delete(7);
        const gone = store.core.domains.get(7);
        assert(gone !== undefined);
        endDomain(store.core, gone);
        assertEquals([grants.commit(), gives.commit(), own.commit()], ["OK|", "EAGAIN", "OK|"]);
        alive.add(7);
        const seven = guest(7);
        for (const path of ["/tool", "/local", "/five"]) tableOf(seven, ["READ", `${path}|`, "EACCES"]);
      }, options),
    );

    test(
      `${advisory}: rights that were set while a domain did not exist are not granted to it`,
      within((store) => {
        const { guest, node } = store;
        alive.delete(7);
        node("/early", "n0", "b7");
        node("/early/below");
        alive.add(7);
        for (const path of ["/early", "/early/below"]) tableOf(guest(7), ["READ", `${path}|`, "EACCES"]);
        alive.delete(7);
      }, options),
    );
  }

  test(
    "XSA-352: only domain 0 may change a node's owner, whatever the rights and the target of a guest",
    within(({ dom0, guest, node, tell }) => {
      node("/a", "n5", "b6");
      const [five, six] = [guest(5), guest(6)];
      tell("SET_TARGET", "6|5|");
      for (const who of [five, six]) {
        for (const owner of [0, 6, 7, 32757]) tableOf(who, ["SET_PERMS", `/a|n${owner}|`, "EPERM"]);
      }
      tableOf(five.begin(), ["SET_PERMS", "/a|n6|", "EPERM"]);
      tableOf(dom0, ["GET_PERMS", "/a|", "n5|b6|"]);
    }),
  );

  test(
    "XSA-353: the permissions of the root are enforced",
    within(({ dom0, guest }) => {
      const five = guest(5);
      const denied = [
        ["READ", "/|"],
        ["DIRECTORY", "/|"],
        ["DIRECTORY_PART", "/|0|"],
        ["GET_PERMS", "/|"],
        ["WRITE", "/|x"],
        ["MKDIR", "/|"],
        ["MKDIR", "/a|"],
        ["WRITE", "/a/b|x"],
        ["RM", "/|"],
        ["RM", "/tool|"],
        ["SET_PERMS", "/|b0|"],
        ["SET_PERMS", "/|n5|"],
      ] as const;
      const t = five.begin();
      for (const [operation, payload] of denied) {
        table([five, operation, payload, "EACCES"], [t, operation, payload, "EACCES"]);
      }
      tableOf(dom0, ["GET_PERMS", "/|", "n0|"], ["DIRECTORY", "/|", "tool|local|"]);
    }),
  );
});

describe("input", () => {
  test(
    "XSA-72: a reply that exceeds a message becomes E2BIG, and the next reply is well-formed",
    within(({ dom0, node }) => {
      for (let i = 0; i < 300; i++) node(`/a/${"n".repeat(20)}${i}`);
      const list = Array.from({ length: 330 }, () => "r0x80000000").join("|");
      const t = dom0.begin();
      for (const who of [dom0, t]) {
        tableOf(
          who,
          ["DIRECTORY", "/a|", "E2BIG"],
          ["SET_PERMS", `/a|n0|${list}|`, "OK|"],
          ["GET_PERMS", "/a|", "E2BIG"],
          ["READ", "/a|", ""],
        );
        assert(who.ask("DIRECTORY_PART", "/a|0|").length <= PAYLOAD_MAX);
      }
    }),
  );

  test(
    "XSA-323: every operation rejects an invalid path with EINVAL",
    within(({ dom0, guest, tree }) => {
      const before = tree();
      for (const who of [dom0, guest(5), guest(5).begin()]) {
        for (const path of ["", "//", "/a/", "a//b", "/\x01", "/\xff", "/a b", "/..", "@a/", "@a b", "/@a//"]) {
          for (const operation of OPERATIONS_ON_PATHS) {
            assertEquals(who.ask(operation, payloadFor(operation, path)), "EINVAL", `${operation} "${path}"`);
          }
        }
      }
      assertEquals(tree(), before);
      tableOf(dom0, ["INTRODUCE", "5/|1|1|", "EINVAL"], ["INTRODUCE", "-5|1|1|", "EINVAL"]);
    }),
  );

  test(
    "XSA-324: an event that exceeds a message is left out, and the write that causes it succeeds",
    within(({ dom0, guest, node }) => {
      node("/open", "b0");
      const five = guest(5);
      const long = "t".repeat(PAYLOAD_MAX - "/open".length - 2);
      five.watch("/open", long);
      five.watch("/open", "t");
      const t = guest(6).begin();
      const path = `/open/${"x".repeat(1000)}/${"y".repeat(1000)}`;
      table(
        [dom0, "WRITE", `${path}|x`, "OK|"],
        [t, "WRITE", "/open/z|", "OK|"],
        [t, "TRANSACTION_END", "T|", "OK|"],
      );
      assertEquals(five.events(), [[path, "t"], ["/open/z", "t"]]);
      table([dom0, "RM", `${path}|`, "OK|"], [dom0, "RM", "/open|", "OK|"]);
      assertEquals(five.events(), [[path, "t"], ["/open", long], ["/open", "t"]]);
    }),
  );

  test(
    "XSA-325: a dropped connection immediately loses its watches, transactions and outbox",
    within((store) => {
      const { core, dom0, node, tell } = store;
      node("/a", "b0");
      const five = store.guest(5);
      five.watch("/a", "t");
      const t = five.begin();
      t.ask("WRITE", "/a/b|");
      for (let i = 0; i < 3; i++) dom0.ask("WRITE", `/a/${i}|`);
      five.connection.outbox.blocked = true;
      tell("INTRODUCE", "5|1|1|");
      assertEquals([core.connections.has(five.connection.id), five.connection.outbox.length], [false, 0]);
      tableOf(dom0, ["WRITE", "/a|", "OK|"]);
      assertEquals([five.connection.outbox.length, five.connection.transactions.size], [0, 0]);
    }),
  );

  test(
    "XSA-420: an offset outside the list gives no child, and an invalid depth is rejected with EINVAL",
    within(({ dom0, node }) => {
      for (const name of ["a", "b", "c"]) node(`/list/${name}`);
      const [number] = dom0.ask("DIRECTORY_PART", "/list|0|").split("|");
      const beyond = [
        "6",
        "7",
        "-1",
        "-2147483648",
        "2147483647",
        "4294967295",
        "9223372036854775807",
        "99999999999999999999",
      ];
      for (const offset of beyond) assertEquals(dom0.ask("DIRECTORY_PART", `/list|${offset}|`), `${number}||`, offset);
      for (const offset of ["0", "-0", "", "4294967296", "-99999999999999999999"]) {
        assertEquals(dom0.ask("DIRECTORY_PART", `/list|${offset}|`), `${number}|a|b|c||`, offset);
      }
      for (const depth of ["-1", "-2147483648", "2147483648", "4294967295", "9223372036854775807"]) {
        assertEquals(dom0.ask("WATCH", `/a|t|${depth}|`), "EINVAL", depth);
      }
    }),
  );

  test(
    "XSA-481: every operation rejects a path under /local/domain/ that ends with a slash",
    within(({ dom0, guest }) => {
      for (const who of [dom0, guest(5)]) {
        for (const path of ["/local/domain/", "/local/domain/5/", "/local/domain//", "/local/domain/5//", "/"]) {
          for (const operation of OPERATIONS_ON_PATHS) {
            const answer = who.ask(operation, payloadFor(operation, path));
            assertEquals(
              answer === "EINVAL",
              path !== "/" || (operation === "RM" && who === dom0),
              `${operation} ${path}`,
            );
          }
        }
      }
    }),
  );
});

describe("resources", () => {
  test(
    "XSA-206: a guest that writes without pause does not keep transactions of others from committing",
    within((store) => {
      const { core, dom0, guest, node } = store;
      node("/five", "n5");
      const five = guest(5);
      const t = dom0.begin();
      let written = 0;
      while (core.holdOf(five.connection) === 0) tableOf(five, ["WRITE", `/five|${written++}`, "OK|"]);
      assert(written < 1100, `${written}`);
      tableOf(t, ["WRITE", "/zero|", "OK|"], ["TRANSACTION_END", "T|", "OK|"]);
    }),
  );

  test(
    "XSA-272: a request that fails its checks changes nothing",
    within((store) => {
      const { guest, node, tell, tree } = store;
      node("/five", "n5");
      node("/open", "b0");
      const five = guest(5);
      tell("SET_QUOTA", "5|nodes|3|");
      tell("SET_QUOTA", "5|node-permissions|2|");
      const t = five.begin();
      for (const who of [five, t]) {
        tableOf(who, ["WRITE", "/five/a|", "OK|"]);
        const before = [tree(), nodesOf(store, 5)];
        tableOf(
          who,
          ["SET_PERMS", "/five|n5|r1|r2|", "ENOSPC"],
          ["SET_PERMS", "/open|n5|r1|r2|", "ENOSPC"],
          ["SET_PERMS", "/open|n5|", "EACCES"],
          ["SET_PERMS", "/five|n6|", "EPERM"],
          ["SET_PERMS", "/five|n5|x|", "EINVAL"],
          ["WRITE", "/open/b/c|", "ENOSPC"],
        );
        assertEquals([tree(), nodesOf(store, 5)], before);
      }
    }),
  );

  test(
    "XSA-326: the memory that a guest can use is bounded",
    within((store) => {
      const { core, dom0, guest, node } = store;
      node("/five", "n5");
      const five = guest(5);
      const used = (): number => core.view.usageOf(5).bytes + five.connection.domain.bytes;
      const limit = 2_621_440;
      const long = (i: number): string => `${"p".repeat(1900)}${i}`;
      // Watches, transactions, their recorded requests and nodes.
      for (let i = 0; i < 200; i++) five.ask("WATCH", `/five/${long(i)}|${"t".repeat(2000)}|`);
      for (let i = 0; i < 50; i++) five.ask("TRANSACTION_START");
      assertEquals([five.connection.watches.size, five.connection.transactions.size], [128, 10]);
      let [requests, answer] = [0, ""];
      for (const id of five.connection.transactions.keys()) {
        for (let i = 0; i < 1500 && answer !== "ENOMEM"; i++, requests++) {
          five.ask("WRITE", `/five/${i % 900}|${"v".repeat(1000)}`, id);
          // A failed request is recorded and counted, too.
          answer = five.ask("READ", `/five/${long(i)}|`, id);
        }
      }
      assertEquals(answer, "ENOMEM");
      assert(requests < 3000 && used() <= limit, `${requests}, ${used()}`);
      tableOf(five, ["WRITE", `/five/more|${"v".repeat(2000)}`, "ENOMEM"]);
      // Events that the guest does not read.
      five.connection.outbox.blocked = true;
      five.receive();
      for (let i = 0; i < 3000; i++) dom0.ask("WRITE", `/five/${i}|`);
      assert(five.connection.outbox.length < limit);
      tableOf(five, ["RESET_WATCHES", "", "OK|"]);
      assertEquals(five.connection.domain.bytes, 0);
    }),
  );

  test(
    "XSA-326: a guest waits for the events that it causes, and equal pending events are queued once",
    within((store) => {
      const { core, guest, node, open } = store;
      node("/five", "n5");
      const five = guest(5);
      const slow = open();
      slow.watch("/five", "t");
      slow.connection.outbox.blocked = true;
      for (let i = 0; i < 1000; i++) five.ask("WRITE", "/five|x");
      assertEquals(slow.connection.outbox.length, 16 + "/five|t|".length);
      let count = 0;
      for (; core.holdOf(five.connection) === 0; count++) five.ask("WRITE", `/five/${count}|`);
      assertEquals(count, 19);
      slow.connection.outbox.blocked = false;
      slow.receive();
      assertEquals(core.holdOf(five.connection), 0);
    }),
  );

  test(
    "XSA-326: a transaction that accesses too many nodes fails, also by removing a tree",
    within((store) => {
      const { dom0, guest, node, tree } = store;
      node("/five", "n5");
      for (let i = 0; i < 1100; i++) node(`/five/${i % 30}/${i}`);
      const five = guest(5);
      const t = five.begin();
      const before = tree();
      tableOf(t, ["RM", "/five|", "ENOSPC"], ["READ", "/five|", ""], ["TRANSACTION_END", "T|", "ENOMEM"]);
      assertEquals(tree(), before);
      tableOf(five, ["RM", "/five|", "OK|"]);
      tableOf(dom0, ["READ", "/five/1/1|", "ENOENT"]);
    }),
  );

  test(
    "XSA-326: a transaction accounts for its changes, not only for its requests",
    within((store) => {
      const { core, guest, node } = store;
      node("/five", "n5");
      const five = guest(5);
      const t = five.begin();
      const deep = `/five${"/a".repeat(900)}`;
      let rounds = 0;
      while (t.ask("MKDIR", `${deep}|`) === "OK|") {
        tableOf(t, ["RM", "/five/a|", "OK|"]);
        assert(++rounds < 100, "the transaction grows without a limit");
      }
      assert(core.view.changes.length === 0 && five.connection.domain.bytes > 2_000_000);
      assertEquals([t.commit(), five.connection.domain.bytes, nodesOf(store, 5)], ["ENOMEM", 0, 1]);
    }),
  );

  test(
    "XSA-326: permissions that name changing domains leave no unused account",
    within((store) => {
      const { core, guest, node } = store;
      node("/five", "n5");
      const five = guest(5);
      const known = core.view.usage.size;
      const name = (who: Speaker | Transaction, i: number): void => {
        tableOf(who, ["SET_PERMS", `/five|n5|r${1000 + i}|r${2000 + i}|w-${3000 + i}|`, "OK|"]);
      };
      for (let i = 0; i < 300; i++) name(five, i);
      assertEquals(core.view.usage.size, known + 3);
      for (let round = 0; round < 5; round++) {
        const t = five.begin();
        for (let i = 0; i < 50; i++) name(t, 100 * round + i);
        assertEquals([t.commit(), core.view.usage.size], ["OK|", known + 3]);
      }
      tableOf(five, ["SET_PERMS", "/five|n5|", "OK|"]);
      assertEquals(core.view.usage.size, known);
      tableOf(five, ["RM", "/five|", "OK|"]);
      assertEquals(core.view.usage.size, known - 1);
    }),
  );

  test(
    "XSA-416: a request's memory is freed with its answer, a transaction's memory with its end",
    within(({ core, guest, node }) => {
      node("/five", "n5");
      const five = guest(5);
      const { domain } = five.connection;
      for (let i = 0; i < 200; i++) {
        five.ask("READ", "/five|");
        const t = five.begin();
        t.ask("WRITE", `/five|${"v".repeat(2000)}`);
        t.ask("READ", "/five|");
        assert(domain.bytes > 4000);
        if (i % 2 === 0) t.commit();
        else t.abort();
        assertEquals([domain.bytes, domain.transactions, core.limiter.open], [0, 0, 0]);
      }
    }),
  );

  test(
    "XSA-419: no node and no account of a released domain remains",
    within((store) => {
      const { core, guest, node, tell, tree } = store;
      const before = tree();
      for (let round = 0; round < 5; round++) {
        node("/local/domain/5", "n5");
        node("/shared", "w0");
        const five = guest(5);
        for (let i = 0; i < 100; i++) {
          tableOf(five, ["WRITE", `a/${i}/b|x`, "OK|"], ["WRITE", `/shared/${i}/b|x`, "OK|"]);
        }
        tell("RELEASE", "5|");
        tell("RM", "/shared|");
        assertEquals(tree(), before);
        assertEquals([nodesOf(store, 5), core.view.usageOf(5).bytes, core.domains.size], [0, 0, 1]);
      }
    }),
  );

  test(
    "XSA-440: a transaction whose node count falls below zero commits correctly",
    within((store) => {
      const { dom0, guest, node } = store;
      node("/five", "n5");
      node("/five/a/b");
      const five = guest(5);
      const t = dom0.begin();
      const own = five.begin();
      table(
        [t, "RM", "/five|", "OK|"],
        [t, "MKDIR", "/five|", "OK|"],
        [own, "RM", "/five/a|", "OK|"],
        [own, "RM", "/five|", "OK|"],
        [own, "WRITE", "/five|", "EACCES"],
        [five, "RM", "/five/a/b|", "OK|"],
        [five, "MKDIR", "/five/c|", "OK|"],
        [t, "SET_PERMS", "/five|n0|w5|", "OK|"],
        [t, "TRANSACTION_END", "T|", "OK|"],
        // The answers would still be the same.
        [own, "TRANSACTION_END", "T|", "OK|"],
        [dom0, "READ", "/five|", "ENOENT"],
      );
      assertEquals(nodesOf(store, 5), 0);
      node("/five", "n0", "w5");
      tableOf(five, ["MKDIR", "/five/d/e|", "OK|"]);
      assertEquals(nodesOf(store, 5), 2);
    }),
  );

  test(
    "XSA-483: the accounts of nodes and watches stay right after RESET_WATCHES and INTRODUCE",
    within((store) => {
      const { core, guest, node, tell } = store;
      node("/five", "n5");
      tell("SET_QUOTA", "5|nodes|10|");
      tell("SET_QUOTA", "5|watches|4|");
      for (let round = 0; round < 6; round++) {
        const [five, sibling] = [guest(5), guest(5)];
        sibling.watch("/five", "kept");
        for (let i = 0; i < 3; i++) five.watch("/five", `${i}`);
        table([five, "WATCH", "/five|more|", "ENOSPC"], [five, "RESET_WATCHES", "", "OK|"]);
        assertEquals(five.connection.domain.watches, 1);
        five.ask("MKDIR", `/five/${round}|`);
        five.ask("MKDIR", `/five/${round}/x|`);
        assertEquals(nodesOf(store, 5), Math.min(10, 1 + 2 * (round + 1)));
        tell("INTRODUCE", "5|1|1|");
        assertEquals([core.introduced(5)?.watches, core.introduced(5)?.transactions], [0, 0]);
        store.audit();
      }
      tableOf(guest(5), ["MKDIR", "/five/more|", "ENOSPC"]);
    }),
  );
});

describe("transactions and structure", () => {
  for (const advisory of ["XSA-414", "XSA-415"]) {
    test(
      `${advisory}: a WRITE that fails creates none of the missing parents`,
      within((store) => {
        const { guest, node, tell, tree } = store;
        node("/five", "n5");
        const five = guest(5);
        const left = (): unknown[] => [tree(), nodesOf(store, 5), store.core.view.usageOf(5).bytes];
        const before = left();
        const quotas = [["nodes|3", "ENOSPC"], ["memory|100", "ENOMEM"], ["node-size|40", "ENOSPC"]] as const;
        for (const [quota, failure] of quotas) {
          tell("SET_QUOTA", `5|${quota}|`);
          const t = five.begin();
          for (const who of [five, t]) {
            tableOf(who, ["WRITE", `/five/a/b/c|${"v".repeat(20)}`, failure]);
            if (quota.startsWith("memory") && who === t) continue;
            tableOf(who, ["DIRECTORY", "/five|", ""], ["READ", "/five/a|", "ENOENT"]);
          }
          assertEquals([t.commit(), ...left()], ["ENOMEM", ...before]);
          tell("SET_QUOTA", `5|${quota.split("|")[0]}|0|`);
          store.audit();
        }
      }),
    );
  }

  test(
    "XSA-421: nodes that a transaction creates and removes leave no trace in the tree or the accounts",
    within((store) => {
      const { dom0, guest, node, tree } = store;
      node("/five", "n5");
      const five = guest(5);
      dom0.watch("/", "t");
      const before = [tree(), nodesOf(store, 5)];
      for (let round = 0; round < 20; round++) {
        const t = five.begin();
        for (let i = 0; i < 10; i++) tableOf(t, ["WRITE", `/five/a/${i}/b|x`, "OK|"], ["RM", "/five/a|", "OK|"]);
        if (round % 2 === 1) tableOf(dom0, ["WRITE", "/tool|", "OK|"]);
        assertEquals([t.commit(), tree(), nodesOf(store, 5)], ["OK|", ...before]);
      }
      assertEquals(paths(dom0), Array.from({ length: 10 }, () => "/tool"));
    }),
  );

  test(
    "XSA-421: a failed commit changes nothing",
    within((store) => {
      const { dom0, guest, node, tell, tree } = store;
      node("/five", "n5");
      const five = guest(5);
      const failing: Record<string, (t: Transaction) => void> = {
        EAGAIN: (t) => {
          t.ask("READ", "/five/a|");
          tell("WRITE", "/five/a|x");
        },
        ENOMEM: (t) => {
          assertEquals(t.ask("WRITE", `/five|${"v".repeat(3000)}`), "ENOSPC");
        },
        ENOSPC: () => void tell("SET_QUOTA", "5|nodes|2|"),
      };
      for (const [failure, provoke] of Object.entries(failing)) {
        const t = five.begin();
        tableOf(t, ["WRITE", "/five/b/c|", "OK|"], ["SET_PERMS", "/five|n5|r6|", "OK|"]);
        provoke(t);
        const before = tree();
        dom0.events();
        assertEquals([t.commit(), tree(), dom0.events()], [failure, before, []]);
      }
    }),
  );

  test(
    "XSA-233: a connection can be detached twice, also while it is being detached",
    within(({ core, dom0, guest, open, tell }) => {
      const [five, other] = [guest(5), open(5)];
      for (const who of [five, other]) {
        who.watch("/tool", "t");
        who.begin();
        who.connection.onDropped = () => {
          core.detach(five.connection);
          core.detach(other.connection);
        };
      }
      tell("RELEASE", "5|");
      for (const { connection } of [five, other, dom0, dom0]) core.detach(connection);
      assertEquals([core.limiter.open, core.events.trie.at("/tool")], [0, []]);
    }),
  );

  test(
    "XSA-425: RESET_WATCHES succeeds on a connection with many watches and transactions",
    within(({ core, dom0, node }) => {
      node("/a");
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 500; i++) dom0.watch(`/a/${i % 7}`, `${i}`);
        const all = Array.from({ length: 100 }, () => dom0.begin());
        for (const t of all) t.ask("WRITE", "/a|");
        assertEquals(all[round * 10]?.ask("RESET_WATCHES"), "OK|");
        assertEquals([dom0.connection.watches.size, dom0.connection.transactions.size, core.limiter.open], [0, 0, 0]);
      }
    }),
  );

  describe("XSA-418: a tree of the greatest depth", () => {
    const DEPTH = 1000;
    const deepest = "/a".repeat(DEPTH);

    /** The depth of the tree. */
    function depthOf({ core }: TestStore): number {
      let depth = 0;
      for (let node: StoreNode | undefined = core.view.get("/a"); node !== undefined; depth++) {
        node = node.children.get("a");
      }
      return depth;
    }

    test(
      "the deepest path can be created, listed and removed",
      within((store) => {
        const { dom0 } = store;
        dom0.watch(deepest, "deepest");
        dom0.watch("/a/a", "upper");
        tableOf(
          dom0,
          ["WRITE", `${deepest}|x`, "OK|"],
          ["READ", `${deepest}|`, "x"],
          ["DIRECTORY", `${deepest.slice(2)}|`, "a|"],
        );
        assertEquals(depthOf(store), DEPTH);
        assertEquals(dom0.events(), [[deepest, "deepest"], [deepest, "upper"]]);
        store.audit();
        tableOf(dom0, ["RM", "/a|", "OK|"]);
        assertEquals([depthOf(store), dom0.events()], [0, [[deepest, "deepest"], ["/a/a", "upper"]]]);
      }),
    );

    test(
      "a transaction can create, change and remove the deepest path",
      within((store) => {
        const { dom0, node } = store;
        dom0.watch(deepest, "t");
        for (const again of [false, true]) {
          const t = dom0.begin();
          tableOf(
            t,
            ["MKDIR", `${deepest}|`, "OK|"],
            ["SET_PERMS", `${deepest}|b0|`, "OK|"],
            ["DIRECTORY", `${deepest}|`, ""],
          );
          if (again) node("/b");
          assertEquals([t.commit(), depthOf(store), paths(dom0)], ["OK|", DEPTH, [deepest]]);
          const u = dom0.begin();
          tableOf(u, ["RM", "/a|", "OK|"], ["READ", `${deepest}|`, "ENOENT"]);
          if (again) node("/c");
          assertEquals([u.commit(), depthOf(store), paths(dom0)], ["OK|", 0, [deepest]]);
        }
      }),
    );

    test(
      "a guest can create the deepest path within its quota, and gets ENOENT or EACCES below it",
      within((store) => {
        const { dom0, guest, node } = store;
        node("/a", "n5");
        const five = guest(5);
        store.tell("SET_QUOTA", "5|nodes|999|");
        tableOf(
          five,
          ["WRITE", `${deepest}|`, "ENOSPC"],
          ["WRITE", `${"/a".repeat(999)}|`, "OK|"],
          ["MKDIR", `${deepest}|`, "ENOSPC"],
        );
        store.tell("SET_QUOTA", "5|nodes|1000|");
        tableOf(five, ["WRITE", `${deepest}|x`, "OK|"], ["READ", `${deepest}/b|`, "ENOENT"], ["RM", "/a/a|", "OK|"]);
        tableOf(dom0, ["DIRECTORY", "/a|", ""]);
        tableOf(five, ["RM", `${deepest}|`, "ENOENT"], ["READ", `${deepest.replaceAll("a", "b")}|`, "EACCES"]);
      }),
    );

    test(
      "the deepest path can be released with its owner or with a domain in its permissions",
      within((store) => {
        const { dom0, guest, node, tell } = store;
        guest(5);
        guest(6);
        node("/a", "n0", "r6");
        node(deepest, "n5", "r6");
        dom0.watch(deepest, "deepest");
        dom0.watch("/a", "upper");
        tell("RELEASE", "6|");
        tableOf(dom0, ["GET_PERMS", `${deepest}|`, "n5|"], ["GET_PERMS", "/a/a/a|", "n0|"]);
        assertEquals([depthOf(store), dom0.events()], [DEPTH, []]);
        tell("RELEASE", "5|");
        assertEquals([depthOf(store), paths(dom0)], [DEPTH - 1, [deepest, deepest]]);
        node("/a", "n7");
        node("/a/a", "n7");
        guest(7);
        tell("RELEASE", "7|");
        assertEquals(depthOf(store), 0);
      }),
    );
  });
});

describe("lessons of oxenstored", () => {
  test(
    "a transaction that only reads never conflicts (b2a4105820)",
    within(({ dom0, open, tell }) => {
      for (const path of ["/", "/tool", "/none", "/local/domain"]) {
        const t = open().begin();
        for (const operation of ["READ", "DIRECTORY", "GET_PERMS"] as const) t.ask(operation, `${path}|`);
        tell("WRITE", "/none|x");
        tell("WRITE", "/tool|y");
        tell("RM", "/none|");
        assertEquals(t.commit(), "OK|");
      }
      tableOf(dom0, ["READ", "/tool|", "y"]);
    }),
  );

  test(
    "a committed MKDIR recreates a node that was removed in between (45dee7d92b)",
    within(({ dom0, node, tree }) => {
      node("/a");
      const t = dom0.begin();
      tableOf(t, ["MKDIR", "/a|", "OK|"], ["WRITE", "/a/b|x", "OK|"], ["MKDIR", "/c|", "OK|"]);
      tableOf(dom0, ["RM", "/a|", "OK|"], ["WRITE", "/c|y", "OK|"], ["TRANSACTION_END", "F|", "ENOENT"]);
      assertEquals(t.commit(), "OK|");
      assertEquals([...tree("/a"), ...tree("/c")], ["/a= n0", "/a/b=x n0", "/c=y n0"]);
    }),
  );

  test(
    "transaction ids wrap, and skip ids in use (0897514b4b)",
    within(({ guest }) => {
      const five = guest(5);
      five.connection.nextTransactionId = 0xfffffffe;
      const ids = Array.from({ length: 6 }, () => five.begin().id);
      assertEquals(ids, [0xfffffffe, 0xffffffff, 1, 2, 3, 4]);
      five.connection.nextTransactionId = 0xfffffffe;
      assertEquals([five.begin().id, five.begin().id], [5, 6]);
    }),
  );

  test(
    "a commit counts the nodes of the transaction and of others together (f9cff088f4)",
    within((store) => {
      const { guest, node, tell } = store;
      node("/five", "n5");
      const five = guest(5);
      tell("SET_QUOTA", "5|nodes|6|");
      const [t, u, v] = [five.begin(), five.begin(), five.begin()];
      table(
        [t, "WRITE", "/five/t/t|", "OK|"],
        [u, "WRITE", "/five/u/u|", "OK|"],
        [v, "WRITE", "/five/v/v|", "OK|"],
        [five, "MKDIR", "/five/own|", "OK|"],
        [t, "TRANSACTION_END", "T|", "OK|"],
        [u, "TRANSACTION_END", "T|", "OK|"],
      );
      assertEquals(nodesOf(store, 5), 6);
      // A repeated commit would get ENOSPC.
      table([v, "TRANSACTION_END", "T|", "EAGAIN"], [five, "MKDIR", "/five/v|", "ENOSPC"]);
      assertEquals(nodesOf(store, 5), 6);
    }),
  );
});
