// The table of operations: which of them domain 0 alone may use.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { rules } from "../../../src/daemon/operations/table.ts";
import { Operation, type OperationName, operationName } from "../../../src/wire/operations.ts";
import { within } from "../support.ts";

const PRIVILEGED: readonly OperationName[] = [
  "CONTROL",
  "INTRODUCE",
  "RELEASE",
  "IS_DOMAIN_INTRODUCED",
  "RESUME",
  "SET_TARGET",
  "SET_FEATURE",
  "GET_QUOTA",
  "SET_QUOTA",
];

describe("the table of operations", () => {
  test("marks the operations of domain 0 as privileged", () => {
    const marked = rules.flatMap((rule, type) => rule?.kind === "privileged" ? [operationName(type)] : []);
    assertEquals(marked.sort(), [...PRIVILEGED].sort());
  });

  test(
    "a privileged operation of a guest fails with EACCES, whatever its payload, and changes nothing",
    within(({ core, guest, tree }) => {
      const five = guest(5);
      const before = tree();
      for (const operation of PRIVILEGED) {
        for (const payload of ["", "5|", "6|1|1|", "5|nodes|1|", "print|x|"]) {
          assertEquals(five.ask(Operation[operation], payload), "EACCES", `${operation} ${payload}`);
        }
      }
      assertEquals(tree(), before);
      assertEquals([core.introduced(5) !== undefined, core.introduced(6) !== undefined], [true, false]);
      assertEquals(core.quotas.get("nodes"), 1000);
    }),
  );
});
