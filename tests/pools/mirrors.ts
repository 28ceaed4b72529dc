// The table of every operation and policy on a host with two mirrors, for the places that have the state and those down.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type Client, connect } from "../../mod.ts";
import {
  checkStates,
  getStates,
  type Hosts,
  LocalStates,
  type Mirror,
  MirrorsError,
  parseLocation,
  PoolStates,
  popStates,
  pushStates,
  RemoteError,
  setStates,
  SourcedStates,
  StateAbortError,
  type StateBackend,
  type StateRequest,
  unsetStates,
} from "../../src/pools/mod.ts";
import { putState } from "./put_state.ts";
import { Value } from "./value.ts";

const clean = [{ object: "guest", state: "clean" }];
const GONE = "nothing";

/** This host, the near mirror and the far one: `h` has the state, `-` lacks it, and `x` is down. */
const scenes = ["hhh", "h--", "-h-", "--h", "-hh", "---", "hxh", "hxx", "-xh", "-hx", "-x-", "-xx"] as const;

/**
 * How the operations end, scene by scene.
 *
 * - `A`, `M`: abort, because the state exists or is missing. `E`: fail, because it is not known. Nothing has changed.
 * - `.`: nothing is done. `G`: the object returns to the state.
 * - `S`, `R`: the state is set, or removed, at every place. `s`, `r`: the same, but the mirrors that are down fail.
 * - `P`, `p`: the object returns to the state, which is then removed as by `R` and `r`.
 */
const rows: readonly (readonly [operation: string, policy: string, ends: string])[] = [
  //             hhh h-- -h- --h -hh --- hxh hxx -xh -hx -x- -xx
  ["get", "aa", " A   A   A   A   A   M   A   A   A   A   E   E"],
  ["get", "ai", " A   A   A   A   A   .   A   A   A   A   E   E"],
  ["get", "ra", " G   G   G   G   G   M   G   G   G   G   E   E"],
  ["get", "ri", " G   G   G   G   G   .   G   G   G   G   E   E"],
  ["get", "ia", " .   .   .   .   .   M   .   .   .   .   E   E"],
  ["get", "ii", " .   .   .   .   .   .   .   .   .   .   E   E"],
  ["set", "aa", " A   A   A   A   A   M   A   A   A   A   E   E"],
  ["set", "af", " A   A   A   A   A   S   A   A   A   A   s   s"],
  ["set", "ra", " .   .   .   .   .   M   .   .   .   .   E   E"],
  ["set", "rf", " .   .   .   .   .   S   .   .   .   .   s   s"],
  ["set", "fa", " S   S   S   S   S   M   s   s   s   s   E   E"],
  ["set", "ff", " S   S   S   S   S   S   s   s   s   s   s   s"],
  ["push", "aa", "A   A   A   A   A   M   A   A   A   A   E   E"],
  ["push", "af", "A   A   A   A   A   S   A   A   A   A   s   s"],
  ["push", "ra", ".   .   .   .   .   M   .   .   .   .   E   E"],
  ["push", "rf", ".   .   .   .   .   S   .   .   .   .   s   s"],
  ["push", "fa", "S   S   S   S   S   M   s   s   s   s   E   E"],
  ["push", "ff", "S   S   S   S   S   S   s   s   s   s   s   s"],
  ["unset", "ra", ".  .   .   .   .   M   .   .   .   .   E   E"],
  ["unset", "ri", ".  .   .   .   .   .   .   .   .   .   E   E"],
  ["unset", "fa", "R  R   R   R   R   M   r   r   r   r   E   E"],
  ["unset", "fi", "R  R   R   R   R   .   r   r   r   r   E   E"],
  ["pop get", "ra", " G   G   G   G   G   M   G   G   G   G   E   E"],
  ["pop get", "ri", " G   G   G   G   G   .   G   G   G   G   E   E"],
  ["pop get", "ia", " .   .   .   .   .   M   .   .   .   .   E   E"],
  ["pop get", "aa", " A   A   A   A   A   M   A   A   A   A   E   E"],
  ["pop unset", "fa", "P  P   P   P   P   M   p   p   p   p   E   E"],
  ["pop unset", "fi", "P  P   P   P   P   .   p   p   p   p   E   E"],
  ["pop unset", "ra", "G  G   G   G   G   M   G   G   G   G   E   E"],
  ["pop", "rafa", "P   P   P   P   P   M   p   p   p   p   E   E"],
];

type Run = (backend: StateBackend, policy: string) => Promise<void>;
const operations: Readonly<Record<string, Run>> = {
  get: (backend, policy) => getStates(backend, clean, { policy }),
  set: (backend, policy) => setStates(backend, clean, { policy }),
  push: (backend, policy) => pushStates(backend, clean, { policy }),
  unset: (backend, policy) => unsetStates(backend, clean, { policy }),
  "pop get": (backend, getPolicy) => popStates(backend, clean, { getPolicy, unsetPolicy: "ri" }),
  "pop unset": (backend, unsetPolicy) => popStates(backend, clean, { getPolicy: "ri", unsetPolicy }),
  pop: (backend, policy) => popStates(backend, clean, { getPolicy: policy.slice(0, 2), unsetPolicy: policy.slice(2) }),
};

/** What the table is about. */
interface Bed {
  readonly directory: string;
  readonly store: Client;
}

