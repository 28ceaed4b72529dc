// Walks, lists and reconnections tell how far they are.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Ask, listDirectory } from "../../src/client/listing.ts";
import { walk } from "../../src/client/walk.ts";
import { EventClass, type ProgressEvent } from "../../src/events/classes.ts";
import { Progress } from "../../src/events/progress.ts";
import { Reporter } from "../../src/events/reporter.ts";
import { XenStoreError } from "../../src/wire/errors.ts";
import { Operation } from "../../src/wire/operations.ts";
import { FakeClock } from "../events/fake_clock.ts";
import { treeReader, walkContext } from "../support/walking.ts";

function tracked(operation: string) {
  const clock = new FakeClock();
  const reporter = new Reporter();
  const seen: string[] = [];
  reporter.add((event) => {
    const { position, total } = event as ProgressEvent;
    seen.push(`${position}/${total}`);
  }, EventClass.PROGRESS);
  return { clock, seen, progress: new Progress(reporter, { operationNumber: 1, operation, serial: 1 }, clock) };
}

describe("progress of a walk", () => {
  const children: Record<string, readonly string[]> = { "/": ["a", "b"], "/a": ["c"] };
  const reader = treeReader((path) => children[path] ?? []);

  for (const topDown of [true, false]) {
    test(`counts the nodes that were visited and found (topDown: ${topDown})`, async () => {
      const { clock, seen, progress } = tracked("walk");
      for await (const _node of walk(reader, "/", { topDown }, walkContext(progress))) {
        clock.pass(1500);
      }
      assertEquals(seen, topDown ? ["2/4", "3/4", "4/4"] : ["2/4", "3/4", "4/4"]);
    });
  }

  test("ends without an event if the loop is left", async () => {
    const { clock, seen, progress } = tracked("walk");
    for await (const { path } of walk(reader, "/", {}, walkContext(progress))) {
      clock.pass(2500);
      if (path === "/a") break;
    }
    assertEquals(seen, ["1/4"]);
  });
});

describe("progress of a list in parts", () => {
  /** A store whose listing has two parts. The second one comes after five seconds, or fails. */
  function ask(clock: FakeClock, fails: boolean): Ask {
    let parts = 0;
    return (operation, parse) => {
      if (operation === Operation.DIRECTORY) return Promise.reject(new XenStoreError("E2BIG", "too big"));
      if (parts++ === 0) return Promise.resolve(parse(new TextEncoder().encode("1\0a\0")));
      clock.pass(2400);
      if (fails) return Promise.reject(new XenStoreError("EIO", "broken"));
      return Promise.resolve(parse(new TextEncoder().encode("1\0b\0\0")));
    };
  }

  test("pulses until the end", async () => {
    const { clock, seen, progress } = tracked("list");
    assertEquals(await listDirectory(ask(clock, false), () => progress), ["a", "b"]);
    assertEquals([seen, clock.pending], [["0/1", "0/1", "1/1"], 0]);
  });

  test("stops after an error", async () => {
    const { clock, seen, progress } = tracked("list");
    await assertRejects(() => listDirectory(ask(clock, true), () => progress), XenStoreError);
    assertEquals([seen, clock.pending], [["0/1", "0/1"], 0]);
  });
});
