// The error that a store's ERROR reply becomes, whatever text the store sends.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { errnoError } from "../../src/wire/errors.ts";

describe("errnoError()", () => {
  test("makes an EINVAL error of a text that is no name of an error, and quotes the text", () => {
    for (const text of ["", "enoent", "E", "ENOENT\n", "ENOENT: no such node", "\u001b[31mE"]) {
      const { code, errno, message } = errnoError(text, { operation: "READ", path: "/a" });
      assertEquals([code, errno], ["EINVAL", 22], JSON.stringify(text));
      assertEquals(message, `READ "/a": the store names its error ${JSON.stringify(text)}`);
    }
  });
});
