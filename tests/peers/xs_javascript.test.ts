// The port of xen.lowlevel.xs with arguments that only JavaScript has, and calls that Python lacks.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { connect } from "../../mod.ts";
import { xs, type XsPermissionInput } from "../../compat/xs.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";
import { timeout } from "../support/limits.ts";

/** Runs with a handle to a new store. */
async function withHandle(body: (h: xs, address: string) => void | Promise<void>): Promise<void> {
  await using store = await startXenstored();
  const address = `unix:${store.socket}`;
  using h = xs({ address });
  await body(h, address);
}

withPeers("xen.lowlevel.xs from JavaScript", () => {
  describe("xen.lowlevel.xs from JavaScript", () => {
    test("watch() treats -0 and 0 as the same token", { timeout }, () =>
      withHandle((h) => {
        h.watch("/a", 0);
        h.watch("/b", -0);
        assertEquals([h.read_watch(), h.read_watch()].map(([path]) => path), ["/a", "/b"]);
        h.unwatch("/a", -0);
        h.write("0", "/b", "1");
        assertEquals(h.read_watch()[0], "/b");
        h.unwatch("/b", 0);
      }));

    test(
      "xs() treats undefined as a missing argument, and rejects other objects than options",
      { timeout },
      () =>
        withHandle((h, address) => {
          const open = xs as unknown as (...args: unknown[]) => xs;
          for (const args of [[{ address }, undefined], [0, { address }], [{ address, readonly: undefined }]]) {
            open(...args).close();
          }
          for (const args of [[[]], [new Map()], [{ address, other: 1 }], [undefined, 0, 0]]) {
            assertEquals(assertThrows(() => open(...args), TypeError).name, "SystemError");
          }
          assertEquals(h.transaction_end(h.transaction_start(), undefined), true);
          assertEquals(h.transaction_end(h.transaction_start(), { abort: undefined }), true);
          assertThrows(() => h.transaction_end("0", {}), TypeError);
        }),
    );

    test(
      "wait_watch() waits for an event that read_watch() returns, and skips events of removed watches",
      { timeout },
      () =>
        withHandle((h) => {
          const tokens = [{}, {}];
          h.watch("/a", tokens[0]);
          h.unwatch("/a", tokens[0]);
          assertEquals(h.wait_watch(0), false);
          assertEquals(h.check_watch(), null);
          h.watch("/b", tokens[1]);
          assertEquals(h.wait_watch(), true);
          assertEquals(h.read_watch()[0], "/b");
        }),
    );

    test(
      "a for await loop over a handle takes the events of another connection without blocking the event loop",
      { timeout },
      () =>
        withHandle(async (h, address) => {
          await using client = await connect(address);
          h.watch("/a", "token");
          const seen: string[] = [];
          for await (const [path] of h) {
            seen.push(path);
            if (seen.length === 3) break;
            await client.write(`/a/${seen.length}`, "1");
          }
          assertEquals([seen, await h.watch_ready(0)], [["/a", "/a/1", "/a/2"], false]);
        }),
    );

    test(
      "set_permissions() rejects an array with a hole, and the handle stays usable",
      { timeout },
      () =>
        withHandle((h) => {
          h.write("0", "/a", "1");
          // deno-lint-ignore no-sparse-arrays
          const perms = [, { dom: 1 }] as XsPermissionInput[];
          assertEquals(assertThrows(() => h.set_permissions("0", "/a", perms), TypeError).name, "SystemError");
          assertEquals(h.read("0", "/a"), "1");
        }),
    );
  });
});
