// The object itself on this host and in a pool: which of both is asked, in which order, and what happens if one fails.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { StateError, StateInUseError } from "../../src/pools/errors.ts";
import { RootSourcedStates } from "../../src/pools/root_sourced_states.ts";
import type { Scope } from "../../src/pools/scopes.ts";
import { getStates } from "../../src/pools/states.ts";
import { Noted, request } from "./noted_states.ts";

const all = request("own", "swarm", "cluster", "shared");

describe("an object itself that a pool shares", () => {
  const roots = (own: boolean, pool: boolean, same = false, countsShared?: () => boolean) => {
    const calls: string[] = [];
    const [one, other] = [new Noted("own", calls), new Noted("pool", calls)];
    one.root = own;
    other.root = pool;
    other.same = same;
    return { calls, backend: new RootSourcedStates({ own: one, pool: other, countsShared }) };
  };

  /** Whether the object exists, by its place and the scopes. */
  const checks: readonly [own: boolean, pool: boolean, scopes: readonly Scope[], exists: boolean][] = [
    [false, false, ["own"], false],
    [false, true, ["own"], false],
    [true, false, ["own"], true],
    [false, false, ["own", "shared"], false],
    [false, true, ["own", "shared"], true],
    [true, false, ["own", "shared"], true],
    [false, true, ["shared"], true],
  ];
  for (const [own, pool, scopes, exists] of checks) {
    const places = [own ? "this host" : "", pool ? "the pool" : ""].filter((name) => name !== "").join(" and ");
    test(`in ${places || "neither"} ${exists ? "exists" : "does not exist"} by the scopes ${scopes.join(", ")}`, async () => {
      assertEquals(await roots(own, pool).backend.checkRoot(request(...scopes)), exists);
    });
  }

  test("does not exist by the pool alone if it is of a kind that counts on its own host only", async () => {
    assertEquals(await roots(false, true, false, () => false).backend.checkRoot(all), false);
    assertEquals(await roots(true, true, false, () => false).backend.checkRoot(all), true);
  });

  /** What getting the object asks for. */
  const gets: readonly [own: boolean, pool: boolean, same: boolean, scopes: readonly Scope[], calls: string][] = [
    [true, true, false, ["shared"], "pool getRoot"],
    [true, true, false, ["own"], "own getRoot"],
    [true, false, false, ["own", "shared"], "pool checkRoot, own getRoot"],
    [false, true, false, ["own", "shared"], "pool checkRoot, own checkRoot, pool getRoot, own getRoot"],
    [true, true, true, ["own", "shared"], "pool checkRoot, own checkRoot, pool isSame, own getRoot"],
    [true, true, false, ["own", "shared"], "pool checkRoot, own checkRoot, pool isSame, pool getRoot, own getRoot"],
  ];
  for (const [own, pool, same, scopes, expected] of gets) {
    test(`is got by ${expected}`, async () => {
      const { backend, calls } = roots(own, pool, same);
      await backend.getRoot(request(...scopes));
      assertEquals(calls, expected.split(", "));
    });
  }

  test("is used as it is on this host if the pool cannot be reached, and tells why", async () => {
    const calls: string[] = [];
    const skipped: unknown[] = [];
    const [own, pool] = [new Noted("own", calls), new Noted("pool", calls)];
    pool.fails = true;
    const backend = new RootSourcedStates({ own, pool, onSkipped: (error) => void skipped.push(error) });
    assertEquals(await backend.checkRoot(all), true);
    await backend.getRoot(all);
    assertEquals([calls, skipped.length], [["own checkRoot", "own checkRoot", "own getRoot"], 1]);
    own.states = ["clean"];
    await getStates(backend, [{ object: "guest", state: "clean" }]);
    assertEquals(calls.at(-1), "own get");
    await assertRejects(() => backend.getRoot(request("shared")), Error, "pool cannot be reached");
    own.root = false;
    await assertRejects(() => backend.checkRoot(all), Error, "pool cannot be reached");
    await assertRejects(() => backend.getRoot(all), Error, "pool cannot be reached");
  });

  test("is not used as it is if something depends on another content that the pool has", async () => {
    const calls: string[] = [];
    const [own, pool] = [new Noted("own", calls), new Noted("pool", calls)];
    const context = { operation: "get", object: "guest", state: "root" };
    pool.getRoot = () => Promise.reject(new StateInUseError("in use", ["image"], context));
    await assertRejects(() => new RootSourcedStates({ own, pool }).getRoot(all), StateInUseError);
  });

  test("is made and removed on this host, or in the pool, and never by other scopes", async () => {
    for (const [scope, place] of [["own", "own"], ["shared", "pool"]] as const) {
      const { backend, calls } = roots(true, true);
      await backend.setRoot(request(scope));
      await backend.unsetRoot(request(scope));
      assertEquals(calls.filter((call) => !call.endsWith("checkRoot")), [`${place} setRoot`, `${place} unsetRoot`]);
    }
    const { backend } = roots(true, true);
    for (const scopes of [["own", "shared"], ["swarm"], []] as const) {
      await assertRejects(
        () => backend.setRoot(request(...scopes)),
        StateError,
        'expected "own" alone, or "shared" alone',
      );
      await assertRejects(() => backend.unsetRoot(request(...scopes)), StateError);
    }
  });

  test("is not brought to the pool if this host does not have it", async () => {
    const { backend, calls } = roots(false, false);
    await assertRejects(() => backend.setRoot(request("shared")), StateError, "this host does not have the object");
    assertEquals(calls, ["own checkRoot"]);
  });
});
