// The operations on states of several objects: the policies decide, and a backend carries out.

import { checkOptions } from "../wire/checks.ts";
import type { StateBackend, StateRequest } from "./backend.ts";
import type { StateCondition } from "./condition.ts";
import { MirrorsError, StateAbortError, StateChangedError, StateError } from "./errors.ts";
import { checkedObject, checkedState, isRoot } from "./names.ts";
import { parsePolicy, type Policy, type PolicyOperation } from "./policies.ts";
import { SCOPES } from "./scopes.ts";
import {
  CHECK_OPTIONS,
  type CheckOptions,
  POLICY_OPTIONS,
  type PolicyOptions,
  POP_OPTIONS,
  type PopOptions,
  type StateOf,
  STATES_OPTIONS,
  type StatesOptions,
} from "./states_options.ts";

/**
 * Lists the states of objects.
 *
 * @param backend The backend.
 * @param objects The objects, such as `"guest"` or `"guest/disk"`.
 * @param options The scopes that take part, whether locks are skipped, and the signal that ends the operation.
 * @returns The names of the states of all objects, object by object.
 * @throws {RangeError} If the name of an object is invalid.
 * @throws {TypeError} If an option is unknown.
 */
export async function showStates(
  backend: StateBackend,
  objects: readonly string[],
  options: StatesOptions = {},
): Promise<string[]> {
  checkOptions("showStates", options, STATES_OPTIONS);
  for (const object of objects) checkedObject(object);
  const found: string[] = [];
  for (const object of objects) found.push(...await backend.show(requestOf({ object, state: "" }, options)));
  return found;
}

/**
 * Tells whether states exist. Objects that are missing are made, unless the policy says otherwise.
 *
 * @param backend The backend.
 * @param states The states.
 * @param options The policy for the objects themselves, the scopes, and the signal that ends the operation.
 * @returns Whether all states exist.
 * @throws {RangeError} If a name or the policy is invalid.
 * @throws {TypeError} If an option is unknown.
 */
export async function checkStates(
  backend: StateBackend,
  states: readonly StateOf[],
  options: CheckOptions = {},
): Promise<boolean> {
  checkOptions("checkStates", options, CHECK_OPTIONS);
  const policy = parsePolicy("check", options.checkPolicy ?? "rf");
  checkNames(states);
  for (const state of states) {
    const request = requestOf(state, options);
    if (!await isReady(backend, request, policy)) return false;
    if (!isRoot(state.state) && !await backend.has(request, "check")) return false;
  }
  return true;
}

/**
 * Puts objects into states.
 *
 * @param backend The backend.
 * @param states The states.
 * @param options The policy, `"ra"` by default: `a` aborts, `r` gets the state, `i` does nothing; for a missing state
 *   `a` aborts, `i` does nothing. Further the scopes, and the signal that ends the operation.
 * @throws {RangeError} If a name or a policy is invalid.
 * @throws {StateAbortError} If the policy aborts.
 * @throws {TypeError} If an option is unknown.
 */
export async function getStates(
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions = {},
): Promise<void> {
  checkOptions("getStates", options, POLICY_OPTIONS);
  await get(backend, states, options);
}

/**
 * Keeps the present condition of objects as states.
 *
 * @param backend The backend.
 * @param states The states.
 * @param options The policy, `"ff"` by default: `a` aborts, `r` keeps the existing state, `f` replaces it; for a
 *   missing state `a` aborts, `f` sets it. Further the scopes, and the signal that ends the operation.
 * @throws {RangeError} If a name or a policy is invalid.
 * @throws {StateAbortError} If the policy aborts.
 * @throws {StateError} If the object itself does not exist.
 * @throws {TypeError} If an option is unknown.
 */
export async function setStates(
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions = {},
): Promise<void> {
  checkOptions("setStates", options, POLICY_OPTIONS);
  await set("set", "ff", backend, states, options);
}

