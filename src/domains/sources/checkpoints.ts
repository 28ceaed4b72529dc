// The states of domains that a repository keeps: snapshots, which are whole, and checkpoints, which are differences.

import type { DomainSource, SourceOptions, SourceReading } from "../sources.ts";

/** A state that a repository keeps. */
export interface KeptState {
  /** The name or the UUID of the domain. */
  readonly domain: string;
  /** Whether the state is whole (a snapshot), or the difference to another one (a checkpoint). */
  readonly kind: "snapshot" | "checkpoint";
  /** The source of this knowledge, such as the path of the state. */
  readonly evidence: string;
}

/** Lists the states that a repository keeps. */
export type ListStates = (
  options: SourceOptions,
) => Iterable<KeptState> | AsyncIterable<KeptState> | Promise<Iterable<KeptState>>;

/**
 * The snapshots and checkpoints of domains, which a function lists.
 *
 * @example
 * ```ts
 * import { connect } from "tsxs";
 * import { Checkpoints, DomainFlag, listDomains } from "tsxs/domains";
 *
 * await using store = await connect();
 * const sources = [new Checkpoints(() => [{ domain: "web", kind: "snapshot", evidence: "/srv/states/web" }])];
 * console.log((await listDomains(store, { flags: DomainFlag.hasSnapshot, sources })).length);
 * ```
 */
export class Checkpoints implements DomainSource {
  /** `"checkpoints"`. */
  readonly name: string = "checkpoints";
  /** The states tell which domains have snapshots, and which have checkpoints. */
  readonly answers: readonly ("snapshot" | "checkpoint")[] = ["snapshot", "checkpoint"];
  readonly #list: ListStates;

  /**
   * Makes the source.
   *
   * @param list Lists the states. It is called once for each list of domains.
   */
  constructor(list: ListStates) {
    this.#list = list;
  }

  /**
   * Lists the states. If a domain has several, the evidence is that of the last one.
   *
   * @param options The signal that ends the reading, which the function gets.
   * @returns The domains that have a snapshot, and those that have a checkpoint.
   */
  async read(options: SourceOptions = {}): Promise<SourceReading> {
    const found = { snapshot: new Map<string, string>(), checkpoint: new Map<string, string>() };
    for await (const { domain, kind, evidence } of await this.#list(options)) {
      options.signal?.throwIfAborted();
      found[kind].set(domain, evidence);
    }
    return { snapshots: found.snapshot, checkpoints: found.checkpoint };
  }
}

/**
 * Makes the source of snapshots and checkpoints.
 *
 * @param list Lists the states. It is called once for each list of domains.
 * @returns The source.
 *
 * @example
 * ```ts
 * import { checkpoints } from "tsxs/domains";
 *
 * console.log(checkpoints(() => []).answers); // ["snapshot", "checkpoint"]
 * ```
 */
export function checkpoints(list: ListStates): Checkpoints {
  return new Checkpoints(list);
}
