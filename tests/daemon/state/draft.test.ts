// What a change costs that cannot be persisted.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Children, noChildren } from "../../../src/daemon/tree/children.ts";
import type { Child } from "../../../src/daemon/tree/children_trie.ts";
import { type Edit, frozenEdit } from "../../../src/daemon/tree/owner.ts";
import { tableOf, within } from "../support.ts";

/** Runs a function, and returns how many nodes it listed or looked for among the children of others. */
function visits(run: () => void): number {
  const edit = frozenEdit();
  let large = noChildren();
  for (let i = 0; i < 100; i++) {
    large = large.put({ name: `${i}`, order: i, isNamed: (name) => name === `${i}` }, edit);
  }
  let count = 0;
  const restore: (() => void)[] = [];
  for (const sample of [noChildren(), large]) {
    const prototype: Children<Child> = Object.getPrototypeOf(sample);
    const { list, get, put } = prototype;
    prototype.list = function (): readonly Child[] {
      const children = list.call(this);
      count += children.length;
      return children;
    };
    prototype.get = function (name: string): Child | undefined {
      count++;
      return get.call(this, name);
    };
    prototype.put = function (child: Child, edit: Edit): Children<Child> {
      count++;
      return put.call(this, child, edit);
    };
    restore.push(() => Object.assign(prototype, { list, get, put }));
  }
  try {
    run();
  } finally {
    for (const undo of restore) undo();
  }
  return count;
}

describe("a change that cannot be persisted", () => {
  const full = { isFull: false };
  test(
    "costs a guest's request no more visits of nodes than the change itself, however large the store is",
    within(({ core, dom0, guest, node, tree }) => {
      full.isFull = false;
      node("/five", "n5");
      const five = guest(5);
      for (let i = 0; i < 100; i++) tableOf(dom0, ["WRITE", `/many/${i % 10}/${i}|`, "OK|"]);
      const requests = [["WRITE", "/five/a/b|x"], ["WRITE", "/five|x"], ["MKDIR", "/five/c|"]] as const;
      const measure = (): number[] =>
        requests.map(([operation, payload]) =>
          visits(() => {
            for (let i = 0; i < 10; i++) assertEquals(five.ask(operation, payload), "EIO");
          })
        );
      full.isFull = true;
      const small = measure();
      full.isFull = false;
      for (let i = 0; i < 10_000; i++) tableOf(dom0, ["WRITE", `/many/${i % 10}/${i}|`, "OK|"]);
      full.isFull = true;
      const before = [core.view.top, core.view.usageOf(5).nodes];
      assertEquals(measure(), small);
      assert(small.every((count) => count > 0 && count < 10 * 50), `${small}`);
      assertEquals([core.view.top, core.view.usageOf(5).nodes], before);
      assertEquals(tree("/five"), ["/five= n5"]);
      // Domain 0's removal of all visits what it removes, and no more to undo it.
      const removal = visits(() => assertEquals(dom0.ask("RM", "/many|"), "EIO"));
      assert(removal < 3 * 10_011, `${removal}`);
    }, {
      onChanges: () => {
        if (full.isFull) throw new Error("the disk is full");
      },
    }),
  );
});
