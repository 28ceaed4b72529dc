// Pools: states of guests, which hosts share. This is what `tsxs/pools` exports.

export { StateBackend, type StateRequest } from "./backend.ts";
export { NotImplementedError, StateAbortError, StateError, type StateErrorContext } from "./errors.ts";
export { formatLocation, type Location, parseLocation } from "./location.ts";
export { isRoot } from "./names.ts";
export { nearestFirst, type OwnPlace, type Place, proximity, type Scope, scopeOf, SCOPES } from "./scopes.ts";
export {
  type CheckOptions,
  checkStates,
  getStates,
  type PolicyOptions,
  type PopOptions,
  popStates,
  pushStates,
  setStates,
  showStates,
  type StateOf,
  type StatesOptions,
  unsetStates,
} from "./states.ts";
