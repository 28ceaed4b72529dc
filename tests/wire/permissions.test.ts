// Permissions as text, as a user and as a store write them.

import { describe, test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  DOMID_ANY,
  formatPermission,
  parsePermission,
  parsePermissionReply,
  permissionFault,
} from "../../src/wire/permissions.ts";
import { shown } from "../../src/wire/checks.ts";

const letters: [letter: string, read: boolean, write: boolean][] = [
  ["n", false, false],
  ["r", true, false],
  ["w", false, true],
  ["b", true, true],
];

describe("permissions", () => {
  for (const [letter, read, write] of letters) {
    for (const domid of [0, 5, 32757, 65535]) {
      const text = `${letter}${domid}`;
      test(`${text} is read and written`, () => {
        assertEquals(parsePermission(text), { domid, read, write });
        assertEquals(parsePermissionReply(text), { domid, read, write });
        assertEquals(formatPermission({ domid, read, write }), text);
      });
    }
  }

  for (
    const text of ["", "n", "0", "x0", "N0", "n-1", "n 0", " n0", "n0 ", "n0x5", "n5.0", "nr0", "n0\n", "n0\0", "n٣"]
  ) {
    test(`${JSON.stringify(text)} is not a permission`, () => assertEquals(parsePermission(text), null));
  }

  test("a store's domid may be negative, for it prints what it never checked", () => {
    assertEquals(parsePermissionReply("r-1"), { domid: -1, read: true, write: false });
    assertEquals(parsePermissionReply("b-2147483648"), { domid: -2147483648, read: true, write: true });
  });

  for (const text of ["", "n", "x0", "n--1", "n+1", "n0,r1", "n 0"]) {
    test(`${JSON.stringify(text)} is not a store's permission either`, () => {
      assertEquals(parsePermissionReply(text), null);
    });
  }

  test("a store's domid may be what oxenstored holds, and nothing beyond 63 bits", () => {
    assertEquals(parsePermissionReply("r99999999999999")?.domid, 99999999999999);
    assertEquals(parsePermissionReply("r4611686018427387903")?.domid, 2 ** 62);
    for (const text of ["r100000000000000000000", "n-100000000000000000000", `b${"9".repeat(4000)}`]) {
      assertEquals(parsePermissionReply(text), null);
    }
  });

  test("a leading zero means nothing", () => {
    assertEquals(parsePermission("r007"), { domid: 7, read: true, write: false });
  });

  test("a domid is a whole number from 0 to 65535", () => {
    for (const domid of [0, 1, DOMID_ANY, 65535]) {
      assertEquals(permissionFault({ domid, read: true, write: true }), null);
    }
    for (const domid of [-1, 65536, 1.5, NaN, Infinity, 5n as never, "5" as never, undefined as never]) {
      assertStringIncludes(
        permissionFault({ domid, read: true, write: true }) ?? "null",
        `domid ${shown(domid)} is not`,
      );
    }
  });

  test("DOMID_ANY is Xen's 0x7ff5", () => assertEquals(DOMID_ANY, 32757));
});