/**
 * Removes states.
 *
 * @param backend The backend.
 * @param states The states.
 * @param options The policy, `"fi"` by default: `r` keeps the state, `f` removes it; for a missing state `a` aborts,
 *   `i` does nothing. Further the scopes, and the signal that ends the operation.
 * @throws {RangeError} If a name or a policy is invalid.
 * @throws {StateAbortError} If the policy aborts.
 * @throws {TypeError} If an option is unknown.
 */
export async function unsetStates(
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions = {},
): Promise<void> {
  checkOptions("unsetStates", options, POLICY_OPTIONS);
  await unset("unset", "fi", backend, states, options);
}

/**
 * Keeps the present condition of objects as states that do not exist yet. Roots are skipped.
 *
 * @param backend The backend.
 * @param states The states.
 * @param options The options of {@linkcode setStates}. The policy is `"af"` by default.
 * @throws {RangeError} If a name or a policy is invalid.
 * @throws {StateAbortError} If the policy aborts.
 * @throws {StateError} If the object itself does not exist.
 * @throws {TypeError} If an option is unknown.
 */
export async function pushStates(
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions = {},
): Promise<void> {
  checkOptions("pushStates", options, POLICY_OPTIONS);
  await set("push", "af", backend, states.filter(({ state }) => !isRoot(state)), options);
}

/**
 * Puts objects into states, and then removes the states. Roots are skipped. A state that exists, and that the policy of
 * getting ignores, is not removed.
 *
 * @param backend The backend.
 * @param states The states.
 * @param options The policy of getting, the policy of removing, the scopes, and the signal that ends the operation.
 * @throws {RangeError} If a name or a policy is invalid.
 * @throws {StateAbortError} If a policy aborts.
 * @throws {TypeError} If an option is unknown.
 */
export async function popStates(
  backend: StateBackend,
  states: readonly StateOf[],
  options: PopOptions = {},
): Promise<void> {
  checkOptions("popStates", options, POP_OPTIONS);
  const { getPolicy = "ra", unsetPolicy = "fa", ...others } = options;
  parsePolicy("get", getPolicy);
  parsePolicy("unset", unsetPolicy);
  checkNames(states);
  for (const state of states.filter((one) => !isRoot(one.state))) {
    if (await get(backend, [state], { ...others, policy: getPolicy })) continue;
    await unset("pop", "fa", backend, [state], { ...others, policy: unsetPolicy });
  }
}

/** Gets states whose policy allows it. Resolves with whether a state exists that was not got. */
async function get(backend: StateBackend, states: readonly StateOf[], options: PolicyOptions): Promise<boolean> {
  return await eachAllowed("get", "ra", backend, states, options, async (request) => {
    await (isRoot(request.state) ? backend.getRoot(request) : backend.get(request));
  });
}

/** Sets states whose policy allows it. */
async function set(
  operation: string,
  usual: string,
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions,
): Promise<void> {
  const warn = options.onWarning ?? (() => {});
  await eachAllowed("set", usual, backend, states, options, async (request, isThere) => {
    const { object, state } = request;
    if (isRoot(state)) {
      if (isThere) await backend.unsetRoot(request);
      await backend.setRoot(request);
      return;
    }
    if (isThere && backend.keepsExisting) {
      warn(`${operation}: the state ${JSON.stringify(state)} of ${JSON.stringify(object)} is not removed first`);
    } else if (isThere) {
      await backend.unset(request);
      // By now it is missing, whatever the condition was.
      return await backend.set({ ...request, onlyIf: undefined });
    } else if (!await backend.checkRoot(request)) {
      throw new StateError("the object itself does not exist: a check policy of f makes it", {
        operation,
        object,
        state,
      });
    }
    await backend.set(request);
  }, operation);
}

/** Removes states whose policy allows it. */
async function unset(
  operation: string,
  usual: string,
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions,
): Promise<void> {
  await eachAllowed("unset", usual, backend, states, options, async (request) => {
    await (isRoot(request.state) ? backend.unsetRoot(request) : backend.unset(request));
  }, operation);
}

