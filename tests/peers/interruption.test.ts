// Ctrl-C on the C daemon: subcommands leave no watch and no transaction there.

import { describeInterruptions } from "../support/interruption.ts";
import { startXenstored } from "./daemons.ts";
import { withPeers } from "./peers.ts";

withPeers("Ctrl-C on xenstored", () => describeInterruptions("xenstored", startXenstored));
