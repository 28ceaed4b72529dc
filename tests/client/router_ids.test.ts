// The ids of requests: a request that waits for long keeps its id.

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { Operation } from "../../src/wire/operations.ts";
import { shown } from "../support/bytes.ts";
import { routed } from "../support/peer.ts";

describe("a request that stays unanswered", () => {
  test("keeps its id, and gets its reply after a thousand later requests were answered", async () => {
    const { router, peer } = routed();
    const read = (path: string): Promise<string> => {
      return router.request({ operation: Operation.READ, transactionId: 0, path, parts: [path], parse: shown });
    };
    const waiting = read("/waiting");
    const unanswered = await peer.expect("READ /waiting|");
    const ids = new Set([unanswered.requestId]);
    for (let i = 0; i < 1000; i++) {
      const reading = read(`/${i}`);
      const request = await peer.next();
      request.reply(`${i}`);
      assertEquals(await reading, `${i}|`);
      ids.add(request.requestId);
    }
    unanswered.reply("at last");
    assertEquals([await waiting, ids.size], ["at last|", 1001]);
  });
});
