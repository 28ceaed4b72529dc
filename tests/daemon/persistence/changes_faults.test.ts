// Changes as bytes: what a reader rejects, although the file has more bytes after the record.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { ChangeReader, encodeChange } from "../../../src/daemon/persistence/changes.ts";
import { Bytes } from "../../../src/daemon/tree/bytes.ts";
import type { Change } from "../../../src/daemon/tree/changes.ts";
import { permissionsOf } from "./model.ts";

const changes: readonly Change[] = [
  { kind: "put", path: "/path", value: "value", permissions: permissionsOf(1) },
  { kind: "remove", path: "/path" },
  { kind: "quota", domid: null, name: "nodes", value: 1 },
  { kind: "quota", domid: 5, name: "nodes", value: 1 },
  { kind: "forget", domid: 5 },
];

function bytesOf(change: Change): Uint8Array {
  const bytes = new Bytes();
  encodeChange(bytes, change);
  return bytes.taken.slice();
}

describe("a reader of changes", () => {
  test("never reads beyond the end of a record, wherever that is", () => {
    for (const change of changes) {
      const bytes = bytesOf(change);
      const followed = Uint8Array.of(...bytes, ...bytes);
      assertEquals([...new ChangeReader().read(followed, 0, bytes.length)].length, 1);
      for (let end = 1; end < bytes.length; end++) {
        assertThrows(() => [...new ChangeReader().read(followed, 0, end)], RangeError, `where ${end} are`);
      }
    }
  });

  test("rejects a quota of an unknown name", () => {
    const [, , quota] = changes;
    if (quota === undefined) throw new Error("there is no such change");
    const bytes = bytesOf(quota);
    bytes[bytes.length - 1] = 0x7a;
    assertThrows(() => [...new ChangeReader().read(bytes, 0, bytes.length)], RangeError, '"nodez"');
  });
});
