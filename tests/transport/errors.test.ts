// The errors of a connection, and what they inherit from their causes.

import { describe, test } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { Address } from "../../src/transport/address.ts";
import { ConnectionError, openFailure, systemError, UnexpectedPacketError } from "../../src/transport/errors.ts";
import { codedError } from "../../src/wire/system_errors.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { bytes } from "../support/bytes.ts";

describe("ConnectionError", () => {
  test("a ConnectionError has the code of its cause, or else ENOTCONN", () => {
    assertEquals(new ConnectionError("over", { cause: codedError("EPIPE", "x") }).code, "EPIPE");
    assertEquals(new ConnectionError("over", { cause: new Error("x") }).code, "ENOTCONN");
    assertEquals(new ConnectionError("over").errno, 107);
    assertEquals(new ConnectionError("over", {}, "EACCES").code, "EACCES");
  });

  test("a ConnectionError is a XenStoreError, and other XenStoreErrors are not ConnectionErrors", () => {
    assertInstanceOf(new ConnectionError("over"), XenStoreError);
    assert(!(new XenStoreError("EPIPE", "over") instanceof ConnectionError));
  });
});

describe("openFailure()", () => {
  test("openFailure() has the same text for a system error on every runtime, and keeps other messages", () => {
    const address: Address = { kind: "unix", path: "/nowhere" };
    const text = (message: string) => openFailure(address, codedError("ENOENT", message)).message;
    for (
      const wording of [
        "Failed to connect",
        "connect ENOENT /nowhere",
        "No such file or directory (os error 2)",
        "ENOENT: no such file or directory, open '/nowhere'",
        "connect: No such file or directory (ENOENT)",
      ]
    ) {
      assertEquals(text(wording), "cannot connect to unix:/nowhere: No such file or directory (ENOENT)", wording);
    }
    assertEquals(
      text("no code at /worker"),
      "cannot connect to unix:/nowhere: no code at /worker: No such file or directory (ENOENT)",
    );
  });

  test("openFailure() has the system's ECONNREFUSED for Node's ENOTSOCK, and names the address of a complete error once", () => {
    const address: Address = { kind: "unix", path: "/a/file" };
    const refused = openFailure(address, codedError("ENOTSOCK", "connect ENOTSOCK /a/file"));
    const text = "cannot connect to unix:/a/file: Connection refused (ECONNREFUSED); no daemon listens on this socket";
    assertEquals([refused.code, refused.message], ["ECONNREFUSED", text]);
    const complete = openFailure(address, codedError("ECONNREFUSED", text));
    assertEquals([complete.code, complete.message], ["ECONNREFUSED", text]);
  });

  test("openFailure() has the errno of the system's code", () => {
    assertEquals(openFailure({ kind: "unix", path: "/a/b" }, codedError("ENOTDIR", "x")).errno, 20);
  });
});

describe("UnexpectedPacketError", () => {
  test("an UnexpectedPacketError has a message and a copy of the packet", () => {
    const payload = bytes("abc");
    const error = new UnexpectedPacketError("no request waits for it", {
      type: 2,
      requestId: 7,
      transactionId: 3,
      payload,
    });
    payload.fill(0);
    assertEquals(error.message, "no request waits for it");
    assertEquals(error.packet, { type: 2, requestId: 7, transactionId: 3, payload: bytes("abc") });
    assertEquals([error.code, error.name], ["EIO", "UnexpectedPacketError"]);
    assertInstanceOf(error, ConnectionError);
  });

  test("an UnexpectedPacketError may have no packet", () => {
    const error = new UnexpectedPacketError("not a message");
    assertEquals([error.message, error.packet], ["not a message", undefined]);
  });
});

describe("systemError()", () => {
  test("systemError() has the name, the text and the failed call of a known errno", () => {
    const { code, message } = systemError(111, "connect");
    assertEquals([code, message], ["ECONNREFUSED", "connect: Connection refused (ECONNREFUSED)"]);
  });

  test("systemError() keeps an unknown errno", () => {
    const { code, message } = systemError(9999, "read");
    assertEquals([code, message], ["E9999", "read: error 9999"]);
  });
});
