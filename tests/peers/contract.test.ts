// The contract suite with the real daemons.

import { contract } from "../contract/suite.ts";
import { withPeers } from "./peers.ts";
import { realStores } from "./stores.ts";

withPeers("the contract holds for the real daemons", () => {
  for (const store of realStores) contract(store);
});
