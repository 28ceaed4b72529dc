// Payloads of replies whose syntax is right, and whose values are out of bounds.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import {
  directoryPartReply,
  numberReply,
  PayloadError,
  permissionsReply,
  transactionReply,
} from "../../src/client/replies.ts";
import { bytes } from "../support/bytes.ts";

describe("the parsers of replies", () => {
  test("numberReply() rejects a number beyond 2^53, which would not be exact", () => {
    assertEquals(numberReply(bytes("9007199254740991|")), Number.MAX_SAFE_INTEGER);
    assertThrows(() => numberReply(bytes("9007199254740992|")), PayloadError, "expected a decimal number");
    assertThrows(() => numberReply(bytes(`${"9".repeat(400)}|`)), PayloadError, "expected a decimal number");
  });

  test("transactionReply() rejects 0, which means no transaction, and a number of more than 32 bits", () => {
    assertEquals([transactionReply(bytes("1|")), transactionReply(bytes("4294967295|"))], [1, 0xffffffff]);
    for (const text of ["0|", "4294967296|"]) {
      assertThrows(() => transactionReply(bytes(text)), PayloadError, "expected a transaction's number");
    }
  });

  test("permissionsReply() rejects an empty payload, which names no owner", () => {
    assertEquals(permissionsReply(bytes("n0|")).length, 1);
    assertThrows(() => permissionsReply(new Uint8Array(0)), PayloadError, "expected permissions");
  });

  test("directoryPartReply() rejects a part without names that is not the last one, which would never end", () => {
    assertEquals(directoryPartReply(bytes("1||")).last, true);
    assertThrows(() => directoryPartReply(bytes("1|")), PayloadError, "expected names");
    assertThrows(() => directoryPartReply(bytes("|a|")), PayloadError, "expected a generation");
  });
});
