// Pools: states of guests, which hosts share. This is what `tsxs/pools` exports.

/**
 * States of guests, kept on a host and shared between hosts.
 *
 * A state is what a guest had at one moment: its entries in the store, its disks, or both. States are verified at both
 * ends of every transfer, and are visible when they are whole.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { connect } from "tsxs";
 * import { getStates, LocalStates, setStates, Subtree } from "tsxs/pools";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * const states = new LocalStates({
 *   directory: await mkdtemp("/tmp/pools-"),
 *   parts: () => [new Subtree({ client: store, path: "/local/domain/5" })],
 * });
 * await setStates(states, [{ object: "web", state: "clean" }]);
 * await store.write("/local/domain/5/name", "changed");
 * await getStates(states, [{ object: "web", state: "clean" }]);
 * console.log(await store.readText("/local/domain/5/name")); // web
 * ```
 *
 * @module
 */

export { StateBackend, type StateRequest } from "./backend.ts";
export type { StateCondition } from "./condition.ts";
export { IntegrityError } from "./copy.ts";
export type { DependentsOf } from "./dependents.ts";
export type { FileDigest } from "./digest.ts";
export { Disk, type DiskOptions } from "./disk.ts";
export {
  LinkError,
  type MirrorFailure,
  MirrorsError,
  NotImplementedError,
  StateAbortError,
  StateChangedError,
  StateError,
  type StateErrorContext,
  StateInUseError,
} from "./errors.ts";
export type { FileStatus, PartFile, PoolFiles } from "./files.ts";
export type { HeldLock } from "./held_lock.ts";
export { Hosts, type HostsOptions } from "./hosts.ts";
export { LocalStates, type LocalStatesOptions } from "./local_states.ts";
export { formatLocation, type Location, parseLocation } from "./location.ts";
export { LockedStateError, type LockOptions, type LockTimes } from "./lock.ts";
export type { LockOwner, LockStatus } from "./lock_status.ts";
export { breakStateLock, type BreakStateLockOptions, type StateLock, stateLocks } from "./locks.ts";
export type { StateFile, StateManifest } from "./manifest.ts";
export { mirrorStates } from "./mirror_states.ts";
export type { Mirror, MirrorStates } from "./mirrors.ts";
export { isRoot } from "./names.ts";
export type { KeptPart, PreparedPart, StatePart } from "./part.ts";
export type { PolicyOperation } from "./policies.ts";
export { PoolStates, type PoolStatesOptions } from "./pool_states.ts";
export { ImageError } from "./qcow2/header.ts";
export { RootSourcedStates, type RootSourcedStatesOptions, type SharedRoots } from "./root_sourced_states.ts";
export { nearestFirst, type OwnPlace, type Place, proximity, type Scope, scopeOf, SCOPES } from "./scopes.ts";
export { RemoteError, type RemoteFault } from "./sftp/errors.ts";
export { SourcedStates, type SourcedStatesOptions } from "./sourced_states.ts";
export { type CommitOptions, StateFiles } from "./state_files.ts";
export { checkStates, getStates, popStates, pushStates, setStates, showStates, unsetStates } from "./states.ts";
export type { CheckOptions, PolicyOptions, PopOptions, StateOf, StatesOptions } from "./states_options.ts";
export { Subtree, type SubtreeOptions } from "./subtree.ts";
export type { TransferOptions, TransferProgress } from "./transfer.ts";
export { type TransferFailure, TransfersError } from "./transfer_all.ts";
export { type TransferAllRequest, TransferOps, type TransferRequest } from "./transfer_ops.ts";
export type { Reported } from "../events/reported.ts";
