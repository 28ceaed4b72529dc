// What a mirror does, for a location to which states are transferred.

import type { StateRequest } from "./backend.ts";
import { unlessMissing } from "./condition.ts";
import { formatLocation, parseLocation } from "./location.ts";
import { isFaultOf, isSameHere } from "./mirror_faults.ts";
import type { MirrorStates } from "./mirrors.ts";
import type { TransferOps } from "./transfer_ops.ts";

/**
 * Returns the states of a location as those of a mirror.
 *
 * @param ops What transfers states between the directory of this host and the location. The caller closes it.
 * @param location The location, as {@linkcode parseLocation} takes it.
 * @returns The states, as {@linkcode SourcedStates} takes them.
 * @throws {RangeError} If the location is invalid.
 *
 * @example
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { LocalStates, mirrorStates, showStates, SourcedStates, TransferOps } from "tsxs/pools";
 *
 * const directory = await mkdtemp("/tmp/pools-");
 * await using ops = new TransferOps(`${directory}/here`);
 * const own = new LocalStates({ directory: `${directory}/here`, parts: () => [] });
 * const place = { gateway: "berlin", host: "one", path: "/here", sharedPath: "/pool" };
 * const shared = { ...place, path: "/pool", states: mirrorStates(ops, `${directory}/pool`) };
 * console.log(await showStates(new SourcedStates({ own, place, mirrors: [shared] }), ["guest"])); // []
 * ```
 */
export function mirrorStates(ops: TransferOps, location: string): MirrorStates {
  const bring = async (request: StateRequest, verify: boolean): Promise<void> => {
    const { object, state, signal, skipLocks } = request;
    const isThere = async (): Promise<boolean> => (await ops.list(location, object, { signal })).includes(state);
    await unlessMissing(
      request,
      isThere,
      { operation: "get", object, state },
      () => ops.download({ location, object, state, signal, skipLocks, verify }),
    );
  };
  const parsed = parseLocation(location);
  const files = { location: parsed.type === "ssh" ? formatLocation(parsed) : parsed.path };
  return {
    show: ({ object, signal }) => ops.list(location, object, { signal }),
    get: (request) => bring(request, false),
    repair: (request) => bring(request, true),
    isFault: (error) => isFaultOf(files, error),
    set: ({ object, state, signal, onlyIf }) => ops.upload({ location, object, state, signal, onlyIf }),
    unset: ({ object, state, signal, onlyIf }) => ops.delete({ location, object, state, signal, onlyIf }),
    isSame: ({ object, state, signal }) => isSameHere(files, ops.compare({ location, object, state, signal })),
  };
}
