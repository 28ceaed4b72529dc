// The dispatcher: answers, persisting changes, and changes that cannot be persisted.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { handle } from "../../../src/daemon/operations/dispatch.ts";
import { Failure } from "../../../src/daemon/state/failure.ts";
import { toBytes } from "../../../src/daemon/tree/latin1.ts";
import { quotaNames } from "../../../src/daemon/tree/quotas.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { Operation } from "../../../src/wire/operations.ts";
import { bytes, shown } from "../../support/bytes.ts";
import { type Speaker, table, tableOf, within } from "../support.ts";

describe("handle()", () => {
  test(
    "handle() returns the answer that it queues",
    within(({ core, dom0, guest }) => {
      const ask = ({ connection }: Speaker, type: number, text: string): string => {
        const answer = handle(core, connection, { type, requestId: 1, transactionId: 0, payload: bytes(text) });
        return answer instanceof Failure ? answer.code : shown(toBytes(answer));
      };
      const five = guest(5);
      assertEquals([
        ask(dom0, Operation.INTRODUCE, "6|1|1|"),
        ask(dom0, Operation.READ, "/none|"),
        ask(five, 77, ""),
        ask(dom0, Operation.GET_DOMAIN_PATH, "7|"),
      ], ["OK|", "ENOENT", "ENOSYS", "/local/domain/7|"]);
      assertEquals(dom0.messages(), ["INTRODUCE OK|", "ERROR ENOENT|", "GET_DOMAIN_PATH /local/domain/7|"]);
      assertEquals(five.messages(), ["ERROR ENOSYS|"]);
    }),
  );
});

