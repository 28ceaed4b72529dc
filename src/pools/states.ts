// The operations on states of several objects: the policies decide, and a backend carries out.

import { checkOptions, type OptionNames } from "../wire/checks.ts";
import type { StateBackend, StateRequest } from "./backend.ts";
import { StateAbortError, StateError } from "./errors.ts";
import { checkedObject, checkedState, isRoot } from "./names.ts";
import { parsePolicy, type Policy, type PolicyOperation } from "./policies.ts";
import { type Scope, SCOPES } from "./scopes.ts";

/** A state of an object. */
export interface StateOf {
  /** The object, such as `"guest"` or `"guest/disk"`. */
  readonly object: string;
  /** The name of the state. `root`, `0root`, `boot` and `0boot` stand for the object itself. */
  readonly state: string;
}

/** The options of every operation on states. */
export interface StatesOptions {
  /**
   * The scopes that take part.
   *
   * @default ["own", "swarm", "cluster", "shared"]
   */
  readonly scopes?: readonly Scope[] | undefined;
  /**
   * Whether a reader does not wait for locks. It may then find a state that another process is about to replace.
   *
   * @default false
   */
  readonly skipLocks?: boolean | undefined;
  /**
   * Ends the operation, with the signal's reason.
   *
   * @default undefined
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options of {@linkcode checkStates}. */
export interface CheckOptions extends StatesOptions {
  /**
   * What happens to the object itself. First letter, if it exists: `r` makes it ready, `f` makes it anew. Second
   * letter, if it is missing: `r` answers false, `f` makes it.
   *
   * @default "rf"
   */
  readonly checkPolicy?: string | undefined;
}

/** The options of an operation with a policy. */
export interface PolicyOptions extends CheckOptions {
  /**
   * What happens, by one letter if the state exists and one if it is missing. Each operation names its letters.
   *
   * @default "ra" for get, "ff" for set, "fi" for unset, "af" for push
   */
  readonly policy?: string | undefined;
  /**
   * Takes a warning, such as that a missing state was ignored.
   *
   * @default () => {}
   */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** The options of {@linkcode popStates}. */
export interface PopOptions extends Omit<PolicyOptions, "policy"> {
  /**
   * The policy of getting the state.
   *
   * @default "ra"
   */
  readonly getPolicy?: string | undefined;
  /**
   * The policy of removing the state.
   *
   * @default "fa"
   */
  readonly unsetPolicy?: string | undefined;
}

const STATES_OPTIONS: OptionNames<StatesOptions> = { scopes: true, skipLocks: true, signal: true };
const CHECK_OPTIONS: OptionNames<CheckOptions> = { ...STATES_OPTIONS, checkPolicy: true };
const POLICY_OPTIONS: OptionNames<PolicyOptions> = { ...CHECK_OPTIONS, policy: true, onWarning: true };
const POP_OPTIONS: OptionNames<PopOptions> = { ...CHECK_OPTIONS, onWarning: true, getPolicy: true, unsetPolicy: true };

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
    if (!await exists(backend, requestOf(state, options), policy)) return false;
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
  await eachAllowed("get", "ra", backend, states, options, async (request) => {
    await (isRoot(request.state) ? backend.getRoot(request) : backend.get(request));
  });
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
 * Puts objects into states, and then removes the states. Roots are skipped.
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
    await getStates(backend, [state], { ...others, policy: getPolicy });
    await unset("pop", "fa", backend, [state], { ...others, policy: unsetPolicy });
  }
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
    } else if (isThere) await backend.unset(request);
    else if (!await backend.checkRoot(request)) {
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

/** Calls back for each state for which the policy says so. */
async function eachAllowed(
  rule: Exclude<PolicyOperation, "check">,
  usual: string,
  backend: StateBackend,
  states: readonly StateOf[],
  options: PolicyOptions,
  carryOut: (request: StateRequest, exists: boolean) => Promise<void>,
  operation: string = rule,
): Promise<void> {
  const policy = parsePolicy(rule, options.policy ?? usual);
  const checkPolicy = parsePolicy("check", options.checkPolicy ?? "rf");
  checkNames(states);
  for (const one of states) {
    const request = requestOf(one, options);
    const isThere = await exists(backend, request, checkPolicy);
    const letter = isThere ? policy.ifExists : policy.ifMissing;
    const context = { operation, object: one.object, state: one.state };
    if (letter === "a") throw new StateAbortError(isThere, policy.text, context);
    if (active[rule][isThere ? "ifExists" : "ifMissing"].includes(letter)) await carryOut(request, isThere);
    else if (letter === "i") options.onWarning?.(ignored(operation, one, isThere));
  }
}

function ignored(operation: string, { object, state }: StateOf, isThere: boolean): string {
  const condition = isThere ? "exists" : "does not exist";
  return `${operation}: the state ${JSON.stringify(state)} of ${JSON.stringify(object)} ${condition}, and is ignored`;
}

/** Makes the object itself ready as the policy says, and tells whether the state exists. */
async function exists(backend: StateBackend, request: StateRequest, policy: Policy): Promise<boolean> {
  request.signal?.throwIfAborted();
  // What is made here is made on this host alone.
  const own: StateRequest = { ...request, scopes: ["own"] };
  if (!await backend.checkRoot(request)) {
    if (policy.ifMissing === "r") return false;
    await backend.setRoot(own);
  } else if (policy.ifExists === "f") {
    await backend.unsetRoot(own);
    await backend.setRoot(own);
  } else await backend.getRoot(request);
  return isRoot(request.state) || (await backend.show({ ...request, state: "" })).includes(request.state);
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
