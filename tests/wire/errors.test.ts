// The texts and codes of errors, and their operations, paths and causes.

import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import {
  errnoError,
  InvalidOperationError,
  InvalidPathError,
  InvalidPayloadError,
  InvalidPermissionError,
  XenStoreError,
} from "../../src/wire/errors.ts";

describe("errors", () => {
  test("an errno's error says operation, path, text and name", () => {
    const error = errnoError("ENOENT", { operation: "READ", path: "/a" });
    assertEquals(error.message, 'READ "/a": No such file or directory (ENOENT)');
    assertEquals([error.name, error.code, error.errno], ["XenStoreError", "ENOENT", 2]);
    assertEquals([error.operation, error.path], ["READ", "/a"]);
  });

  test("an unknown name is kept as the code, and counts as EINVAL", () => {
    const error = errnoError("EWHATEVER", { operation: "READ", path: "/a" });
    assertEquals(error.message, 'READ "/a": EWHATEVER');
    assertEquals([error.code, error.errno], ["EWHATEVER", 22]);
  });

  test("a name that every object has is no error's name", () => {
    for (const name of ["toString", "__proto__", "constructor"]) assertEquals(errnoError(name, {}).errno, 22);
  });

  test("the operation, the path and the cause are left out if they are unknown", () => {
    const error = new XenStoreError("EIO", "broken");
    assertEquals(error.message, "broken");
    assertEquals([error.operation, error.path, error.cause], [undefined, undefined, undefined]);
    assert(!Object.hasOwn(error, "cause"));
  });

  test("an operation without a path, and a path without an operation, are said by themselves", () => {
    assertEquals(new XenStoreError("EIO", "broken", { operation: "CONTROL" }).message, "CONTROL: broken");
    assertEquals(new XenStoreError("EIO", "broken", { path: "" }).message, '"": broken');
  });

  test("a cause is kept", () => {
    const cause = new Error("why");
    assertStrictEquals(new XenStoreError("EIO", "broken", { cause }).cause, cause);
  });

  test("a path is quoted so that a terminal shows it as it is", () => {
    const { message } = errnoError("EINVAL", { operation: "READ", path: '/a\n"\u001b' });
    assertEquals(message, 'READ "/a\\n\\"\\u001b": Invalid argument (EINVAL)');
  });

  const context = { operation: "WRITE", path: "/a" };
  const invalid: [XenStoreError, string, string, string][] = [
    [new InvalidOperationError(77), "InvalidOperationError", "EINVAL", "operation 77"],
    [new InvalidPathError("it is empty", context), "InvalidPathError", "EINVAL", "invalid path: it is empty"],
    [new InvalidPayloadError("too long", context), "InvalidPayloadError", "EINVAL", "invalid payload: too long"],
    [
      new InvalidPayloadError("too long", context, "E2BIG"),
      "InvalidPayloadError",
      "E2BIG",
      "invalid payload: too long",
    ],
    [new InvalidPermissionError("bad", context), "InvalidPermissionError", "EINVAL", "invalid permission: bad"],
  ];
  for (const [error, name, code, text] of invalid) {
    test(`${name} with ${code} is a XenStoreError that has its name`, () => {
      assertInstanceOf(error, XenStoreError);
      assertEquals([error.name, error.code], [name, code]);
      assert(error.message.includes(text), error.message);
      assert(!error.message.endsWith("."));
    });
  }
});
