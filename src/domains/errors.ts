// The errors of lists of domains and of requests to domains.

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
    const shown = Number.isInteger(bit) && bit > 0 ? `0x${bit.toString(16)}` : `${bit}`;
    super("EINVAL", `unsupported flags: ${shown} is not a flag of a list of domains`, { operation: "listDomains" });
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
