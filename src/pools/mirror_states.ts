// What a mirror does, for a location to which states are transferred.

import { unlessMissing } from "./condition.ts";
import type { MirrorStates } from "./sourced_states.ts";
import type { TransferOps } from "./transfer_ops.ts";

/**
 * Returns the states of a location as those of a mirror.
 *
 * @param ops What transfers states between the directory of this host and the location. The caller closes it.
 * @param location The location, as {@linkcode parseLocation} takes it.
 * @returns The states, as {@linkcode SourcedStates} takes them.
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
  return {
    show: ({ object, signal }) => ops.list(location, object, { signal }),
    get: async (request) => {
      const { object, state, signal, skipLocks } = request;
      const isThere = async (): Promise<boolean> => (await ops.list(location, object, { signal })).includes(state);
      await unlessMissing(
        request,
        isThere,
        { operation: "get", object, state },
        () => ops.download({ location, object, state, signal, skipLocks }),
      );
    },
    set: ({ object, state, signal, onlyIf }) => ops.upload({ location, object, state, signal, onlyIf }),
    unset: ({ object, state, signal, onlyIf }) => ops.delete({ location, object, state, signal, onlyIf }),
    isSame: ({ object, state, signal }) => ops.compare({ location, object, state, signal }),
  };
}