/** The letters by which an operation goes on, by whether the state exists. Others do nothing, or abort. */
const active: Readonly<Record<Exclude<PolicyOperation, "check">, Readonly<Record<"ifExists" | "ifMissing", string>>>> =
  {
    get: { ifExists: "r", ifMissing: "" },
    set: { ifExists: "f", ifMissing: "f" },
    unset: { ifExists: "f", ifMissing: "" },
  };

/** Calls back for each state for which the policy says so. Resolves with whether a state exists that was left. */
async function eachAllowed(
  rule: Exclude<PolicyOperation, "check">,
  usual: string,
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions,
  carryOut: (request: StateRequest, exists: boolean) => Promise<void>,
  operation: string = rule,
): Promise<boolean> {
  const policy = parsePolicy(rule, options.policy ?? usual);
  const checkPolicy = parsePolicy("check", options.checkPolicy ?? "rf");
  checkNames(states);
  const acts = (isThere: boolean): boolean => {
    return active[rule][isThere ? "ifExists" : "ifMissing"].includes(isThere ? policy.ifExists : policy.ifMissing);
  };
  // What the letters decide now is decided again while the state is locked.
  const onlyIf: StateCondition["onlyIf"] = acts(true) === acts(false) ? undefined : acts(true) ? "exists" : "missing";
  let isLeft = false;
  for (const one of states) {
    const request = { ...requestOf(one, options), onlyIf: isRoot(one.state) ? undefined : onlyIf };
    let isThere = await isReady(backend, request, checkPolicy) &&
      (isRoot(one.state) || await has(rule, backend, request, acts(false)));
    let changed: StateChangedError | undefined;
    if (acts(isThere)) {
      try {
        await carryOut(request, isThere);
        continue;
      } catch (error) {
        if (!(error instanceof StateChangedError) || acts(error.exists)) throw error;
        changed = error;
        isThere = error.exists;
      }
    }
    const letter = isThere ? policy.ifExists : policy.ifMissing;
    const context = { operation, object: one.object, state: one.state, cause: changed };
    if (letter === "a") throw new StateAbortError(isThere, policy.text, context);
    if (letter === "i") options.onWarning?.(ignored(operation, one, isThere));
    isLeft ||= isThere;
  }
  return isLeft;
}

/** Tells whether a state exists. If some mirrors cannot be asked, a state that none of the others has may be set. */
async function has(
  rule: Exclude<PolicyOperation, "check">,
  backend: StateBackend,
  request: StateRequest,
  actsIfMissing: boolean,
): Promise<boolean> {
  try {
    return await backend.has(request, rule);
  } catch (error) {
    if (error instanceof MirrorsError && actsIfMissing) return false;
    throw error;
  }
}

function ignored(operation: string, { object, state }: StateOf, isThere: boolean): string {
  const condition = isThere ? "exists" : "does not exist";
  return `${operation}: the state ${JSON.stringify(state)} of ${JSON.stringify(object)} ${condition}, and is ignored`;
}

/** Makes the object itself ready as the policy says. Resolves with false if it is missing, and is not to be made. */
async function isReady(backend: StateBackend, request: StateRequest, policy: Policy): Promise<boolean> {
  request.signal?.throwIfAborted();
  // What is made here is made on this host alone.
  const own: StateRequest = { ...request, scopes: ["own"], onlyIf: undefined };
  if (!await backend.checkRoot(request)) {
    if (policy.ifMissing === "r") return false;
    await backend.setRoot(own);
  } else if (policy.ifExists === "f") {
    await backend.unsetRoot(own);
    await backend.setRoot(own);
  } else await backend.getRoot({ ...request, onlyIf: undefined });
  return true;
}

function checkNames(states: readonly StateOf[]): void {
  for (const { object, state } of states) {
    checkedObject(object);
    checkedState(state);
  }
}

function requestOf({ object, state }: StateOf, { scopes, skipLocks, signal }: StatesOptions): StateRequest {
  return { object, state, scopes: scopes ?? SCOPES, skipLocks: skipLocks ?? false, signal };
}
