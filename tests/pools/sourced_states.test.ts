// States of this host and of mirrors: which mirrors are asked, in which order, and what happens if some fail.

import { describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import type { StateRequest } from "../../src/pools/backend.ts";
import { MirrorsError, StateAbortError, StateChangedError, StateError } from "../../src/pools/errors.ts";
import type { Mirror, MirrorStates } from "../../src/pools/mirrors.ts";
import { SourcedStates } from "../../src/pools/sourced_states.ts";
import { getStates, pushStates, setStates, unsetStates } from "../../src/pools/states.ts";
import { Noted, request } from "./noted_states.ts";

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

describe("a state that no place may give", () => {
  test("is an error of get without own if no mirror has it, and names the mirrors that failed", async () => {
    const { backend, shared, swarm } = scene();
    shared.states = [];
    await assertRejects(() => backend.get(request("shared")), StateError, "no permitted place has it");
    const lost: StateRequest = { ...request("shared"), onlyIf: "exists" };
    assertEquals((await assertRejects(() => backend.get(lost), StateChangedError)).exists, false);
    swarm.fails = true;
    const error = await assertRejects(() => backend.get(request("shared", "swarm")), MirrorsError, "no other place");
    assertEquals(error.failures.map(({ host }) => host), ["near"]);
  });

  test("is an error of get if this host does not have it, and mirrors that failed may have it", async () => {
    const { backend, calls, own, shared, swarm, cluster } = scene();
    for (const mirror of [shared, swarm, cluster]) mirror.fails = true;
    await assertRejects(() => backend.get(all), MirrorsError, "3 of its mirrors failed");
    own.states = ["clean"];
    await backend.get(all);
    assertEquals(calls.at(-1), "own get");
  });

  test("is an error of every operation if the scopes permit no place, and names the scopes of the mirrors", async () => {
    const calls: string[] = [];
    const mirror: Mirror = { gateway: "g", host: "near", path: "/own", states: new Noted("swarm", calls, ["clean"]) };
    const backend = new SourcedStates({ own: new Noted("own", calls), place, mirrors: [mirror] });
    const message = 'the scopes ["cluster"] permit no place: the mirrors have the scopes ["swarm"]';
    for (const operation of ["get", "set", "unset"] as const) {
      await assertRejects(() => backend[operation](request("cluster")), StateError, message);
    }
    await assertRejects(() => backend.has(request("cluster"), "get"), StateError, message);
    for (const run of [getStates, setStates, unsetStates, pushStates]) {
      await assertRejects(
        () => run(backend, [{ object: "guest", state: "clean" }], { scopes: ["cluster"] }),
        StateError,
      );
    }
    assertEquals(calls.filter((call) => !call.endsWith("Root")), []);
  });

  test("is asked for again at a mirror that failed once the operation after that is over", async () => {
    const { backend, calls, shared, skipped } = scene();
    shared.fails = true;
    assertEquals(await backend.has(all, "get"), true);
    shared.fails = false;
    await backend.get(all);
    assertEquals(calls.includes("shared get"), false);
    await backend.get(all);
    assertEquals([calls.includes("shared get"), skipped], [true, ["here"]]);
  });

  test("ends with the reason of the signal, and the mirror that it ended is not called skipped", async () => {
    const { backend, shared, skipped } = scene();
    const ends = new AbortController();
    shared.show = () => {
      ends.abort(new Error("enough"));
      return Promise.reject(new Error("ended"));
    };
    const ended = { ...all, signal: ends.signal };
    await assertRejects(() => backend.has(ended, "get"), Error, "enough");
    await assertRejects(() => backend.get(ended), Error, "enough");
    assertEquals(skipped, []);
  });
});

describe("the end at which a mirror fails", () => {
  const broken = (shared: Noted, isFault?: boolean): MirrorStates => ({
    show: shared.show,
    get: () => Promise.reject(new Error("no space left")),
    set: shared.set,
    unset: shared.unset,
    isSame: shared.isSame,
    ...isFault === undefined ? {} : { isFault: () => isFault },
  });
  const backendOf = (one: MirrorStates, calls: string[], skipped: string[] = []): SourcedStates =>
    new SourcedStates({
      own: new Noted("own", calls, ["clean"]),
      place,
      mirrors: [{ gateway: "g", host: "near", path: "/own", states: one }],
      onSkipped: ({ host }) => void skipped.push(host),
    });

  test("ends a get if the fault is that of this host, so that no older content is restored", async () => {
    const calls: string[] = [];
    const skipped: string[] = [];
    const backend = backendOf(broken(new Noted("swarm", calls, ["clean"]), false), calls, skipped);
    await assertRejects(() => backend.get(all), Error, "no space left");
    assertEquals([calls, skipped], [["swarm show", "swarm isSame"], []]);
  });

  for (const isFault of [true, undefined]) {
    test(`leads a get to this host if ${isFault ? "the fault is that of the mirror" : "it is not known"}`, async () => {
      const calls: string[] = [];
      const skipped: string[] = [];
      await backendOf(broken(new Noted("swarm", calls, ["clean"]), isFault), calls, skipped).get(all);
      assertEquals([calls.at(-1), skipped], ["own get", ["near"]]);
    });
  }

  test("leaves a pushed state here if this host cannot take it back, and the error says so", async () => {
    const calls: string[] = [];
    const own = new Noted("own", calls);
    const taken = new StateChangedError(true, { operation: "upload", object: "guest", state: "clean" });
    const states = { ...broken(new Noted("swarm", calls)), set: () => Promise.reject(taken) };
    const backend = new SourcedStates({ own, place, mirrors: [{ ...place, host: "near", states }] });
    const push = () => pushStates(backend, [{ object: "guest", state: "clean" }]);
    const error = await assertRejects(push, MirrorsError, "this host keeps it, and 1 of its mirrors failed");
    assertEquals([error.failures[0]?.error, calls.at(-1)], [taken, "own set"]);
    own.takeBack = () => Promise.resolve();
    await assertRejects(push, StateAbortError);
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

  test("unset takes a mirror that lacks the state for no failure, also if it does not know the condition", async () => {
    const { backend, calls, shared, swarm, cluster } = scene();
    shared.unset = () => Promise.reject(new Error("no such state"));
    shared.states = [];
    swarm.unset = () => Promise.reject(new StateChangedError(false, { operation: "unset", object: "", state: "" }));
    await backend.unset(all);
    assertEquals(calls, ["own unset", "shared show", "cluster unset"]);
    cluster.unset = () => Promise.reject(new Error("in use"));
    const error = await assertRejects(() => backend.unset(all), MirrorsError);
    assertEquals(error.failures.map(({ host }) => host), ["far"]);
  });

  test("unset is an error if no place has the state", async () => {
    const { backend, own, shared, swarm, cluster } = scene();
    for (const place of [own, shared, swarm, cluster]) {
      place.states = [];
      place.unset = () => Promise.reject(new Error("no such state"));
    }
    await assertRejects(() => backend.unset(all), StateError, "no permitted place has it");
  });

  test("unset concerns no mirror if this host cannot remove the state", async () => {
    const { backend, calls, own } = scene();
    own.states = ["clean"];
    own.unset = () => Promise.reject(new Error("in use"));
    await assertRejects(() => backend.unset(all), Error, "in use");
    assertEquals(calls, ["own show"]);
  });

  test("set without the scope own needs the state on this host", async () => {
    const { backend, calls, own } = scene();
    await assertRejects(() => backend.set(request("shared")), StateError, "this host does not have the state");
    own.states = ["clean"];
    await backend.set(request("shared"));
    assertEquals(calls, ["own show", "own show", "shared set"]);
  });
});
