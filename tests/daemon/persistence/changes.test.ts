// Encoding changes as bytes, and decoding them.

import { describe, test } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ChangeReader, encodeChange } from "../../../src/daemon/persistence/changes.ts";
import { Bytes } from "../../../src/daemon/tree/bytes.ts";
import { treeChanges } from "../../../src/daemon/persistence/keeper.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { emptyTop } from "../../../src/daemon/tree/store_node.ts";
import { View } from "../../../src/daemon/tree/tree.ts";
import { randomFractions } from "../../support/random.ts";
import { historyOf, permissionsOf } from "./model.ts";

function encoded(changes: readonly Change[]): Uint8Array {
  const bytes = new Bytes(1);
  for (const change of changes) encodeChange(bytes, change);
  return bytes.taken.slice();
}

const decoded = (bytes: Uint8Array): Change[] => [...new ChangeReader().read(bytes, 0, bytes.length)];

const some: readonly Change[] = [
  { kind: "put", path: "/", value: "", permissions: permissionsOf(0) },
  { kind: "put", path: "/a", value: "\0\x7f\xff", permissions: permissionsOf(0xffffffff, 5, 0x7ff5, 7) },
  { kind: "remove", path: "/a" },
  { kind: "quota", domid: null, name: "nodes", value: 0 },
  { kind: "quota", domid: 65535, name: "soft-memory", value: 4294967294 },
  { kind: "forget", domid: 0x7fef },
];

describe("a change", () => {
  test("a change is equal after encoding and decoding", () => {
    assertEquals(decoded(encoded(some)), [...some]);
    const many = historyOf(1, 300).batches.flat();
    assertEquals(decoded(encoded(many)), many);
  });

  test("ChangeReader rejects a truncated or unknown change with a RangeError", () => {
    for (const change of some) {
      const bytes = encoded([change]);
      for (let length = 1; length < bytes.length; length++) {
        assertThrows(() => decoded(bytes.subarray(0, length)), RangeError);
      }
    }
    assertThrows(() => decoded(Uint8Array.of(0)), RangeError, "a change of kind 0");
    assertThrows(() => decoded(Uint8Array.of(6)), RangeError, "a change of kind 6");
  });

  test("decoded nodes with the same permissions share one object", () => {
    const permissions = permissionsOf(1, 2);
    const nodes = ["/a", "/b"].map((path): Change => ({ kind: "put", path, value: "", permissions }));
    const [a, b] = decoded(encoded(nodes));
    assertStrictEquals(a?.kind === "put" && a.permissions, b?.kind === "put" && b.permissions);
  });
});

describe("the changes of a tree", () => {
  const empty = (): View => new View(emptyTop(permissionsOf(0)), { last: 0 });

  function replay(changes: Iterable<Change>): View {
    const view = empty();
    for (const change of changes) {
      if (change.kind === "put") view.put(change.path, change.value, change.permissions);
      else if (change.kind === "remove") view.remove(change.path);
    }
    return view;
  }

  test("the changes of a tree restore it, with the order of the children", () => {
    const view = replay(historyOf(2, 300).batches.flat());
    const changes = [...treeChanges(view.top)];
    const again = replay(changes);
    assertEquals([...treeChanges(again.top)], changes);
    const lists = (of: View): unknown[] =>
      changes.map((change) => change.kind === "put" && of.get(change.path)?.children.listing());
    assertEquals(lists(again), lists(view));
  });

  test("the changes of a tree restore the order of many children, some of them recreated", () => {
    const view = empty();
    const random = randomFractions(3);
    view.put("/", "", permissionsOf(0));
    for (let i = 0; i < 500; i++) {
      const path = `/n${Math.floor(random() * 90)}`;
      if (random() < 0.3) view.remove(path);
      else view.put(path, "", permissionsOf(0));
    }
    assertEquals(replay(treeChanges(view.top)).get("/")?.children.listing(), view.get("/")?.children.listing());
  });

  test("the changes of a tree are those of the tree at the time of the call", () => {
    const view = replay(historyOf(2, 100).batches.flat());
    const before = [...treeChanges(view.top)];
    const changes = treeChanges(view.top);
    changes.next();
    view.put("/later", "", permissionsOf(0));
    assertEquals([...changes], before.slice(1));
  });

  test("the changes of a very deep tree do not overflow the stack", () => {
    const view = empty();
    view.put("/", "", permissionsOf(0));
    let path = "";
    for (let depth = 0; depth < 1500; depth++) view.put(path += "/a", "", permissionsOf(0));
    assertEquals([...treeChanges(view.top)].length, 1501);
  });
});
