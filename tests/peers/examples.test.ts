// Every example of the documentation runs with a real daemon.

import { examplesRun } from "../support/examples.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

withPeers("the documentation's examples run", () => examplesRun("the real C daemon", startXenstored, true));
