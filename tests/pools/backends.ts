// The table of every backend, operation and policy, for states that exist and states that are missing.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import {
  checkStates,
  getStates,
  type Hosts,
  LocalStates,
  parseLocation,
  PoolStates,
  popStates,
  pushStates,
  RootSourcedStates,
  setStates,
  SourcedStates,
  StateAbortError,
  type StateBackend,
  unsetStates,
} from "../../src/pools/mod.ts";
import { putState } from "./put_state.ts";
import { Value } from "./value.ts";

const clean = [{ object: "guest", state: "clean" }];
const root = [{ object: "guest", state: "root" }];
const GONE = "nothing";

type Run = (backend: StateBackend, policy: string) => Promise<unknown>;
const operations: Readonly<Record<string, Run>> = {
  get: (backend, policy) => getStates(backend, clean, { policy }),
  set: (backend, policy) => setStates(backend, clean, { policy }),
  unset: (backend, policy) => unsetStates(backend, clean, { policy }),
  push: (backend, policy) => pushStates(backend, clean, { policy }),
  "pop get": (backend, getPolicy) => popStates(backend, clean, { getPolicy, unsetPolicy: "ri" }),
  "pop unset": (backend, unsetPolicy) => popStates(backend, clean, { getPolicy: "ri", unsetPolicy }),
};

/** What an operation makes of the object, whose content is `now`, and of the state, whose content is `kept`. */
const effects = {
  aborts: null,
  "changes nothing": ["now", "kept"],
  "finds nothing to do": ["now", GONE],
  "returns to the state": ["kept", "kept"],
  "keeps the object": ["now", "now"],
  "removes the state": ["now", GONE],
  "returns to the state, and removes it": ["kept", GONE],
} as const;

/** The letters for a state that exists and one that is missing, whichever the other letter is. */
const rows: readonly (readonly [
  operation: string,
  policy: string,
  exists: keyof typeof effects,
  missing: keyof typeof effects,
])[] = [
  ["get", "aa", "aborts", "aborts"],
  ["get", "ai", "aborts", "finds nothing to do"],
  ["get", "ra", "returns to the state", "aborts"],
  ["get", "ri", "returns to the state", "finds nothing to do"],
  ["get", "ia", "changes nothing", "aborts"],
  ["get", "ii", "changes nothing", "finds nothing to do"],
  ["set", "aa", "aborts", "aborts"],
  ["set", "af", "aborts", "keeps the object"],
  ["set", "ra", "changes nothing", "aborts"],
  ["set", "rf", "changes nothing", "keeps the object"],
  ["set", "fa", "keeps the object", "aborts"],
  ["set", "ff", "keeps the object", "keeps the object"],
  ["unset", "ra", "changes nothing", "aborts"],
  ["unset", "ri", "changes nothing", "finds nothing to do"],
  ["unset", "fa", "removes the state", "aborts"],
  ["unset", "fi", "removes the state", "finds nothing to do"],
  ["push", "af", "aborts", "keeps the object"],
  ["push", "rf", "changes nothing", "keeps the object"],
  ["push", "ff", "keeps the object", "keeps the object"],
  ["pop get", "ra", "returns to the state", "aborts"],
  ["pop get", "ii", "changes nothing", "finds nothing to do"],
  ["pop unset", "fa", "returns to the state, and removes it", "aborts"],
  ["pop unset", "ri", "returns to the state", "finds nothing to do"],
];

