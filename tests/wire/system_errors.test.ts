// The code of a system's error, and the error of a number from libc.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { codedError, codeOf, systemError } from "../../src/wire/system_errors.ts";

describe("codeOf()", () => {
  test("is the code of an error of the system's, and of nothing else", () => {
    assertEquals(codeOf(codedError("ENOENT", "x")), "ENOENT");
    for (const other of [new Error("x"), { code: "ENOENT" }, "ENOENT", null, undefined]) {
      assertEquals(codeOf(other), undefined);
    }
    assertEquals(codeOf(Object.assign(new Error("x"), { code: 5 })), undefined);
  });
});

describe("systemError()", () => {
  test("has the name, the text and the failed call of a number that is known", () => {
    const { code, message } = systemError(111, "connect");
    assertEquals([code, message], ["ECONNREFUSED", "connect: Connection refused (ECONNREFUSED)"]);
  });

  test("keeps a number that has no name here", () => {
    const { code, message } = systemError(9999, "read");
    assertEquals([code, message], ["E9999", "read: error 9999"]);
  });
});
