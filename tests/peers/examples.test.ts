// Every example of the documentation runs, on a real store of its own.

import { examplesRun } from "../support/examples.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

withPeers("the documentation's examples run", () => examplesRun("the real C daemon", startXenstored, true));
