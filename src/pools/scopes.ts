// How near a source of states is, and the scope that this gives it.

/**
 * How far a source of states is away.
 *
 * - `"own"`: the states of this host, in its own directory.
 * - `"swarm"`: another host at the same gateway.
 * - `"cluster"`: a host at another gateway.
 * - `"shared"`: a directory that several hosts share.
 */
export type Scope = "own" | "swarm" | "cluster" | "shared";

/**
 * All scopes, from the nearest.
 *
 * @example
 * ```ts
 * import { SCOPES } from "tsxs/pools";
 *
 * console.log(SCOPES); // ["own", "swarm", "cluster", "shared"]
 * ```
 */
export const SCOPES: readonly Scope[] = Object.freeze(["own", "swarm", "cluster", "shared"] as const);

/** The place of a source of states. */
export interface Place {
  /** The name of the gateway that the host is connected to. */
  readonly gateway: string;
  /** The name of the host. */
  readonly host: string;
  /** The directory of the states on that host. */
  readonly path: string;
}

/** The places that a host counts as near. */
export interface OwnPlace extends Place {
  /** The directory that several hosts share. */
  readonly sharedPath: string;
}

const SAME_GATEWAY = 1000;
const SAME_HOST = 100;
const SAME_PATH = 10;
const OTHER_PATH = 1;

/**
 * Returns how near a place is. A larger number is nearer.
 *
 * @param place The place.
 * @param own The place of this host.
 * @returns 1000 for the same gateway, plus 100 for the same host, plus 10 for the same directory and 1 for another.
 */
export function proximity(place: Place, own: Place): number {
  return (place.gateway === own.gateway ? SAME_GATEWAY : 0) + (place.host === own.host ? SAME_HOST : 0) +
    (place.path === own.path ? SAME_PATH : OTHER_PATH);
}

/**
 * Returns sources from the nearest to the farthest. Sources that are equally near keep their order.
 *
 * @param sources The sources.
 * @param own The place of this host.
 * @returns A new array.
 */
export function nearestFirst<T extends Place>(sources: readonly T[], own: Place): T[] {
  return [...sources].sort((a, b) => proximity(b, own) - proximity(a, own));
}

/**
 * Returns the scope of a place.
 *
 * @param place The place.
 * @param own The place of this host, and the shared directory.
 * @returns The scope. A directory of this host that is neither its own nor the shared one counts as shared.
 */
export function scopeOf(place: Place, own: OwnPlace): Scope {
  if (place.gateway !== own.gateway) return "cluster";
  if (place.host !== own.host) return "swarm";
  return place.path === own.path && place.path !== own.sharedPath ? "own" : "shared";
}
