// The status of a client's connection, as it changes.

import type { ConnectionError } from "../transport/errors.ts";
import type { XenStoreError } from "../wire/errors.ts";

/** A change of the status of a client's connection. */
export type Status =
  | { readonly type: "connected"; readonly address: string }
  | { readonly type: "disconnected"; readonly error: ConnectionError }
  | { readonly type: "reconnected"; readonly address: string; readonly attempts: number }
  | { readonly type: "closed"; readonly error?: XenStoreError };
