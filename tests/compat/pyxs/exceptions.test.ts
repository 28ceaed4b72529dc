// The messages of pyxs's exceptions.

import { describe, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  check_path,
  check_perms,
  Client,
  ConnectionError,
  InvalidPath,
  InvalidPayload,
  InvalidPermission,
  Op,
  Packet,
  PyXSError,
  UnexpectedPacket,
} from "../../../compat/pyxs.ts";
import { kinds } from "../../support/blocking.ts";
import { scriptedClient } from "./scripted.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("pyxs's exceptions", () => {
  test("InvalidPayload shows the payload as text, and no more than its start", () => {
    const payload = bytes(`/tool/example\0${"value ".repeat(3000)}`);
    const { message, args } = assertThrows(() => new Packet(Op.WRITE, payload, 1), InvalidPayload);
    assertEquals(message, `b'/tool/example\\x00${"value ".repeat(25).slice(0, 146)}'... (18014 bytes)`);
    assertEquals(args, [payload]);
    const text = assertThrows(() => new Packet(Op.WRITE, "x".repeat(5000), 1), InvalidPayload);
    assertEquals(text.message, `${"x".repeat(160)}... (5000 characters)`);
    assert(
      assertThrows(() => scriptedClient(() => "").write("/a", "é".repeat(3000)), InvalidPayload).message.length < 1000,
    );
  });

  test("InvalidPath, InvalidPermission and PyXSError show bytes as Python does, and no more than their start", () => {
    const path = assertThrows(() => check_path(bytes("/a b'\0\n\\é\x7f")), InvalidPath);
    assertEquals(path.message, `b"/a b'\\x00\\n\\\\\\xc3\\xa9\\x7f"`);
    assertEquals(assertThrows(() => check_path(bytes(`/'"`)), InvalidPath).message, `b'/\\'"'`);
    assert(assertThrows(() => check_path(`/${"x".repeat(4000)}`), InvalidPath).message.length < 200);
    assertEquals(assertThrows(() => check_perms([bytes("x0")]), InvalidPermission).message, "b'x0'");
    assertEquals(new PyXSError(22, bytes("a"), "b").message, "(22, b'a', 'b')");
    assert(new PyXSError(5, "x".repeat(9000)).message.length < 200);
  });

  test("UnexpectedPacket shows the packet as Python does", () => {
    const packet = new Packet(Op.READ, "/tool\0", 1);
    assertEquals(new UnexpectedPacket(packet).message, "Packet(op=2, rq_id=1, tx_id=0, size=6, payload=b'/tool\\x00')");
  });

  test("ConnectionError shows a text whole", () => {
    const text = `cannot connect to unix:/${"x".repeat(300)}`;
    assertEquals(new ConnectionError(text).message, text);
  });
});

describe("pyxs's ConnectionError", () => {
  const refused = "Connection refused (ECONNREFUSED); no daemon listens on this socket";
  for (const transport of [undefined, ...kinds]) {
    const over = transport === undefined ? "the default transport" : `transport "${transport}"`;
    test(`has the same text on every runtime if nothing can be connected to, over ${over}`, () => {
      for (
        const [options, text] of [
          [{ unix_socket_path: "/none/socket" }, "unix:/none/socket: No such file or directory (ENOENT)"],
          [{ unix_socket_path: import.meta.filename }, `unix:${import.meta.filename}: ${refused}`],
          [{ unix_socket_path: "/dev" }, `unix:/dev: ${refused}`],
          [{ xen_bus_path: "/none/xenbus" }, "xenbus:/none/xenbus: No such file or directory (ENOENT)"],
          [{ xen_bus_path: "/dev" }, "xenbus:/dev: Is a directory (EISDIR)"],
        ] as const
      ) {
        const error = assertThrows(() => new Client({ ...options, transport }).connect(), ConnectionError);
        assertEquals([error.message, error.args], [`cannot connect to ${text}`, [`cannot connect to ${text}`]]);
      }
    });
  }
});
