// What each operation on states asks of a backend, for each policy, for states that exist and states that are missing.

import { describe, test } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  checkStates,
  getStates,
  NotImplementedError,
  popStates,
  pushStates,
  setStates,
  showStates,
  StateAbortError,
  StateBackend,
  StateError,
  type StateRequest,
  unsetStates,
} from "../../src/pools/mod.ts";

/** A backend that notes what it is asked for, and keeps states in memory. */
class Noted extends StateBackend {
  readonly calls: string[] = [];
  override readonly keepsExisting: boolean;
  #root: boolean;
  readonly #states: Set<string>;

  constructor({ root = true, states = [] as readonly string[], keepsExisting = false } = {}) {
    super();
    this.#root = root;
    this.#states = new Set(states);
    this.keepsExisting = keepsExisting;
  }

  #note(name: string, { object, state, scopes }: StateRequest): void {
    const own = scopes.length === 1 ? ` ${scopes[0]}` : "";
    this.calls.push(`${name}${state === "" ? "" : ` ${state}`}${object === "guest" ? "" : ` of ${object}`}${own}`);
  }

  override show(request: StateRequest): Promise<string[]> {
    this.#note("show", request);
    return Promise.resolve([...this.#states]);
  }

  override get(request: StateRequest): Promise<void> {
    return Promise.resolve(this.#note("get", request));
  }

  override set(request: StateRequest): Promise<void> {
    this.#states.add(request.state);
    return Promise.resolve(this.#note("set", request));
  }

  override unset(request: StateRequest): Promise<void> {
    this.#states.delete(request.state);
    return Promise.resolve(this.#note("unset", request));
  }

  override checkRoot(request: StateRequest): Promise<boolean> {
    this.calls.push("checkRoot");
    assert(request.object !== "");
    return Promise.resolve(this.#root);
  }

  override getRoot(request: StateRequest): Promise<void> {
    return Promise.resolve(this.#note("getRoot", { ...request, state: "" }));
  }

  override setRoot(request: StateRequest): Promise<void> {
    this.#root = true;
    return Promise.resolve(this.#note("setRoot", { ...request, state: "" }));
  }

  override unsetRoot(request: StateRequest): Promise<void> {
    this.#root = false;
    return Promise.resolve(this.#note("unsetRoot", { ...request, state: "" }));
  }
}

const guest = [{ object: "guest", state: "clean" }];
const ready = ["checkRoot", "getRoot", "show"];

type Run = (backend: StateBackend, policy: string) => Promise<unknown>;
const operations: Readonly<Record<"get" | "set" | "unset" | "push" | "pop get" | "pop unset", Run>> = {
  get: (backend, policy) => getStates(backend, guest, { policy }),
  set: (backend, policy) => setStates(backend, guest, { policy }),
  unset: (backend, policy) => unsetStates(backend, guest, { policy }),
  push: (backend, policy) => pushStates(backend, guest, { policy }),
  "pop get": (backend, getPolicy) => popStates(backend, guest, { getPolicy, unsetPolicy: "ri" }),
  "pop unset": (backend, unsetPolicy) => popStates(backend, guest, { getPolicy: "ri", unsetPolicy }),
};

/** What a backend is asked for after the state was looked for; "abort" if the operation aborts. */
const rows: readonly [keyof typeof operations, state: "exists" | "missing", letter: string, calls: string][] = [
  ["get", "exists", "a", "abort"],
  ["get", "exists", "r", "get clean"],
  ["get", "exists", "i", ""],
  ["get", "missing", "a", "abort"],
  ["get", "missing", "i", ""],
  ["set", "exists", "a", "abort"],
  ["set", "exists", "r", ""],
  ["set", "exists", "f", "unset clean, set clean"],
  ["set", "missing", "a", "abort"],
  ["set", "missing", "f", "checkRoot, set clean"],
  ["unset", "exists", "r", ""],
  ["unset", "exists", "f", "unset clean"],
  ["unset", "missing", "a", "abort"],
  ["unset", "missing", "i", ""],
  ["push", "exists", "a", "abort"],
  ["push", "exists", "r", ""],
  ["push", "exists", "f", "unset clean, set clean"],
  ["push", "missing", "a", "abort"],
  ["push", "missing", "f", "checkRoot, set clean"],
  ["pop get", "exists", "a", "abort"],
  ["pop get", "exists", "r", "get clean, checkRoot, getRoot, show"],
  ["pop get", "exists", "i", ""],
  ["pop get", "missing", "a", "abort"],
  ["pop get", "missing", "i", "checkRoot, getRoot, show"],
  ["pop unset", "exists", "r", "get clean, checkRoot, getRoot, show"],
  ["pop unset", "exists", "f", "get clean, checkRoot, getRoot, show, unset clean"],
  ["pop unset", "missing", "a", "checkRoot, getRoot, show, abort"],
  ["pop unset", "missing", "i", "checkRoot, getRoot, show"],
];

/** A letter for the other case, which the operation knows. */
const others: Readonly<Record<string, readonly [ifExists: string, ifMissing: string]>> = {
  get: ["r", "a"],
  set: ["r", "a"],
  unset: ["r", "i"],
  push: ["r", "a"],
  "pop get": ["r", "a"],
  "pop unset": ["r", "i"],
};

describe("the policies of states", () => {
  for (const [name, state, letter, expected] of rows) {
    const [ifExists = "", ifMissing = ""] = others[name] ?? [];
    const policy = state === "exists" ? `${letter}${ifMissing}` : `${ifExists}${letter}`;
    const rest = expected === "" ? "does nothing" : expected === "abort" ? "aborts" : `asks for ${expected}`;
    test(`${name} of a state that ${state} with the policy ${policy} ${rest}`, async () => {
      const backend = new Noted({ states: state === "exists" ? ["clean"] : [] });
      const aborts = expected.endsWith("abort");
      if (aborts) {
        const error = await assertRejects(() => operations[name](backend, policy), StateAbortError);
        assertEquals([error.exists, error.object, error.state], [state === "exists", "guest", "clean"]);
      } else await operations[name](backend, policy);
      const calls = expected.split(", ").filter((call) => call !== "abort" && call !== "");
      assertEquals(backend.calls, [...ready, ...calls]);
    });
  }

  const letters = "arif";
  const known: Readonly<Record<keyof typeof operations, readonly [ifExists: string, ifMissing: string]>> = {
    get: ["ari", "ai"],
    set: ["arf", "af"],
    unset: ["rf", "ai"],
    push: ["arf", "af"],
    "pop get": ["ari", "ai"],
    "pop unset": ["rf", "ai"],
  };
  for (const [name, [ifExists, ifMissing]] of Object.entries(known)) {
    const run = operations[name as keyof typeof operations];
    for (const first of `${letters}x`) {
      for (const second of `${letters}x`) {
        if (ifExists.includes(first) && ifMissing.includes(second)) continue;
        test(`${name} refuses the policy ${first}${second} before it asks a backend`, async () => {
          const backend = new Noted();
          await assertRejects(() => run(backend, `${first}${second}`), RangeError, `the policy "${first}${second}"`);
          assertEquals(backend.calls, []);
        });
      }
    }
  }

  test("a policy of another length is refused", async () => {
    for (const policy of ["", "r", "raa", " ra"]) {
      await assertRejects(() => getStates(new Noted(), guest, { policy }), RangeError, "is invalid");
    }
  });
});

describe("the default policies", () => {
  test("get aborts if the state is missing, and gets it otherwise", async () => {
    await assertRejects(() => getStates(new Noted(), guest), StateAbortError, '"ra" aborts');
    const backend = new Noted({ states: ["clean"] });
    await getStates(backend, guest);
    assertEquals(backend.calls.at(-1), "get clean");
  });

  test("set replaces a state that exists", async () => {
    const backend = new Noted({ states: ["clean"] });
    await setStates(backend, guest);
    assertEquals(backend.calls.slice(-2), ["unset clean", "set clean"]);
  });

  test("unset ignores a missing state, and says so", async () => {
    const warnings: string[] = [];
    await unsetStates(new Noted(), guest, { onWarning: (message) => warnings.push(message) });
    assertEquals(warnings, ['unset: the state "clean" of "guest" does not exist, and is ignored']);
  });

  test("push aborts if the state exists", async () => {
    await assertRejects(() => pushStates(new Noted({ states: ["clean"] }), guest), StateAbortError, '"af" aborts');
  });

  test("pop gets the state and removes it", async () => {
    const backend = new Noted({ states: ["clean"] });
    await popStates(backend, guest);
    assertEquals(backend.calls.filter((call) => call.endsWith("clean")), ["get clean", "unset clean"]);
  });

  test("pop does not remove a state that its policy of getting ignores, and says that it is ignored", async () => {
    const backend = new Noted({ states: ["clean"] });
    const warnings: string[] = [];
    const onWarning = (message: string): void => void warnings.push(message);
    await popStates(backend, [...guest, { object: "guest", state: "gone" }], {
      getPolicy: "ii",
      unsetPolicy: "fi",
      onWarning,
    });
    assertEquals(backend.calls.filter((call) => call.startsWith("unset")), []);
    assertEquals(warnings[0], 'get: the state "clean" of "guest" exists, and is ignored');
  });
});

describe("the object itself", () => {
  const missing = { root: false };

  test("check makes a missing object on this host alone", async () => {
    const backend = new Noted(missing);
    assertEquals(await checkStates(backend, guest), false);
    assertEquals(backend.calls, ["checkRoot", "setRoot own", "show"]);
  });

  test("check with the policy rr answers false for a missing object, and does not look for states", async () => {
    const backend = new Noted({ ...missing, states: ["clean"] });
    assertEquals(await checkStates(backend, guest, { checkPolicy: "rr" }), false);
    assertEquals(backend.calls, ["checkRoot"]);
  });

  test("check with the policy ff makes an existing object anew", async () => {
    const backend = new Noted({ states: ["clean"] });
    assertEquals(await checkStates(backend, guest, { checkPolicy: "ff" }), true);
    assertEquals(backend.calls, ["checkRoot", "unsetRoot own", "setRoot own", "show"]);
  });

  for (const policy of ["ar", "ir", "ra", "ri", "xr", "r", "rrr"]) {
    test(`check refuses the policy ${policy}`, async () => {
      await assertRejects(
        () => checkStates(new Noted(), guest, { checkPolicy: policy }),
        RangeError,
        "check: the policy",
      );
    });
  }

  test("check ends at the first state that is missing", async () => {
    const backend = new Noted({ states: ["clean"] });
    const states = [...guest, { object: "other", state: "missing" }, { object: "third", state: "clean" }];
    assertEquals(await checkStates(backend, states), false);
    assertEquals(backend.calls, [...ready, "checkRoot", "getRoot of other", "show of other"]);
  });

  test("set fails if a missing object is not made", async () => {
    const backend = new Noted(missing);
    const set = () => setStates(backend, guest, { checkPolicy: "rr" });
    const error = await assertRejects(set, StateError, 'set "clean" of "guest": the object itself does not exist');
    assertEquals([error.operation, error.object, error.state], ["set", "guest", "clean"]);
    assertEquals(backend.calls, ["checkRoot", "checkRoot"]);
  });

  for (const root of ["root", "0root", "boot", "0boot"]) {
    const states = [{ object: "guest", state: root }];

    test(`${root} stands for the object itself`, async () => {
      const backend = new Noted();
      assertEquals(await checkStates(backend, states), true);
      await getStates(backend, states);
      await setStates(backend, states);
      await unsetStates(backend, states);
      const check = ["checkRoot", "getRoot"];
      assertEquals(backend.calls, [
        ...check,
        ...[...check, "getRoot"],
        ...[...check, "unsetRoot", "setRoot"],
        ...[...check, "unsetRoot"],
      ]);
    });

    test(`push and pop skip ${root}`, async () => {
      const backend = new Noted();
      await pushStates(backend, states);
      await popStates(backend, states);
      assertEquals(backend.calls, []);
    });
  }

  test("set makes a root that is missing once, by its check", async () => {
    const backend = new Noted(missing);
    await setStates(backend, [{ object: "guest", state: "root" }], { checkPolicy: "rr" });
    assertEquals(backend.calls, ["checkRoot", "setRoot"]);
  });
});

describe("the operations on states", () => {
  test("set does not remove a state first if others may depend on it", async () => {
    const warnings: string[] = [];
    const backend = new Noted({ states: ["clean"], keepsExisting: true });
    await setStates(backend, guest, { onWarning: (message) => warnings.push(message) });
    assertEquals(backend.calls, [...ready, "set clean"]);
    assertEquals(warnings, ['set: the state "clean" of "guest" is not removed first']);
  });

  test("show lists the states of all objects, object by object", async () => {
    const backend = new Noted({ states: ["clean", "used"] });
    assertEquals(await showStates(backend, ["guest", "guest/disk"]), ["clean", "used", "clean", "used"]);
    assertEquals(backend.calls, ["show", "show of guest/disk"]);
  });

  test("no operation asks a backend if one of the names is invalid", async () => {
    const backend = new Noted();
    const invalid = ["", "..", ".hidden", "-rf", "a/b", "a\0b", "a\nb", "\ud800", "x".repeat(201), "é".repeat(101)];
    for (const state of invalid) {
      const states = [...guest, { object: "guest", state }];
      for (const run of [checkStates, getStates, setStates, unsetStates, pushStates, popStates]) {
        await assertRejects(() => run(backend, states), RangeError, "is invalid");
      }
    }
    for (const object of ["", "/guest", "guest/", "guest//disk", "guest/../x", "a/b/c/d/e/f/g/h/i"]) {
      await assertRejects(() => showStates(backend, [object]), RangeError, "is invalid");
    }
    assertEquals(backend.calls, []);
  });

  test("an unknown option is refused with the nearest name", async () => {
    const run = () => getStates(new Noted(), guest, { polcy: "ra" } as object);
    await assertRejects(run, TypeError, 'did you mean "policy"?');
  });

  test("an aborted signal ends an operation before it asks a backend", async () => {
    const backend = new Noted({ states: ["clean"] });
    const signal = AbortSignal.abort(new Error("enough"));
    await assertRejects(() => getStates(backend, guest, { signal }), Error, "enough");
    assertEquals(backend.calls, []);
  });

  test("a backend without an operation rejects with its name, and getRoot does nothing", async () => {
    class Empty extends StateBackend {}
    const request: StateRequest = { object: "guest", state: "clean", scopes: [], skipLocks: false };
    const backend = new Empty();
    for (const name of ["show", "get", "set", "unset", "checkRoot", "setRoot", "unsetRoot"] as const) {
      const error = await assertRejects(() => backend[name](request), NotImplementedError, "not implemented");
      assertEquals(error.operation, name);
    }
    assertEquals(await backend.getRoot(request), undefined);
  });
});
