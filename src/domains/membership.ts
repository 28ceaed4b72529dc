// The numbers of all domains, from one reading of the directory of their homes.

import type { RequestOptions } from "../client/arguments.ts";
import type { Client } from "../client/client.ts";
import { ConnectionError } from "../transport/errors.ts";
import { XenStoreError } from "../wire/errors.ts";
import { DOMID_MAX } from "../wire/permissions.ts";

const HOMES = "/local/domain";

/**
 * Lists the numbers of the homes, in ascending order, each once.
 *
 * A directory that is too long for one reply is read in parts, and read again if it changes between two parts.
 */
export async function listDomids(client: Client, options: RequestOptions): Promise<number[]> {
  const names = await client.list(HOMES, options).catch((error: unknown) => {
    if (error instanceof XenStoreError && !(error instanceof ConnectionError) && error.code === "ENOENT") return [];
    throw error;
  });
  const domids = names.filter((name) => /^(?:0|[1-9]\d{0,4})$/.test(name)).map(Number);
  return [...new Set(domids)].filter((domid) => domid <= DOMID_MAX).sort((a, b) => a - b);
}
