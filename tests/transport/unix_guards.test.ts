// What a Unix socket is not opened for: an aborted signal, and a path that the system would cut.

import { describe, test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openTransport } from "../../src/transport/open.ts";
import { checkSocketPath } from "../../src/transport/socket_path.ts";
import { codeOf } from "../../src/wire/system_errors.ts";
import { open, withListener } from "../support/socket.ts";

describe("opening a Unix socket", () => {
  test("rejects with the reason of a signal that is aborted already, and does not connect", async () => {
    await withListener(async (listener) => {
      const reason = new Error("no longer needed");
      const opening = openTransport(`unix:${listener.path}`, { signal: AbortSignal.abort(reason) });
      assertEquals(await assertRejects(() => opening), reason);
      const transport = await open(listener);
      const server = await listener.accept();
      // The first connection is that of the transport.
      transport.send(new Uint8Array([7]));
      const [byte] = await new Promise<Uint8Array>((resolve) => server.resume().once("data", resolve));
      assertEquals(byte, 7);
      await transport.close();
    });
  });

  test("throws EINVAL for a path of more than 107 bytes, which Node 20 would cut", () => {
    checkSocketPath(`/${"a".repeat(106)}`);
    for (const path of [`/${"a".repeat(107)}`, `/${"ä".repeat(54)}`]) {
      const error = assertThrows(() => checkSocketPath(path), Error, "107 are allowed");
      assertEquals(codeOf(error), "EINVAL");
    }
  });
});
