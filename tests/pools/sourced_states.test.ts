// States of this host and of mirrors: which mirrors are asked, in which order, and what happens if some fail.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { StateBackend, type StateRequest } from "../../src/pools/backend.ts";
import { StateError } from "../../src/pools/errors.ts";
import { RootSourcedStates } from "../../src/pools/root_sourced_states.ts";
import type { Scope } from "../../src/pools/scopes.ts";
import { type Mirror, MirrorsError, SourcedStates } from "../../src/pools/sourced_states.ts";

/** States that note what they are asked for in a list that several share. */
class Noted extends StateBackend {
  readonly #name: string;
  readonly #calls: string[];
  states: string[];
  root = true;
  same = false;
  fails = false;

  constructor(name: string, calls: string[], states: readonly string[] = []) {
    super();
    this.#name = name;
    this.#calls = calls;
    this.states = [...states];
  }

  #note<T>(call: string, result: T): Promise<T> {
    if (this.fails) return Promise.reject(new Error(`${this.#name} cannot be reached`));
    this.#calls.push(`${this.#name} ${call}`);
    return Promise.resolve(result);
  }

  override show = (): Promise<string[]> => this.#note("show", this.states);
  override get = (): Promise<void> => this.#note("get", undefined);
  override set = (): Promise<void> => this.#note("set", undefined);
  override unset = (): Promise<void> => this.#note("unset", undefined);
  override checkRoot = (): Promise<boolean> => this.#note("checkRoot", this.root);
  override getRoot = (): Promise<void> => this.#note("getRoot", undefined);
  override setRoot = (): Promise<void> => this.#note("setRoot", undefined);
  override unsetRoot = (): Promise<void> => this.#note("unsetRoot", undefined);
  isSame = (): Promise<boolean> => this.#note("isSame", this.same);
  isSameRoot = (): Promise<boolean> => this.#note("isSame", this.same);
}

const place = { gateway: "g", host: "here", path: "/own", sharedPath: "/shared" };

interface Scene {
  readonly calls: string[];
  readonly own: Noted;
  readonly shared: Noted;
  readonly swarm: Noted;
  readonly cluster: Noted;
  readonly skipped: string[];
  readonly backend: SourcedStates;
}

function scene(): Scene {
  const calls: string[] = [];
  const own = new Noted("own", calls);
  const [shared, swarm, cluster] = ["shared", "swarm", "cluster"].map((name) => new Noted(name, calls, ["clean"]));
  if (shared === undefined || swarm === undefined || cluster === undefined) throw new Error("unreachable");
  const skipped: string[] = [];
  const mirrors: Mirror[] = [
    { gateway: "other", host: "far", path: "/own", states: cluster },
    { gateway: "g", host: "near", path: "/own", states: swarm },
    { gateway: "g", host: "here", path: "/shared", states: shared },
    { gateway: "g", host: "here", path: "/own", states: new Noted("never", calls) },
  ];
  const onSkipped = ({ host }: { readonly host: string }): void => void skipped.push(host);
  return {
    calls,
    own,
    shared,
    swarm,
    cluster,
    skipped,
    backend: new SourcedStates({ own, place, mirrors, onSkipped }),
  };
}

function request(...scopes: readonly Scope[]): StateRequest {
  return { object: "guest", state: "clean", scopes, skipLocks: false };
}

const all = request("own", "swarm", "cluster", "shared");

describe("getting a state from mirrors", () => {
  test("asks the nearest permitted one, brings the state, and puts the object into it", async () => {
    const { backend, calls } = scene();
    await backend.get(all);
    assertEquals(calls, ["shared show", "shared isSame", "shared get", "own get"]);
  });

  test("brings nothing that this host has already", async () => {
    const { backend, calls, shared } = scene();
    shared.same = true;
    await backend.get(all);
    assertEquals(calls, ["shared show", "shared isSame", "own get"]);
  });

  test("goes on to the next one if the nearest lacks the state", async () => {
    const { backend, calls, shared, skipped } = scene();
    shared.states = [];
    await backend.get(all);
    assertEquals(calls, ["shared show", "swarm show", "swarm isSame", "swarm get", "own get"]);
    assertEquals(skipped, []);
  });

  test("goes on to the next one if the nearest cannot be reached, and tells", async () => {
    const { backend, calls, shared, swarm, skipped } = scene();
    shared.fails = swarm.fails = true;
    await backend.get(all);
    assertEquals(calls, ["cluster show", "cluster isSame", "cluster get", "own get"]);
    assertEquals(skipped, ["here", "near"]);
  });

  test("uses this host alone if no mirror has the state", async () => {
    const { backend, calls, own, shared, swarm, cluster } = scene();
    for (const mirror of [shared, swarm, cluster]) mirror.states = [];
    own.states = ["clean"];
    await backend.get(all);
    assertEquals(calls, ["shared show", "swarm show", "cluster show", "own get"]);
  });

  for (const scope of ["swarm", "cluster", "shared"] as const) {
    test(`with the scope ${scope} alone brings the state, and does not use it`, async () => {
      const { backend, calls } = scene();
      await backend.get(request(scope));
      assertEquals(calls, [`${scope} show`, `${scope} isSame`, `${scope} get`]);
    });
  }

  test("with the scope own alone asks no mirror", async () => {
    const { backend, calls } = scene();
    await backend.get(request("own"));
    assertEquals(calls, ["own get"]);
  });
});

describe("listing states of mirrors", () => {
  test("gives those of this host, and those that all permitted mirrors have", async () => {
    const { backend, own, shared, swarm, cluster } = scene();
    own.states = ["mine"];
    shared.states = ["a", "b"];
    swarm.states = ["b", "c"];
    cluster.states = ["b", "a"];
    assertEquals(await backend.show(all), ["mine", "b"]);
    assertEquals(await backend.show(request("shared", "cluster")), ["a", "b"]);
    assertEquals(await backend.show(request("own")), ["mine"]);
    assertEquals(await backend.show(request()), []);
  });

  test("gives none of the mirrors if the first has none", async () => {
    const { backend, shared, swarm } = scene();
    shared.states = [];
    swarm.states = ["a"];
    assertEquals(await backend.show(request("shared", "swarm")), []);
  });
});

describe("setting and removing states at mirrors", () => {
  for (const operation of ["set", "unset"] as const) {
    test(`${operation} concerns this host and then all permitted mirrors`, async () => {
      const { backend, calls } = scene();
      await backend[operation](all);
      assertEquals(calls, ["own", "shared", "swarm", "cluster"].map((name) => `${name} ${operation}`));
    });

    test(`${operation} goes on after a failure, and then reports every one`, async () => {
      const { backend, calls, shared, cluster } = scene();
      shared.fails = cluster.fails = true;
      const error = await assertRejects(() => backend[operation](all), MirrorsError, "2 of its mirrors failed");
      assertEquals(error.failures.map(({ host, path }) => `${path} of ${host}`), ["/shared of here", "/own of far"]);
      assertEquals(calls, [`own ${operation}`, `swarm ${operation}`]);
    });
  }

  test("set without the scope own needs the state on this host", async () => {
    const { backend, calls, own } = scene();
    await assertRejects(() => backend.set(request("shared")), StateError, "this host does not have the state");
    own.states = ["clean"];
    await backend.set(request("shared"));
    assertEquals(calls, ["own show", "own show", "shared set"]);
  });
});

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
