// The code of a system's error.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { codedError, codeOf } from "../../src/wire/system_errors.ts";

describe("codeOf()", () => {
  test("is the code of an error of the system's, and of nothing else", () => {
    assertEquals(codeOf(codedError("ENOENT", "x")), "ENOENT");
    for (const other of [new Error("x"), { code: "ENOENT" }, "ENOENT", null, undefined]) {
      assertEquals(codeOf(other), undefined);
    }
    assertEquals(codeOf(Object.assign(new Error("x"), { code: 5 })), undefined);
  });
});