describe("the changes of a request", () => {
  test(
    "the changes of a request are persisted before its answer, and a request without changes persists nothing",
    () => {
      const told: string[] = [];
      const texts = (change: Change): string =>
        change.kind === "quota"
          ? `${change.domid} ${change.name} ${change.value}`
          : `${change.kind} ${change.kind === "forget" ? change.domid : change.path}`;
      within(({ dom0, guest, node }) => {
        const five = guest(5);
        node("/five", "n5");
        const t = five.begin();
        const { quotas } = five.connection.domain;
        const ownQuotas = quotaNames.map((name) => `5 ${name} ${name === "nodes" ? 8 : quotas.get(name)}`).sort();
        const rows = [
          [dom0, "READ", "/tool|", []],
          [dom0, "WRITE", "/a/b|x", ["put /a", "put /a/b"]],
          [dom0, "MKDIR", "/a|", []],
          [dom0, "SET_PERMS", "/a|n0|r5|", ["put /a"]],
          [dom0, "WRITE", "/a//|", []],
          [dom0, "RM", "/a/b|", ["remove /a/b"]],
          [t, "WRITE", "/five/x|1", []],
          [t, "RM", "/five|", []],
          [five, "WRITE", "/five/y|", ["put /five/y"]],
          [t, "TRANSACTION_END", "F|", []],
          [dom0, "SET_QUOTA", "nodes|7|", ["null nodes 7"]],
          // All quotas of the domain are persisted: the defaults may differ after a restart.
          [dom0, "SET_QUOTA", "5|nodes|8|", ownQuotas],
          [dom0, "CONTROL", "quota|set|nodes|9|", ["null nodes 9"]],
          [dom0, "RELEASE", "5|", ["forget 5", "put /a", "remove /five"]],
          [dom0, "RELEASE", "5|", []],
        ] as const;
        for (const [who, operation, payload, changes] of rows) {
          told.length = 0;
          who.ask(operation, payload);
          assertEquals([...told].sort(), [...changes], `${operation} ${payload}`);
        }
        const u = dom0.begin();
        tableOf(u, ["WRITE", "/c|", "OK|"], ["RM", "/a|", "OK|"]);
        told.length = 0;
        assertEquals([u.commit(), told], ["OK|", ["put /c", "remove /a"]]);
      }, { onChanges: (changes) => void told.push(...changes.map(texts)) })();
    },
  );

  test("a request is answered if the log throws, and the error is thrown again in a separate turn", () => {
    const fault = new Error("the disk of the log is full");
    const turns: (() => void)[] = [];
    const real = globalThis.queueMicrotask;
    globalThis.queueMicrotask = (turn) => void turns.push(turn);
    try {
      within(({ dom0 }) => tableOf(dom0, ["CONTROL", "print|x|", "OK|"], ["CONTROL", "log|on|", "OK|"]), {
        log: () => {
          throw fault;
        },
      })();
    } finally {
      globalThis.queueMicrotask = real;
    }
    assert(turns.length >= 3, `${turns.length} lines`);
    for (const turn of turns) assertEquals(assertThrows(turn), fault);
  });

  test(
    "a request whose changes cannot be persisted fails with EIO and changes nothing",
    () => {
      let full = false;
      within(({ dom0, guest, node, tree, audit }) => {
        const five = guest(5);
        node("/five", "n5");
        node("/zero", "n0", "r5");
        dom0.watch("@releaseDomain", "t");
        five.watch("/five", "t");
        tableOf(dom0, ["SET_QUOTA", "watches|9|", "OK|"], ["SET_QUOTA", "5|nodes|8|", "OK|"]);
        const before = tree();
        const t = dom0.begin();
        tableOf(t, ["WRITE", "/a|", "OK|"]);
        full = true;
        table(
          [dom0, "WRITE", "/b|", "EIO"],
          [five, "RM", "/five|", "EIO"],
          [dom0, "SET_QUOTA", "nodes|7|", "EIO"],
          [dom0, "SET_QUOTA", "watches|7|", "EIO"],
          [dom0, "SET_QUOTA", "5|nodes|7|", "EIO"],
          [dom0, "CONTROL", "quota|set|nodes|7|", "EIO"],
          [dom0, "RELEASE", "5|", "EIO"],
          [dom0, "READ", "/tool|", ""],
          [dom0, "WRITE", "/b//|", "EINVAL"],
          [t, "TRANSACTION_END", "T|", "EIO"],
          [dom0, "GET_QUOTA", "nodes|", "1000|"],
          [dom0, "GET_QUOTA", "watches|", "9|"],
          [dom0, "GET_QUOTA", "5|nodes|", "8|"],
          [dom0, "IS_DOMAIN_INTRODUCED", "5|", "T|"],
          [five, "READ", "/zero|", ""],
        );
        assertEquals([tree(), dom0.events()], [before, []]);
        audit();
        full = false;
        tableOf(dom0, ["WRITE", "/b|", "OK|"], ["RELEASE", "5|", "OK|"], ["READ", "/five|", "ENOENT"]);
        assertEquals(dom0.events(), [["@releaseDomain", "t"]]);
      }, {
        onChanges: () => {
          if (full) throw new Error("there is no room");
        },
      })();
    },
  );

  test(
    "a change that cannot be persisted leaves the tree and accounts untouched, and fires no watch",
    () => {
      let full = false;
      within(({ core, dom0, guest, node }) => {
        const five = guest(5);
        node("/five", "n5");
        tableOf(five, ["WRITE", "/five/a/b|value", "OK|"]);
        dom0.watch("/five", "t");
        const t = five.begin();
        tableOf(t, ["WRITE", "/five/c|", "OK|"]);
        const { top, usage } = core.view;
        // The same objects show that the accounts were not counted again, which would walk over all nodes.
        const accounts = [...usage];
        full = true;
        table(
          [five, "WRITE", "/five/a/b|other", "EIO"],
          [five, "WRITE", "/five/new/node|", "EIO"],
          [five, "RM", "/five/a|", "EIO"],
          [five, "SET_PERMS", "/five/a|n5|r6|", "EIO"],
          [t, "TRANSACTION_END", "T|", "EIO"],
          [dom0, "RELEASE", "5|", "EIO"],
        );
        full = false;
        assert(core.view.top === top);
        assertEquals(usage.size, accounts.length);
        for (const [domid, account] of accounts) assert(usage.get(domid) === account, `domain ${domid}`);
        assertEquals(dom0.events(), []);
      }, {
        onChanges: () => {
          if (full) throw new Error("there is no room");
        },
      })();
    },
  );
});
