// The error names of the protocol, and what Linux says of each.

import { describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { Errno, errnoText, isErrnoName } from "../../src/wire/errno.ts";

/** The errors of xs_wire.h, with Linux's numbers and strerror. */
const protocol: [name: string, number: number, text: string][] = [
  ["EINVAL", 22, "Invalid argument"],
  ["EACCES", 13, "Permission denied"],
  ["EEXIST", 17, "File exists"],
  ["EISDIR", 21, "Is a directory"],
  ["ENOENT", 2, "No such file or directory"],
  ["ENOMEM", 12, "Cannot allocate memory"],
  ["ENOSPC", 28, "No space left on device"],
  ["EIO", 5, "Input/output error"],
  ["ENOTEMPTY", 39, "Directory not empty"],
  ["ENOSYS", 38, "Function not implemented"],
  ["EROFS", 30, "Read-only file system"],
  ["EBUSY", 16, "Device or resource busy"],
  ["EAGAIN", 11, "Resource temporarily unavailable"],
  ["EISCONN", 106, "Transport endpoint is already connected"],
  ["E2BIG", 7, "Argument list too long"],
  ["EPERM", 1, "Operation not permitted"],
];

/** The errors that clients add. */
const local: [name: string, number: number, text: string][] = [
  ["EBADF", 9, "Bad file descriptor"],
  ["EPIPE", 32, "Broken pipe"],
  ["EALREADY", 114, "Operation already in progress"],
  ["ECONNRESET", 104, "Connection reset by peer"],
  ["ECONNREFUSED", 111, "Connection refused"],
  ["ENOTCONN", 107, "Transport endpoint is not connected"],
];

describe("errno", () => {
  for (const [name, number, text] of [...protocol, ...local]) {
    test(`${name} is ${number}, "${text}"`, () => {
      assert(isErrnoName(name));
      assertEquals(Errno[name], number);
      assertEquals(errnoText(name), text);
    });
  }

  test("knows EQUOTA, which only oxenstored sends", () => {
    assert(isErrnoName("EQUOTA"));
    assertEquals(errnoText("EQUOTA"), "Quota exceeded");
  });

  for (const name of ["", "EWHATEVER", "enoent", "ENOENT\0", "toString", "__proto__", "constructor", "22"]) {
    test(`${JSON.stringify(name)} is no error's name`, () => assert(!isErrnoName(name)));
  }

  test("gives no two names one number, except EQUOTA, which is EDQUOT of oxenstored", () => {
    assertEquals(Errno.EQUOTA, Errno.EDQUOT);
    const numbers = Object.entries(Errno).filter(([name]) => name !== "EQUOTA").map(([, number]) => number);
    assertEquals(new Set(numbers).size, numbers.length);
  });
});