/** Defines the table. `locate` returns the location of a pool in a directory. The caller closes the hosts. */
export function backendSuites(name: string, hosts: Hosts, locate: (directory: string) => string): void {
  let [here, pool] = ["", ""];
  let store: Client;

  const local = (): LocalStates => new LocalStates({ directory: here, parts: () => [new Value(store)] });
  const shared = (): PoolStates =>
    new PoolStates({ own: local().states, pool: hosts.states(parseLocation(locate(pool))) });
  const place = { gateway: "g", host: "h", path: "/here" };
  const mirrors = () => [{ gateway: "g", host: "other", path: "/pool", states: shared() }];
  const makers: Readonly<Record<string, () => StateBackend>> = {
    LocalStates: local,
    PoolStates: shared,
    SourcedStates: () =>
      new SourcedStates({ own: local(), place: { ...place, sharedPath: "/pool" }, mirrors: mirrors() }),
    RootSourcedStates: () => new RootSourcedStates({ own: local(), pool: shared() }),
  };

  const kept = (directory: string): Promise<string> =>
    readFile(join(directory, "guest/clean.value"), "utf8").catch(() => GONE);
  const value = async (): Promise<string> => await store.exists("/guest") ? await store.readText("/guest") : GONE;
  const put = (directory: string, text: string, state = "clean") =>
    putState(directory, state, null, { [`${state}.value`]: new TextEncoder().encode(text) });

  for (const [backend, make] of Object.entries(makers)) {
    describe(`${backend} with ${name}`, () => {
      beforeEach(async () => {
        const directory = await mkdtemp(join(tmpdir(), "tsxs-backends-"));
        [here, pool] = [join(directory, "here"), join(directory, "pool")];
        store = await connect("embedded:");
        await store.write("/guest", "now");
      });
      afterEach(async () => {
        await store.close();
        await rm(join(here, ".."), { recursive: true });
      });

      /** Makes the object, and the state if it exists, in all places of the backend. */
      const prepare = async (exists: boolean): Promise<void> => {
        if (backend === "PoolStates") {
          await put(here, "now");
          for (const directory of [here, pool]) await put(directory, "root", "root");
          if (exists) await put(pool, "kept");
          return;
        }
        if (exists) await put(here, "kept");
        if (exists && backend === "SourcedStates") await put(pool, "kept");
      };
      /** The content of the object, and that of the state in each place of the backend. */
      const found = async (): Promise<readonly string[]> => {
        if (backend === "PoolStates") return [await kept(here), await kept(pool)];
        if (backend === "SourcedStates") return [await value(), await kept(here), await kept(pool)];
        return [await value(), await kept(here)];
      };
      const expected = ([object, state]: readonly [string, string]): readonly string[] =>
        backend === "SourcedStates" ? [object, state, state] : [object, state];

      for (const [operation, policy, ifExists, ifMissing] of rows) {
        for (const exists of [true, false]) {
          const effect = exists ? ifExists : ifMissing;
          const state = exists ? "exists" : "is missing";
          test(`${operation} with the policy ${policy} ${effect} if the state ${state}`, async () => {
            await prepare(exists);
            const run = (): Promise<unknown> => operations[operation]?.(make(), policy) ?? Promise.reject();
            const contents = effects[effect];
            if (contents === null) {
              const before = await found();
              const error = await assertRejects(run, StateAbortError);
              assertEquals([error.exists, await found()], [exists, before]);
            } else {
              await run();
              assertEquals(await found(), expected(contents));
            }
          });
        }
      }

      test("check tells whether the state exists", async () => {
        await prepare(false);
        assertEquals(await checkStates(make(), clean), false);
        await prepare(true);
        assertEquals(await checkStates(make(), clean), true);
      });

      if (backend === "PoolStates") {
        test("get, set and unset of the root bring the object itself, and remove it from the pool", async () => {
          const contentOf = (directory: string): Promise<string> =>
            readFile(join(directory, "guest/root.value"), "utf8").catch(() => GONE);
          await put(here, "own", "root");
          assertEquals(await checkStates(make(), root, { checkPolicy: "rr" }), false);
          await setStates(make(), root);
          assertEquals(await contentOf(pool), "own");
          await put(here, "changed", "root");
          await getStates(make(), root);
          assertEquals(await contentOf(here), "own");
          await unsetStates(make(), root);
          assertEquals(await contentOf(pool), GONE);
        });
        return;
      }

      for (
        const [checkPolicy = "", ifExists = "", ifMissing = ""] of [
          ["rr", "now", GONE],
          ["rf", "now", "made"],
          ["fr", "made", GONE],
          ["ff", "made", "made"],
        ]
      ) {
        test(`a check with the policy ${checkPolicy} leaves ${ifExists} of an object, and ${ifMissing} if it is missing`, async () => {
          const isThere = await checkStates(make(), root, { checkPolicy });
          assertEquals([await value(), isThere], [ifExists, true]);
          await store.delete("/guest");
          assertEquals(await checkStates(make(), root, { checkPolicy }), ifMissing !== GONE);
          assertEquals(await value(), ifMissing);
        });
      }

      if (backend === "RootSourcedStates") {
        test("a check brings the object of the pool, which wins, and the scopes decide", async () => {
          const scopes = ["shared"] as const;
          await put(pool, "theirs", "root");
          assertEquals(await checkStates(make(), root, { scopes, checkPolicy: "rr" }), true);
          assertEquals(await readFile(join(here, "guest/root.value"), "utf8"), "theirs");
        });
      }
    });
  }
}
