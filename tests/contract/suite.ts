// The contract: the behaviour of every store for every client, on every runtime.

import { connectionsContract } from "./connections.ts";
import { missingContract } from "./missing.ts";
import { monitorsContract } from "./monitors.ts";
import { nodesContract } from "./nodes.ts";
import type { Store } from "./store.ts";
import { transactionsContract } from "./transactions.ts";
import { walkContract } from "./walking.ts";

/** Declares the tests of a store. */
export function contract(store: Store): void {
  nodesContract(store);
  missingContract(store);
  walkContract(store);
  transactionsContract(store);
  monitorsContract(store);
  connectionsContract(store);
}
