// Requests whose results go to a handler, without a promise.

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Request } from "../../src/client/request.ts";
import { ConnectionError } from "../../src/transport/errors.ts";
import { InvalidPayloadError, XenStoreError } from "../../src/wire/errors.ts";
import { Operation } from "../../src/wire/operations.ts";
import { shown } from "../support/bytes.ts";
import { quiet, routed } from "../support/peer.ts";

function readOf(path: string, more: Partial<Request<string>> = {}): Request<string> {
  return { operation: Operation.READ, transactionId: 0, path, parts: [path], parse: shown, ...more };
}

/** A handler that notes what it is called with. */
function noting(notes: unknown[], name = "") {
  return {
    resolve: (result: string) => void notes.push(`${name}${result}`),
    reject: (error: unknown) => void notes.push(error instanceof XenStoreError ? `${name}${error.code}` : error),
  };
}

describe("router, with a handler", () => {
  test("calls the handlers in the order of the replies, and those of promises among them", async () => {
    const { router, peer } = routed();
    const notes: unknown[] = [];
    router.send(readOf("/a"), noting(notes, "a "));
    const promised = router.request(readOf("/b")).then((result) => notes.push(`b ${result}`));
    router.send(readOf("/c"), noting(notes, "c "));
    const [a, b, c] = await peer.take(3);
    c?.error("EACCES");
    await quiet();
    b?.reply("2");
    await promised;
    a?.reply("1");
    await quiet();
    assertEquals(notes, ["c EACCES", "b 2|", "a 1|"]);
  });

  test("rejects all handlers when the connection ends, in the order of the requests", async () => {
    const { router, peer } = routed();
    const notes: unknown[] = [];
    for (let i = 0; i < 3000; i++) router.send(readOf(`/${i}`), noting(notes, `${i} `));
    await peer.take(3000);
    peer.cut();
    await quiet();
    assertEquals(notes, Array.from({ length: 3000 }, (_, i) => `${i} ECONNRESET`));
  });

  test("lets a handler send further requests, also when the connection has ended", async () => {
    const { router, peer } = routed();
    const notes: unknown[] = [];
    const again = () => {
      const error = assertThrows(() => router.send(readOf("/b"), noting(notes)), ConnectionError);
      notes.push(error.path);
    };
    router.send(readOf("/a"), { resolve() {}, reject: again });
    await peer.next();
    await router.close();
    assertEquals(notes, ["/b"]);
  });

  test("throws if the request cannot be sent, and calls no handler", async () => {
    const { router, peer } = routed();
    const notes: unknown[] = [];
    const tooLong = readOf("/a", { parts: [new Uint8Array(5000)] });
    const error = assertThrows(() => router.send(tooLong, noting(notes)), InvalidPayloadError);
    assertEquals([error.code, error.path], ["E2BIG", "/a"]);
    const signal = AbortSignal.abort(new RangeError("enough"));
    assertThrows(() => router.send(readOf("/a", { signal }), noting(notes)), RangeError, "enough");
    await router.close();
    assertThrows(() => router.send(readOf("/a"), noting(notes)), ConnectionError, "closed");
    assertEquals([notes, peer.writes], [[], 0]);
  });

  test("rejects the handler with the signal's reason, and undoes the result that comes later", async () => {
    const { router, peer } = routed();
    const notes: unknown[] = [];
    const controller = new AbortController();
    const undo = (result: string) => void notes.push(`undone ${result}`);
    router.send(readOf("/a", { signal: controller.signal, undo }), noting(notes));
    const request = await peer.next();
    const reason = new RangeError("enough");
    controller.abort(reason);
    assertEquals(notes, [reason]);
    request.reply("1");
    await quiet();
    assertEquals(notes, [reason, "undone 1|"]);
  });
});
