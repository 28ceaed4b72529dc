// The errors of lists of domains and of requests to domains.

import { shown } from "../wire/checks.ts";
import { type ErrorContext, XenStoreError } from "../wire/errors.ts";

/**
 * The flags of a list have a bit that is not a flag.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { listDomains, UnknownFlagError } from "tsxs/domains";
 *
 * await using store = await connect();
 * const error = await listDomains(store, { flags: 0x10000 }).catch((reason) => reason);
 * console.log(error instanceof UnknownFlagError && error.bit); // 65536
 * ```
 */
export class UnknownFlagError extends XenStoreError {
  /** `"UnknownFlagError"`. */
  override name = "UnknownFlagError";
  /** The lowest unknown bit, or the whole number if it is not a set of bits. */
  readonly bit: number;

  /**
   * Makes the error.
   *
   * @param flags The flags.
   */
  constructor(flags: number) {
    const bit = unknownBit(flags);
    const text = Number.isInteger(bit) && bit > 0 ? `0x${bit.toString(16)}` : shown(bit);
    super("EINVAL", `unsupported flags: ${text} is not a flag of a list of domains`, { operation: "listDomains" });
    this.bit = bit;
  }
}

function unknownBit(flags: number): number {
  if (!Number.isSafeInteger(flags) || flags < 0) return flags;
  let bit = 65536;
  for (let rest = Math.floor(flags / bit); rest > 0 && rest % 2 === 0; rest /= 2) bit *= 2;
  return bit;
}

/**
 * No given source tells what a flag asks for.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainFlag, listDomains, MissingSourceError } from "tsxs/domains";
 *
 * await using store = await connect();
 * const error = await listDomains(store, { flags: DomainFlag.paused }).catch((reason) => reason);
 * console.log(error instanceof MissingSourceError && error.flag); // paused
 * ```
 */
export class MissingSourceError extends XenStoreError {
  /** `"MissingSourceError"`. */
  override name = "MissingSourceError";
  /** The name of the flag. */
  readonly flag: string;
  /** The names of the sources that would answer it. */
  readonly sources: readonly string[];

  /**
   * Makes the error.
   *
   * @param flag The name of the flag.
   * @param sources The names of the sources that would answer it.
   */
  constructor(flag: string, sources: readonly string[]) {
    const reason = `no given source tells which domains are ${JSON.stringify(flag)}: add ${sources.join(" or ")}`;
    super("ENOSYS", reason, { operation: "listDomains" });
    this.flag = flag;
    this.sources = sources;
  }
}

/**
 * The domain of a {@linkcode Domain} has ended, or never ran.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { DomainEndedError, listDomains } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * const [domain] = await listDomains(store);
 * await store.releaseDomain(5);
 * await store.delete("/local/domain/5");
 * const error = await domain?.read("name").catch((reason) => reason);
 * console.log(error instanceof DomainEndedError, error.code); // true ENOENT
 * ```
 */
export class DomainEndedError extends XenStoreError {
  /** `"DomainEndedError"`. */
  override name = "DomainEndedError";

  /**
   * Makes the error.
   *
   * @param domain The domain, in the words of the text.
   * @param context The operation, the path and the cause.
   * @param state The state that made the operation fail.
   */
  constructor(domain: string, context: ErrorContext = {}, state: string = "has ended") {
    super("ENOENT", `${domain} ${state}`, context);
  }
}

/**
 * A guest does not obey a request for a shutdown: its node `control/feature-KIND` is `"0"`.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { listDomains, ShutdownUnsupportedError } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.write("/local/domain/5/control/feature-suspend", "0");
 * await store.introduceDomain(5, 1, 1);
 * const [domain] = await listDomains(store);
 * const error = await domain?.requestShutdown("suspend").catch((reason) => reason);
 * console.log(error instanceof ShutdownUnsupportedError && error.kind); // suspend
 * ```
 */
export class ShutdownUnsupportedError extends XenStoreError {
  /** `"ShutdownUnsupportedError"`. */
  override name = "ShutdownUnsupportedError";
  /** The shutdown: `"poweroff"`, `"reboot"`, `"suspend"` or `"halt"`. */
  readonly kind: string;

  /**
   * Makes the error.
   *
   * @param domain The domain, in the words of the text.
   * @param kind The shutdown.
   */
  constructor(domain: string, kind: string) {
    super("ENOSYS", `${domain} does not obey ${JSON.stringify(kind)}: its control/feature-${kind} is "0"`, {
      operation: "requestShutdown",
    });
    this.kind = kind;
  }
}

/** How a wait for an acknowledgement ended. */
export interface ShutdownTimeout {
  /** The shutdown: `"poweroff"`, `"reboot"`, `"suspend"` or `"halt"`. */
  readonly kind: string;
  /** How long the guest had time, in milliseconds. */
  readonly timeout: number;
  /** Whether the guest had announced that it obeys this request. */
  readonly isPromised: boolean;
  /** Whether the request was withdrawn. Otherwise it stays written, and a guest that is late still obeys. */
  readonly isWithdrawn: boolean;
}

/**
 * A guest did not acknowledge a request for a shutdown in time.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { listDomains, ShutdownTimeoutError } from "tsxs/domains";
 *
 * await using store = await connect("embedded:");
 * await store.write("/local/domain/5/name", "web");
 * await store.introduceDomain(5, 1, 1);
 * const [domain] = await listDomains(store);
 * const error = await domain?.requestShutdown("poweroff", { timeout: 10 }).catch((reason) => reason);
 * console.log(error instanceof ShutdownTimeoutError && error.isWithdrawn); // false
 * console.log(await store.readText("/local/domain/5/control/shutdown")); // poweroff
 * ```
 */
export class ShutdownTimeoutError extends XenStoreError implements ShutdownTimeout {
  /** `"ShutdownTimeoutError"`. */
  override name = "ShutdownTimeoutError";
  /** The shutdown: `"poweroff"`, `"reboot"`, `"suspend"` or `"halt"`. */
  readonly kind: string;
  /** How long the guest had time, in milliseconds. */
  readonly timeout: number;
  /** Whether the guest had announced that it obeys this request. */
  readonly isPromised: boolean;
  /** Whether the request was withdrawn. Otherwise it stays written, and a guest that is late still obeys. */
  readonly isWithdrawn: boolean;

  /**
   * Makes the error.
   *
   * @param domain The domain, in the words of the text.
   * @param end How the wait ended.
   */
  constructor(domain: string, { kind, timeout, isPromised, isWithdrawn }: ShutdownTimeout) {
    const promise = isPromised ? "" : ", which the guest had not promised";
    const rest = isWithdrawn
      ? "the request is withdrawn"
      : "the request stays written, and a guest that answers late still obeys";
    super("ETIMEDOUT", `${domain} did not acknowledge ${JSON.stringify(kind)}${promise} in ${timeout} ms: ${rest}`, {
      operation: "requestShutdown",
    });
    this.kind = kind;
    this.timeout = timeout;
    this.isPromised = isPromised;
    this.isWithdrawn = isWithdrawn;
  }
}
