// The list of all domains, as its users see it: re-exports only.

/**
 * The domains of a Xen host: all of them in one list, as libvirt's `virConnectListAllDomains`.
 *
 * The store tells which domains run. Sources tell what the store cannot: which domains are paused or only defined, and
 * which have saved images.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, listDomains } from "tsxs/domains";
 *
 * await using store = await connect();
 * for (const { id, name, memory } of await listDomains(store, { flags: DomainFlag.active })) {
 *   console.log(id, name, memory);
 * }
 * ```
 *
 * @module
 */

export { countDomains, listDomains, type ListDomainsOptions } from "./list.ts";
export { Domain } from "./domain.ts";
export type { DeviceEnd, DomainConsole, DomainDevice, DomainFacts } from "./facts.ts";
export type { DomainEnd, WaitForEndOptions } from "./end.ts";
export type { ShutdownAcknowledgement, ShutdownKind, ShutdownOptions } from "./shutdown.ts";
export { DomainFlag, type DomainFlagName, type FlagGroup, formatDomainFlags } from "./flags.ts";
export { type DomainReason, DomainState, XenbusState } from "./states.ts";
export {
  DomainEndedError,
  MissingSourceError,
  type ShutdownTimeout,
  ShutdownTimeoutError,
  ShutdownUnsupportedError,
  UnknownFlagError,
} from "./errors.ts";
export type {
  DomainDefinition,
  DomainSource,
  DomainType,
  HypervisorState,
  SourceOptions,
  SourceReading,
} from "./sources.ts";
export * from "./sources/mod.ts";
export { DomainWatch, watchDomains, type WatchDomainsOptions } from "./watch.ts";
export {
  type DomainEvent,
  LifecycleDetail,
  type LifecycleEvent,
  type LifecycleName,
  LifecycleType,
  type LostEvents,
} from "./lifecycle.ts";
