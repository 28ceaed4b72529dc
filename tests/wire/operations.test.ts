// The operations' numbers and names, against Xen's xs_wire.h.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Feature, isOperation, Operation, operationName } from "../../src/wire/operations.ts";

const numbers: Record<string, number> = {
  CONTROL: 0,
  DIRECTORY: 1,
  READ: 2,
  GET_PERMS: 3,
  WATCH: 4,
  UNWATCH: 5,
  TRANSACTION_START: 6,
  TRANSACTION_END: 7,
  INTRODUCE: 8,
  RELEASE: 9,
  GET_DOMAIN_PATH: 10,
  WRITE: 11,
  MKDIR: 12,
  RM: 13,
  SET_PERMS: 14,
  WATCH_EVENT: 15,
  ERROR: 16,
  IS_DOMAIN_INTRODUCED: 17,
  RESUME: 18,
  SET_TARGET: 19,
  RESET_WATCHES: 21,
  DIRECTORY_PART: 22,
  GET_FEATURE: 23,
  SET_FEATURE: 24,
  GET_QUOTA: 25,
  SET_QUOTA: 26,
};

describe("operations", () => {
  test("have the numbers of the protocol, and there are no others", () => {
    assertEquals({ ...Operation } as Record<string, number>, numbers);
  });

  for (const [name, number] of Object.entries(numbers)) {
    test(`${number} is known, as ${name}`, () => {
      assert(isOperation(number));
      assertEquals(operationName(number), name);
    });
  }

  for (const number of [20, 27, 77, 128, 65535, 0xffffffff, -1, 1.5, NaN]) {
    test(`${number} is unknown`, () => {
      assert(!isOperation(number));
      assertEquals(operationName(number), `operation ${number}`);
    });
  }

  test("features are bits of their own", () => {
    assertEquals({ ...Feature }, { RECONNECTION: 1, ERROR: 2, WATCH_DEPTH: 4, DOMID_ANY: 8 });
  });
});