/** Defines the table. `locate` returns the location of a pool in a directory. The caller closes the hosts. */
export function mirrorSuite(name: string, hosts: Hosts, locate: (directory: string) => string): void {
  describe(`a host with two mirrors, each ${name}`, () => {
    let bed: Bed;
    beforeEach(async () => {
      bed = { directory: await mkdtemp(join(tmpdir(), "tsxs-mirrors-")), store: await connect("embedded:") };
    });
    afterEach(async () => {
      await bed.store.close();
      await rm(bed.directory, { recursive: true });
    });

    /** Makes the places of a scene, each with its own content of the state. */
    const prepare = async (base: string, scene: string): Promise<void> => {
      await bed.store.write("/guest", "now");
      for (const [i, place] of ["here", "near", "far"].entries()) {
        if (scene[i] !== "h") continue;
        await putState(join(base, place), "clean", null, { "clean.value": new TextEncoder().encode(`of ${place}`) });
      }
    };
    const open = (base: string, scene: string): { backend: SourcedStates; asked: string[]; skipped: string[] } => {
      const [asked, skipped] = [[] as string[], [] as string[]];
      const own = new LocalStates({ directory: join(base, "here"), parts: () => [new Value(bed.store)] });
      const mirror = (path: string, isDown: boolean): Mirror => {
        const states = new PoolStates({ own: own.states, pool: hosts.states(parseLocation(locate(join(base, path)))) });
        const call = <T>(run: (request: StateRequest) => Promise<T>) => (request: StateRequest): Promise<T> => {
          if (!isDown) return run(request);
          asked.push(path);
          return Promise.reject(new RemoteError(path, "unreachable", ""));
        };
        return {
          gateway: path === "near" ? "g" : "other",
          host: path,
          path,
          states: {
            show: call((request) => states.show(request)),
            get: call((request) => states.get(request)),
            set: call((request) => states.set(request)),
            unset: call((request) => states.unset(request)),
            isSame: call((request) => states.isSame(request)),
          },
        };
      };
      const place = { gateway: "g", host: "here", path: "here", sharedPath: "" };
      const mirrors = [mirror("far", scene[2] === "x"), mirror("near", scene[1] === "x")];
      const backend = new SourcedStates({ own, place, mirrors, onSkipped: ({ path }) => void skipped.push(path) });
      return { backend, asked, skipped };
    };
    /** The contents of the object, of the state on this host, and at both mirrors. */
    const found = async (base: string): Promise<string[]> => [
      await bed.store.readText("/guest"),
      ...await Promise.all(
        ["here", "near", "far"].map((place) =>
          readFile(join(base, place, "guest/clean.value"), "utf8").catch(() => GONE)
        ),
      ),
    ];

    for (const [operation, policy, text] of rows) {
      const ends = text.trim().split(/\s+/);
      test(`${operation} with the policy ${policy} acts on all places that can be reached, and names the others`, async () => {
        for (const [i, scene] of scenes.entries()) {
          const base = join(bed.directory, scene.replaceAll("-", "_"));
          await prepare(base, scene);
          const before = await found(base);
          const { backend, asked, skipped } = open(base, scene);
          const outcome = await operations[operation]?.(backend, policy).then(() => "done", (error: unknown) => error);
          const end = ends[i] ?? "";
          const where = `${scene}: ${end}, but ${outcome instanceof Error ? outcome.message : outcome}`;
          const down = [scene[1] === "x" ? "near" : "", scene[2] === "x" ? "far" : ""].filter((path) => path !== "");

          if ("AM".includes(end)) {
            assertEquals(outcome instanceof StateAbortError && outcome.exists, end === "A", where);
            assertEquals(outcome instanceof StateAbortError, true, where);
          } else if ("Esrp".includes(end)) {
            const failures = outcome instanceof MirrorsError ? outcome.failures.map(({ path }) => path) : null;
            assertEquals(failures, down, where);
          } else assertEquals(outcome, "done", where);

          const after = await found(base);
          const source = before.slice(2).find((content) => content !== GONE) ?? before[1] ?? "";
          if ("AME.".includes(end)) assertEquals(after, before, where);
          else if (end === "G") {
            assertEquals(after, [source, source, ...before.slice(2)], where);
          } else {
            const state = "Ss".includes(end) ? "now" : GONE;
            const mirrors = [1, 2].map((at) => scene[at] === "x" ? GONE : state);
            assertEquals(after, ["Pp".includes(end) ? source : "now", state, ...mirrors], where);
          }
          const most = operation.startsWith("pop") ? 2 : 1;
          for (const path of down) assertEquals(asked.filter((one) => one === path).length <= most, true, where);
          assertEquals(
            new Set(skipped).size <= down.length && skipped.every((path) => down.includes(path)),
            true,
            where,
          );
        }
      });
    }

    test("check finds a state at any place, and fails if it is not known", async () => {
      const ends: string[] = [];
      for (const scene of scenes) {
        const base = join(bed.directory, scene.replaceAll("-", "_"));
        await prepare(base, scene);
        const outcome = await checkStates(open(base, scene).backend, clean).catch((error: unknown) => error);
        ends.push(outcome instanceof MirrorsError ? "fails" : `${outcome}`);
      }
      assertEquals(ends, [...Array(5).fill("true"), "false", ...Array(4).fill("true"), "fails", "fails"]);
    });

    test("a get names each mirror once that it could not ask", async () => {
      const base = join(bed.directory, "once");
      await prepare(base, "-xh");
      const { backend, asked, skipped } = open(base, "-xh");
      await getStates(backend, clean);
      assertEquals([asked, skipped], [["near"], ["near"]]);
    });
  });
}
