// Two hosts that change one state at the same time: what a policy has decided is decided again while the state is locked.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import {
  getStates,
  type Hosts,
  LocalStates,
  type Mirror,
  MirrorsError,
  type MirrorStates,
  mirrorStates,
  parseLocation,
  PoolStates,
  popStates,
  pushStates,
  setStates,
  SourcedStates,
  StateAbortError,
  type StateBackend,
  TransferOps,
  unsetStates,
} from "../../src/pools/mod.ts";
import { putState } from "./put_state.ts";
import { Value } from "./value.ts";

const clean = [{ object: "guest", state: "clean" }];
const GONE = "nothing";
const kinds = ["LocalStates", "PoolStates", "SourcedStates"] as const;

/** Defines the tests. `open` connects to the hosts of pools; `locate` returns the location of a pool in a directory. */
export function raceSuite(
  name: string,
  open: () => Hosts,
  locate: (directory: string) => string,
  rounds: number = 10,
): void {
  describe(`two hosts that share a state by ${name}`, () => {
    let directory = "";
    let stores: Client[] = [];
    let hosts: Hosts[] = [];
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "tsxs-races-"));
      stores = [await connect("embedded:"), await connect("embedded:")];
      for (const [i, store] of stores.entries()) await store.write("/guest", `host ${i}`);
    });
    afterEach(async () => {
      for (const store of stores) await store.close();
      await rm(directory, { recursive: true });
    });
    // The connections are made once for all tests.
    before(() => {
      hosts = [open(), open()];
    });
    after(async () => {
      for (const one of hosts) await one.close();
    });

    const at = (path: string): string => join(directory, path);
    const contentOf = (path: string, state: string): Promise<string> =>
      readFile(join(at(path), `guest/${state}.value`), "utf8").catch(() => GONE);
    const put = (path: string, text: string, state = "clean") =>
      putState(at(path), state, null, { [`${state}.value`]: new TextEncoder().encode(text) });

    const localOf = (host: number, path: string): LocalStates => {
      const store = stores[host];
      assert(store !== undefined);
      return new LocalStates({ directory: at(path), parts: () => [new Value(store)], lock: { times: quick } });
    };
    const poolOf = (host: number, path = "shared"): PoolStates => {
      const pool = hosts[host]?.states(parseLocation(locate(at(path))));
      assert(pool !== undefined);
      return new PoolStates({ own: localOf(host, `own${host}`).states, pool, lock: { times: quick } });
    };
    const sourcedOf = (host: number, pools = ["shared"]): SourcedStates =>
      new SourcedStates({
        own: localOf(host, `own${host}`),
        place: { gateway: "", host: "here", path: `own${host}`, sharedPath: "" },
        mirrors: pools.map((path): Mirror => ({ gateway: "", host: "pool", path, states: poolOf(host, path) })),
      });
    const makers: Readonly<Record<typeof kinds[number], (host: number) => StateBackend>> = {
      LocalStates: (host) => localOf(host, "shared"),
      PoolStates: poolOf,
      SourcedStates: (host) => sourcedOf(host),
    };
    /** Makes what a host needs before it can set a state. */
    const prepare = async (kind: typeof kinds[number], state = "clean"): Promise<void> => {
      if (kind !== "PoolStates") return;
      await put("shared", "root", "root");
      for (const host of [0, 1]) await put(`own${host}`, `host ${host}`, state);
    };
    /** Has another host act after a backend has looked for a state, and before the backend acts. */
    const interrupted = <T extends StateBackend>(backend: T, act: () => Promise<unknown>): T => {
      const has = backend.has.bind(backend);
      let isFirst = true;
      backend.has = async (request, operation) => {
        const answer = await has(request, operation);
        if (isFirst) await act();
        isFirst = false;
        return answer;
      };
      return backend;
    };

    for (const kind of kinds) {
      const make = makers[kind];

      test(`push of ${kind} aborts if another host has pushed since the state was looked for`, async () => {
        await prepare(kind);
        const late = interrupted(make(0), () => pushStates(make(1), clean));
        const error = await assertRejects(() => pushStates(late, clean), StateAbortError, '"af" aborts');
        assertEquals([error.exists, error.operation], [true, "push"]);
        assertEquals(await contentOf("shared", "clean"), "host 1");
        if (kind === "SourcedStates") assertEquals(await contentOf("own0", "clean"), GONE);
      });

      test(`set of ${kind} with the policy rf keeps what another host has set since the state was looked for`, async () => {
        await prepare(kind);
        const late = interrupted(make(0), () => setStates(make(1), clean));
        await setStates(late, clean, { policy: "rf" });
        assertEquals(await contentOf("shared", "clean"), "host 1");
      });

      test(`unset of ${kind} aborts or ignores the state if another host has removed it since it was looked for`, async () => {
        await prepare(kind);
        for (const policy of ["fa", "fi"]) {
          await setStates(make(1), clean);
          const warnings: string[] = [];
          const late = interrupted(make(0), () => unsetStates(make(1), clean));
          const options = { policy, onWarning: (message: string) => void warnings.push(message) };
          const outcome = await unsetStates(late, clean, options).catch((error: unknown) => error);
          if (policy === "fa") assertEquals(outcome instanceof StateAbortError && outcome.exists, false);
          assertEquals(outcome instanceof StateAbortError, policy === "fa");
          assertEquals(warnings.length, policy === "fa" ? 0 : 1);
          assertEquals(await contentOf("shared", "clean"), GONE);
        }
      });

      test(`get of ${kind} aborts or ignores the state if another host has removed it since it was looked for`, async () => {
        await prepare(kind);
        for (const policy of ["ra", "ri"]) {
          await setStates(make(1), clean);
          const late = interrupted(make(0), () => unsetStates(make(1), clean));
          const outcome = await getStates(late, clean, { policy }).catch((error: unknown) => error);
          assertEquals(
            outcome instanceof StateAbortError ? outcome.exists : outcome,
            policy === "ra" ? false : undefined,
          );
        }
      });

      test(`push of ${kind} by two hosts at the same time succeeds on one of them, round by round`, async () => {
        for (let round = 0; round < rounds; round++) {
          const state = `s${round}`;
          await prepare(kind, state);
          const outcomes = await Promise.allSettled(
            [0, 1].map((host) => pushStates(make(host), [{ object: "guest", state }])),
          );
          const [winner, ...others] = [0, 1].filter((host) => outcomes[host]?.status === "fulfilled");
          assertEquals(others, [], `both hosts have pushed ${state}`);
          assertEquals(await contentOf("shared", state), `host ${winner}`);
          for (const outcome of outcomes) {
            if (outcome.status === "fulfilled") continue;
            assert(outcome.reason instanceof StateAbortError, String(outcome.reason));
            assertEquals(outcome.reason.exists, true);
          }
          if (kind === "SourcedStates") assertEquals(await contentOf(`own${1 - (winner ?? 0)}`, state), GONE);
        }
      });
    }

    for (const kind of ["LocalStates", "PoolStates"] as const) {
      test(`set of ${kind} with the policy fa aborts if the state was removed since it was looked for`, async () => {
        await prepare(kind);
        await setStates(makers[kind](1), clean);
        const late = interrupted(makers[kind](0), () => unsetStates(makers[kind](1), clean));
        const error = await assertRejects(() => setStates(late, clean, { policy: "fa" }), StateAbortError);
        assertEquals([error.exists, await contentOf("shared", "clean")], [false, GONE]);
      });
    }

    test("pop by two hosts at the same time succeeds on one of them", async () => {
      for (let round = 0; round < rounds; round++) {
        const states = [{ object: "guest", state: `p${round}` }];
        await pushStates(localOf(0, "shared"), states);
        const outcomes = await Promise.allSettled([0, 1].map((host) => popStates(localOf(host, "shared"), states)));
        assertEquals(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
        for (const outcome of outcomes) {
          assert(outcome.status === "fulfilled" || outcome.reason instanceof StateAbortError, JSON.stringify(outcome));
        }
      }
    });

    /** A host with the mirror of a location. Something may happen after the content of both was compared. */
    const mirroredOf = (host: number, afterCompare: () => Promise<unknown> = async () => {}): SourcedStates => {
      const ops = new TransferOps(at(`own${host}`), hosts[host], { lock: { times: quick } });
      const place = { gateway: "", host: "here", path: "own", sharedPath: "" };
      const mirror = mirrorStates(ops, locate(at("shared")));
      const isSame: MirrorStates["isSame"] = async (request) => {
        const answer = await mirror.isSame(request);
        await afterCompare();
        return answer;
      };
      const mirrors = [{ ...place, host: "pool", states: { ...mirror, isSame } }];
      return new SourcedStates({ own: localOf(host, `own${host}`), place, mirrors });
    };

    test("push to the mirror of a location aborts if another host has pushed since the state was looked for", async () => {
      const late = interrupted(mirroredOf(0), () => pushStates(mirroredOf(1), clean));
      await assertRejects(() => pushStates(late, clean), StateAbortError);
      const places = ["own0", "own1", "shared"];
      assertEquals(await Promise.all(places.map((path) => contentOf(path, "clean"))), [GONE, "host 1", "host 1"]);
      const removing = interrupted(mirroredOf(0), () => unsetStates(mirroredOf(1), clean));
      await assertRejects(() => unsetStates(removing, clean, { policy: "fa" }), StateAbortError);
    });

    test("get from the mirror of a location aborts or ignores a state that is removed before it is read", async () => {
      for (const policy of ["ra", "ri"]) {
        await setStates(mirroredOf(1), clean);
        const late = mirroredOf(0, () => unsetStates(mirroredOf(1), clean));
        const outcome = await getStates(late, clean, { policy }).catch((error: unknown) => error);
        const expected = policy === "ra" ? false : undefined;
        assertEquals(outcome instanceof StateAbortError ? outcome.exists : outcome, expected);
      }
    });

    test("a push that has reached one mirror reports another one that has a state of this name by then", async () => {
      const late = interrupted(sourcedOf(0, ["one", "two"]), () => pushStates(sourcedOf(1, ["two"]), clean));
      const error = await assertRejects(() => pushStates(late, clean), MirrorsError, "the state exists already");
      assertEquals(error.failures.map(({ path }) => path), ["two"]);
      const places = ["own0", "one", "two"];
      assertEquals(await Promise.all(places.map((path) => contentOf(path, "clean"))), ["host 0", "host 0", "host 1"]);
    });

    test("a push to two mirrors that are one directory succeeds", async () => {
      await pushStates(sourcedOf(0, ["shared", "shared"]), clean);
      assertEquals(await contentOf("shared", "clean"), "host 0");
    });

    test("a push that lost keeps what another process of its host has set by then", async () => {
      const own = localOf(0, "own0");
      const pool = poolOf(0);
      const mirror: Mirror = {
        gateway: "",
        host: "pool",
        path: "shared",
        states: {
          show: (request) => pool.show(request),
          get: (request) => pool.get(request),
          unset: (request) => pool.unset(request),
          isSame: (request) => pool.isSame(request),
          set: async (request) => {
            await pushStates(sourcedOf(1), clean);
            await stores[0]?.write("/guest", "newer");
            await setStates(localOf(0, "own0"), clean);
            await pool.set(request);
          },
        },
      };
      const place = { gateway: "", host: "here", path: "own0", sharedPath: "" };
      const late = new SourcedStates({ own, place, mirrors: [mirror] });
      await assertRejects(() => pushStates(late, clean), StateAbortError);
      assertEquals([await contentOf("own0", "clean"), await contentOf("shared", "clean")], ["newer", "host 1"]);
    });
  });
}

const quick = { heartbeat: 10_000, stale: 60_000, poll: 5 };
