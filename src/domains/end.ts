// Waits for the end of a domain, and tells a reboot from an end for good.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import { checkedWhole, checkOptions, type OptionNames } from "../wire/checks.ts";
import type { Life } from "./life.ts";
import { listDomids } from "./membership.ts";
import { introducedOrNull, readIdentity, uuidOf } from "./reading.ts";
import { untilFound, within } from "./until.ts";

/** The options of a wait for the end of a domain. */
export interface WaitForEndOptions extends RequestOptions {
  /**
   * How long to wait after the end for a domain of the same UUID, in milliseconds, from 0 to 2147483647. With 0, the
   * wait looks once.
   *
   * @default 60000 if the last request of the object was a reboot, otherwise 0
   */
  readonly rebootWithin?: number | undefined;
}

/** How a domain ended. */
export interface DomainEnd {
  /** `"rebooted"` if another domain has the UUID, otherwise `"ended"`. */
  readonly type: "ended" | "rebooted";
  /** The number of the domain that has the UUID. `null` if no other domain has it. */
  readonly id: number | null;
}

const END_OPTIONS: OptionNames<WaitForEndOptions> = { signal: true, rebootWithin: true };
const TIMEOUT_MAX = 2 ** 31 - 1;
const ENDED: DomainEnd = { type: "ended", id: null };

/** Waits for the end of a domain. `patience` tells after it how long to wait for a reboot, unless the options do. */
export async function waitForEnd(
  client: Client,
  life: Life,
  uuid: string | null,
  patience: () => number,
  options: WaitForEndOptions,
): Promise<DomainEnd> {
  checkOptions("waitForEnd", options, END_OPTIONS);
  const { signal } = options;
  if (options.rebootWithin !== undefined) checkedWhole("rebootWithin", options.rebootWithin, 0, TIMEOUT_MAX);
  const { id } = life;
  const paths = [life.home("waitForEnd"), "@releaseDomain"];
  await untilFound(client, paths, async () => await life.isRunning({ signal }) ? null : true, { signal });
  if (uuid === null || id === null) return ENDED;
  const { rebootWithin = patience() } = options;
  const find = (options: RequestOptions) => findSuccessor(client, uuid, id, options);
  if (rebootWithin === 0) return await find({ signal }) ?? ENDED;
  return await within(
    rebootWithin,
    signal,
    (ending) => untilFound(client, ["@introduceDomain"], () => find({ signal: ending }), { signal: ending }),
    () => Promise.resolve(ENDED),
  );
}

/** Finds another domain that has the UUID, and with which the store communicates. */
async function findSuccessor(
  client: Client,
  uuid: string,
  former: number,
  options: RequestOptions,
): Promise<DomainEnd | null> {
  const domids = (await listDomids(client, options)).filter((domid) => domid !== former);
  const found = await Promise.all(domids.map(async (domid) => {
    const [vm] = await readIdentity(client, domid, options);
    return uuidOf(vm) === uuid && await introducedOrNull(client, domid, options) !== false;
  }));
  const id = domids.find((_, i) => found[i]);
  return id === undefined ? null : { type: "rebooted", id };
}
