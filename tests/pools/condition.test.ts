// The condition of an operation that reads a state.

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { unlessMissing } from "../../src/pools/condition.ts";
import { RemoteError, StateChangedError } from "../../src/pools/mod.ts";

const context = { operation: "get", object: "guest", state: "clean" };
const exists = { onlyIf: "exists" } as const;

test("a read that fails asks whether the state exists, unless its host has failed", async () => {
  let asked = 0;
  const isThere = (): Promise<boolean> => {
    asked++;
    return Promise.resolve(false);
  };
  await assertRejects(
    () => unlessMissing(exists, isThere, context, () => Promise.reject(new Error("torn"))),
    StateChangedError,
  );
  assertEquals(asked, 1);
  const lost = new RemoteError("mars", "lost", "it is silent");
  assertEquals(await unlessMissing(exists, isThere, context, () => Promise.reject(lost)).catch((one) => one), lost);
  assertEquals(asked, 1);
});

test("a read that fails keeps its error if the state exists, or cannot be looked for", async () => {
  const torn = new Error("torn");
  for (const isThere of [() => Promise.resolve(true), () => Promise.reject(new Error("down"))]) {
    assertEquals(await unlessMissing(exists, isThere, context, () => Promise.reject(torn)).catch((one) => one), torn);
  }
});
